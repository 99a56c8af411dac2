"""Who may widen somebody's power, as pure checks (rules.md section 7: a second admin decides)."""

from __future__ import annotations

from datetime import datetime, timedelta

from broadcaster.domain.errors import Forbidden, Refused

OPEN, CONFIRMED, REFUSED, ALONE = "open", "confirmed", "refused", "alone"
GOOD_FOR = timedelta(hours=72)


def check_admin(roles: frozenset[str], verified: bool) -> None:
    """Only an admin changes what people may do, proven in the same request."""
    if "admin" not in roles:
        raise Forbidden("role", "This needs the role admin.")
    if not verified:
        raise Forbidden("not_verified", "Give your password, a code or a passkey with this very request.")


def check_open(outcome: str, at: datetime, now: datetime) -> None:
    """Can this proposal still be decided?"""
    if outcome != OPEN:
        raise Refused("decided", "This was decided already. Look at the list again.")
    if now - at >= GOOD_FOR:
        raise Refused("proposal_too_old", "This proposal is older than three days. Refuse it, and propose it again.")


def check_confirm(by: str, me: str, admins: list[str]) -> None:
    """Four eyes: another admin than the one who proposed it, who must still be one."""
    if by.casefold() == me.casefold():
        raise Forbidden("four_eyes", "You proposed this, so another admin must confirm it.")
    if by not in admins:
        raise Refused("proposer_gone", f"{by} is no active admin any more. Refuse this, and propose it yourself.")


def check_admins_left(admins: list[str], gone: str) -> None:
    """Somebody must be able to let people in."""
    if set(admins) <= {gone}:
        raise Refused("last_admin", f"{gone} is the only active admin. Make somebody else admin first.")
