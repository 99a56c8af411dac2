"""Subscribers in bulk; nobody who left comes back this way. Callers own the transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.audience import NewSubscriber, address_hash, kind_of
from broadcaster.store.schema import opt_outs, subscriber_channels, subscriber_zones, subscribers
from broadcaster.store.upsert import insert as insert_or

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """A subscriber as SQL has it."""

    id: int
    person: NewSubscriber
    phone_out: datetime | None
    email_out: datetime | None


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a group of people."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: int = 0  # had left by every address they gave
    clashes: tuple[int, ...] = ()  # places in the group whose phone and e-mail belong to two different people


def merge(connection: Connection, key: str, people: Sequence[NewSubscriber], at: datetime) -> Merged:
    """Add people who are new, bring the others up to date, leave out those who left. At most ``PAGE`` at once.

    A person is known by the phone, else by the e-mail. Merging the same people again changes nothing.
    """
    by_phone, by_email = _known(connection, people)
    gone = _gone(connection, key, people)
    new: list[dict[str, Any]] = []
    fresh: list[NewSubscriber] = []
    pairs: list[tuple[Stored, NewSubscriber]] = []
    clashes, left_out = [], 0
    for place, person in enumerate(people):
        found = {s.id: s for s in (by_phone.get(person.phone or ""), by_email.get(person.email or "")) if s}
        if len(found) > 1:
            clashes.append(place)
        elif found:
            pairs.append((next(iter(found.values())), person))
        elif all(address in gone for address in (person.phone, person.email) if address):
            left_out += 1
        else:
            fresh.append(person)
            new.append(_row(person, gone) | {"created": at})
    _insert(connection, new, fresh)
    updated = _update(connection, pairs, gone)
    return Merged(len(fresh), updated, len(pairs) - updated, left_out, tuple(clashes))


def leave(connection: Connection, key: str, address: str, source: str, at: datetime) -> bool:
    """Remember for ever (as a keyed hash) that this address wants nothing more. False where that was known.

    A browser is forgotten instead: nobody could import it, and it joins again by its own press alone.
    """
    if kind_of(address) == "push":
        return connection.execute(subscribers.delete().where(subscribers.c.push == address)).rowcount == 1
    row = {"address_hash": address_hash(key, address), "at": at, "source": source}
    insert = insert_or(connection, opt_outs).values(**row).on_conflict_do_nothing()
    done = connection.execute(insert.returning(opt_outs.c.at)).first()
    kind = kind_of(address)
    out = subscribers.c[f"{kind}_out"]
    connection.execute(
        subscribers.update().where(subscribers.c[kind] == address, out.is_(None)).values({f"{kind}_out": at})
    )
    return done is not None


def come_back(connection: Connection, key: str, address: str) -> bool:
    """Undo ``leave``, by the person's own word alone. False where the address had not left."""
    kind = kind_of(address)
    done = connection.execute(opt_outs.delete().where(opt_outs.c.address_hash == address_hash(key, address)))
    connection.execute(subscribers.update().where(subscribers.c[kind] == address).values({f"{kind}_out": None}))
    return done.rowcount == 1


def join_by_push(connection: Connection, push: str, language: str, zones: Sequence[str], at: datetime) -> None:
    """A browser joins, or chooses other zones or another language."""
    connection.execute(subscribers.delete().where(subscribers.c.push == push))
    row = {"push": push, "language": language, "groups": [], "consent_at": at, "consent_source": "web", "created": at}
    made = connection.execute(subscribers.insert().values(**row).returning(subscribers.c.id)).scalar_one()
    _link(connection, subscriber_zones, "zone", [(made, zone) for zone in sorted(zones)])


def every(connection: Connection) -> Iterator[Stored]:
    """All subscribers with a phone or e-mail by id, read in pages."""
    known = sa.or_(subscribers.c.phone.is_not(None), subscribers.c.email.is_not(None))
    last = 0
    while True:
        rows = connection.execute(
            sa.select(subscribers).where(subscribers.c.id > last, known).order_by(subscribers.c.id).limit(PAGE)
        ).all()
        if not rows:
            return
        yield from _stored(connection, rows)
        last = rows[-1].id


# --- the parts --------------------------------------------------------------------------------------------------
def _known(connection: Connection, people: Sequence[NewSubscriber]) -> tuple[dict[str, Stored], dict[str, Stored]]:
    phones = [p.phone for p in people if p.phone]
    emails = [p.email for p in people if p.email]
    rows = connection.execute(
        sa.select(subscribers).where(sa.or_(subscribers.c.phone.in_(phones), subscribers.c.email.in_(emails)))
    ).all()
    found = _stored(connection, rows)
    return {s.person.phone: s for s in found if s.person.phone}, {s.person.email: s for s in found if s.person.email}


