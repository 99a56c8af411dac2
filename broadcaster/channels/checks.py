"""Lines of ``check`` that several kinds have: an account that cannot be used, how long a token lives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from broadcaster.channels.http import NO_REASON
from broadcaster.domain.channel import ChannelError, Check, OutcomeUnknown

RENEW = "make a new token and set it in the environment"


def unusable(what: str, error: Exception, hint: str) -> tuple[Check, ...]:
    """The one line of a channel that cannot be used: ``what`` it is, why, and what to do. An error of neither kind came
    of reading the answer, and its own words say nothing."""
    why = error if isinstance(error, ChannelError | OutcomeUnknown) else "its answer cannot be read"
    return (Check(False, f"{what}: {why}", hint),)


def dead(name: str, words: str) -> Check:
    """A token that its provider does not take any more; ``words`` are the provider's."""
    return Check(False, f"{name}: the token is not valid: {words or NO_REASON}", RENEW)


def living(name: str, until: datetime | None, wanted: Iterable[str], given: Iterable[str]) -> Check:
    """A token that is good until then (None: without an end), if all the permissions wanted are given."""
    missing = sorted(set(wanted) - set(given))
    if missing:
        return Check(False, f"{name}: the token lacks {', '.join(missing)}", f"{RENEW}, with these permissions", until)
    end = f"lives until {until:%Y-%m-%d %H:%M} UTC" if until else "has no end"
    return Check(True, f"{name}: the token {end}", RENEW, until)
