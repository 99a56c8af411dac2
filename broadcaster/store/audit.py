"""Append-only audit entries. The head row is locked last in each transaction, so that locks never cross."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.audit import GENESIS, mac
from broadcaster.store.schema import audit_entries, audit_head


def append(
    connection: Connection,
    key: str,
    at: datetime,
    actor: str,
    origin: str,
    verb: str,
    object_: str,
    detail: Mapping[str, Any],
) -> int:
    """Chain one entry on; call it last in the transaction. Returns its number."""
    head = connection.execute(sa.select(audit_head).where(audit_head.c.id == 1).with_for_update()).one()
    number = int(head.entry) + 1
    entry = _canonical(number, at, actor, origin, verb, object_, detail)
    code = mac(key, head.mac, entry)
    connection.execute(
        audit_entries.insert().values(
            id=number,
            at=at,
            actor=actor,
            origin=origin,
            verb=verb,
            object=object_,
            detail=dict(detail),
            previous=head.mac,
            mac=code,
        )
    )
    connection.execute(audit_head.update().where(audit_head.c.id == 1).values(entry=number, mac=code))
    return number


def verify(connection: Connection, key: str) -> Iterator[str]:
    """What is wrong with the chain, in words; nothing where it is whole.

    Entries that hang together and begin at the first, none of which fits the key, were rather written under another
    key than changed one by one; which of the two it is, nobody can tell without that key.
    """
    previous, expected, strange = GENESIS, 1, 0  # strange: entries from the first on that fit each other, not the key
    for row in connection.execute(sa.select(audit_entries).order_by(audit_entries.c.id)):
        if row.id != expected:
            yield f"entry {expected} is missing"
        entry = _canonical(row.id, row.at, row.actor, row.origin, row.verb, row.object, row.detail)
        linked, fits = row.previous == previous, mac(key, row.previous, entry) == row.mac
        if linked and not fits and row.id == strange + 1:
            strange = row.id
        elif not (linked and fits):
            yield f"entry {row.id} was changed"
        previous, expected = row.mac, row.id + 1
    if strange == 1 < expected - 1:
        yield "entry 1 was changed"
    elif strange:
        which = "no entry fits" if strange == expected - 1 else f"entries 1 to {strange} do not fit"
        yield f"{which} this SECRET_KEY: they were written under another one, or changed. Set the key they belong to"
    head = connection.execute(sa.select(audit_head).where(audit_head.c.id == 1)).one()
    if head.entry != expected - 1 or head.mac != previous:
        yield f"the chain ends at entry {expected - 1}, its head says {head.entry}"


def _canonical(
    number: int, at: datetime, actor: str, origin: str, verb: str, object_: str, detail: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "id": number,
        "at": at.isoformat(timespec="microseconds"),
        "actor": actor,
        "origin": origin,
        "verb": verb,
        "object": object_,
        "detail": detail,
    }
