"""What became of notices to our own people: of a try at once, and what its provider says of it later.

A try carries our own id, "notice-<row>-<try>": callbacks name it, so receipts find their row as those of alerts do.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain import notice as rules
from broadcaster.domain.channel import Verdict
from broadcaster.services.system import System
from broadcaster.services.verdicts import verdicts
from broadcaster.store import alarms
from broadcaster.store import notices as store

log = logging.getLogger(__name__)
OWN = re.compile(r"notice-(\d{1,18})-(\d{1,6})")
OPEN = ("sending", "unknown")  # tries of which nobody has heard
FINAL = (Verdict.PERMANENT, Verdict.OPTED_OUT, Verdict.ALARM)


def attempt_id(row: Any, tries: int) -> str:
    """The id of that try of this notice."""
    return f"notice-{row.id}-{tries}"


def receipts(system: System, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Take those that are about notices ({channel, attempt, status, code}); returns the others.

    A receipt of an earlier try proves that it arrived, and nothing else.
    """
    others = []
    for receipt in rows:
        found = OWN.fullmatch(receipt["attempt"])
        if found is None:
            others.append(receipt)
            continue
        row = store.find(connection, int(found[1]), receipt["channel"])
        if row is not None and (receipt["status"] == "delivered" or int(found[2]) == row.tries):
            said(system, connection, row, receipt["status"], receipt["code"])
    return others


def said(system: System, connection: Connection, row: Any, status: str, code: str) -> None:
    """The provider's word (accepted, delivered, failed) about the last try."""
    if status == "failed":
        final = verdicts(system)(row.channel, code) in FINAL
        refused(system, connection, row, (*OPEN, "accepted"), code, final)
    else:
        taken(system, connection, row, status == "delivered")


def taken(system: System, connection: Connection, row: Any, delivered: bool) -> None:
    """The provider has it; ``delivered``: so has its person's phone or mail server, or nobody will ever say more."""
    at = system.now()
    if not delivered:
        store.move(connection, [row.id], OPEN, "accepted", at, code="")
        return
    if store.move(connection, [row.id], (*OPEN, "queued", "accepted", "failed"), "delivered", at, code=""):
        alarms.clear(connection, _key(row), at)


def refused(
    system: System,
    connection: Connection,
    row: Any,
    from_: Sequence[str],
    code: str,
    permanent: bool,
    retry_after: float | None = None,
) -> None:
    """The provider's no: tried again while that can help, else failed with an alarm."""
    at = system.now()
    state = rules.after_refusal(row.tries, at - row.created, permanent)
    log.warning("notice %s by %s: %s (%s)", row.id, row.channel, state, code)
    moved(system, connection, row, from_, state, code=code, due=at + rules.pause(row.tries, retry_after))


def moved(system: System, connection: Connection, row: Any, from_: Sequence[str], to: str, **more: Any) -> None:
    """On to another state; a failure rings."""
    at = system.now()
    if store.move(connection, [row.id], from_, to, at, **more) and to == "failed":
        text = f"{row.person} could not be told by {row.channel} ({more.get('code', '')}). Look at the address."
        alarms.ring(connection, _key(row), "notice", text, at)


def _key(row: Any) -> str:
    return f"notice:{row.person}:{row.channel}"
