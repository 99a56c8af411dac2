"""Kill switches: what one person may stop at once, and who may let it go on (rules.md section 3). Pure."""

from __future__ import annotations

from broadcaster.domain.errors import Forbidden
from broadcaster.domain.review import APPROVERS, Who

SENDING = "sending"  # no further request of any broadcast starts
RULES = "rules"  # no rule submits or shows anything new
KNOWN = (SENDING, RULES)
_CHANNEL = "channel:"


def of_channel(name: str) -> str:
    """The switch that rests one channel."""
    return f"{_CHANNEL}{name}"


def channel_of(switch: str) -> str | None:
    """Whose switch this is, where it is a channel's."""
    return switch.removeprefix(_CHANNEL) if switch.startswith(_CHANNEL) else None


def check_switch_off(who: Who) -> None:
    """Stopping is one tap at 02:00: an approver or admin, no second person and no password."""
    _may(who, "stop the sending, the rules or a channel")


def check_switch_on(who: Who) -> None:
    """Letting it go on is deliberate: the same people, proven in this very request."""
    _may(who, "let it go on")
    if not who.verified:
        raise Forbidden("not_verified", "Give your password or second factor with this very request.")


def _may(who: Who, what: str) -> None:
    if who.machine or not who.roles & APPROVERS:
        raise Forbidden("role", f"{who.person} may not {what}; this needs one of: {', '.join(sorted(APPROVERS))}.")
