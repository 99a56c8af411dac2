"""What a provider's code means for us beyond one delivery: remember who left, ring an alarm, rest a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.channel import Codes, Verdict
from broadcaster.domain.delivery import AttemptState
from broadcaster.services.channels import codes_of
from broadcaster.services.subscribers import opt_out
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store.deliveries import Word
from broadcaster.store.schema import attempts, deliveries

COMMON: Codes = {
    "connect": Verdict.BACK_OFF,  # nobody there: certainly not sent, and all senders wait
    "unknown_given_up": Verdict.PERMANENT,  # settle's own words
    "unknown_sent_again": Verdict.RETRY,
    "unknown_repeated": Verdict.RETRY,
}
VerdictOf = Callable[[str, str], Verdict | None]


def verdicts(system: System) -> VerdictOf:
    """(channel name, code) -> verdict. A failure with a code nobody knows is tried once more, and shown."""
    tables = {c.name: {**codes_of(c), **COMMON} for c in system.config.channels}

    def verdict(channel: str, code: str) -> Verdict | None:
        return tables.get(channel, {}).get(code, Verdict.RETRY_ONCE) if code else None

    return verdict


def act(
    system: System, connection: Connection, channel: str, words: Sequence[Word], verdict: VerdictOf, at: datetime
) -> bool:
    """Act on verdicts that reach beyond one delivery. Returns whether the channel must rest."""
    rest = False
    for code in {word.code for word in words if word.code}:
        meaning = verdict(channel, code)
        if meaning in (Verdict.ALARM, Verdict.STOP_CHANNEL):
            text = f"{channel}: the provider answers {code}. See the provider's page for this code."
            alarms.ring(connection, f"channel:{channel}:{code}", "channel", text, at)
        if meaning is Verdict.STOP_CHANNEL:
            alarms.pause(connection, channel, f"the provider answers {code}", at)
            rest = True
    gone = [w.attempt for w in words if w.code and verdict(channel, w.code) is Verdict.OPTED_OUT]
    for address in _addresses(connection, gone):
        opt_out(system, connection, address, f"provider:{channel}", at)
    return rest


def failure(channel: str, code: str, verdict: VerdictOf) -> AttemptState:
    """Whether a refused try used itself up (failed), or the provider never took it (not sent)."""
    never_taken = verdict(channel, code) in (Verdict.BACK_OFF, Verdict.STOP_CHANNEL) or not code
    return AttemptState.NOT_SENT if never_taken else AttemptState.FAILED


def _addresses(connection: Connection, ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    query = sa.select(deliveries.c.recipient).join(attempts, attempts.c.delivery == deliveries.c.id)
    return list(connection.execute(query.where(attempts.c.id.in_(ids))).scalars())