def _stored(connection: Connection, rows: Sequence[sa.Row[Any]]) -> list[Stored]:
    ids = [row.id for row in rows]
    zones = _grouped(connection, subscriber_zones, "zone", ids)
    channels = _grouped(connection, subscriber_channels, "channel", ids)
    return [
        Stored(
            row.id,
            NewSubscriber(
                row.phone,
                row.email,
                row.language,
                frozenset(zones.get(row.id, ())),
                frozenset(channels.get(row.id, ())),
                tuple(row.groups),
                row.consent_at,
                row.consent_source,
            ),
            row.phone_out,
            row.email_out,
        )
        for row in rows
    ]


def _grouped(connection: Connection, table: sa.Table, column: str, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in connection.execute(sa.select(table).where(table.c.subscriber.in_(ids))):
        found.setdefault(row.subscriber, []).append(getattr(row, column))
    return found


def _gone(connection: Connection, key: str, people: Sequence[NewSubscriber]) -> dict[str, datetime]:
    """Addresses of these people that have left, with when."""
    hashes = {address_hash(key, a): a for p in people for a in (p.phone, p.email) if a}
    rows = connection.execute(sa.select(opt_outs).where(opt_outs.c.address_hash.in_(list(hashes))))
    return {hashes[row.address_hash]: row.at for row in rows}


def _row(person: NewSubscriber, gone: dict[str, datetime]) -> dict[str, Any]:
    return {
        "phone": person.phone,
        "email": person.email,
        "phone_out": gone.get(person.phone or ""),
        "email_out": gone.get(person.email or ""),
        "language": person.language,
        "groups": list(person.groups),
        "consent_at": person.consent_at,
        "consent_source": person.consent_source,
    }


def _insert(connection: Connection, rows: list[dict[str, Any]], people: Sequence[NewSubscriber]) -> None:
    if not rows:
        return
    made = connection.execute(
        subscribers.insert().returning(subscribers.c.id, subscribers.c.phone, subscribers.c.email), rows
    )
    ids = {row.phone or row.email: row.id for row in made}
    pairs = [(ids[person.phone or person.email], person) for person in people]
    _link(connection, subscriber_zones, "zone", [(i, zone) for i, p in pairs for zone in sorted(p.zones)])
    _link(connection, subscriber_channels, "channel", [(i, name) for i, p in pairs for name in sorted(p.channels)])


def _link(connection: Connection, table: sa.Table, column: str, links: Sequence[tuple[int, str]]) -> None:
    if links:
        connection.execute(table.insert(), [{"subscriber": id_, column: name} for id_, name in links])


def _update(connection: Connection, pairs: Sequence[tuple[Stored, NewSubscriber]], gone: dict[str, datetime]) -> int:
    """Write what differs; an address the line leaves empty keeps what is known. Returns how many differed."""
    changed = [(old, _joined(old.person, new)) for old, new in pairs]
    changed = [(old, new) for old, new in changed if old.person != new]
    for old, new in changed:
        row = _row(new, gone)
        row["phone_out"] = old.phone_out if new.phone == old.person.phone else row["phone_out"]
        row["email_out"] = old.email_out if new.email == old.person.email else row["email_out"]
        connection.execute(subscribers.update().where(subscribers.c.id == old.id).values(**row))
    _relink(connection, subscriber_zones, "zone", [(o.id, o.person.zones, n.zones) for o, n in changed])
    _relink(connection, subscriber_channels, "channel", [(o.id, o.person.channels, n.channels) for o, n in changed])
    return len(changed)


def _joined(old: NewSubscriber, new: NewSubscriber) -> NewSubscriber:
    return NewSubscriber(
        new.phone or old.phone,
        new.email or old.email,
        new.language,
        new.zones,
        new.channels,
        new.groups,
        new.consent_at or old.consent_at,
        new.consent_source or old.consent_source,
    )


def _relink(
    connection: Connection,
    table: sa.Table,
    column: str,
    changes: Sequence[tuple[int, frozenset[str], frozenset[str]]],
) -> None:
    for id_, old, new in changes:
        if old - new:
            connection.execute(table.delete().where(table.c.subscriber == id_, table.c[column].in_(sorted(old - new))))
    _link(connection, table, column, [(id_, name) for id_, old, new in changes for name in sorted(new - old)])
