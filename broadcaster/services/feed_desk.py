"""The feeds' desk: how each feed is, what it brought, what became of every entry, and putting one aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Row

from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import Forbidden, NotFound, Refused
from broadcaster.domain.feed_health import feed_cause
from broadcaster.domain.review import COMPOSERS
from broadcaster.services import audit, feed_health
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import feed_desk as store
from broadcaster.store import feeds as feed_store
from broadcaster.store.watch import zone_names

POLLS, PAGE = 20, 40


@dataclass(frozen=True, slots=True)
class Feed:
    """One configured feed. ``fault`` and ``cause`` are ``domain.feed_health``'s words; ``last`` its newest poll."""

    config: FeedConfig
    state: Row[Any] | None
    last: Row[Any] | None
    fault: str
    cause: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its row, the names of our zones that it touches; on its own page also how it stood on the public
    page, how many subscribers its zones have, which feeds brought the same, and the messages it is linked with."""

    row: Row[Any]
    zones: tuple[str, ...]
    shown: tuple[Row[Any], ...] = ()
    people: int = 0
    also_by: tuple[str, ...] = ()
    thread: tuple[Row[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Entries newest first; ``more`` is the number to go on from, None at the end."""

    entries: tuple[Entry, ...]
    more: int | None


def feeds(system: System) -> list[Feed]:
    """All configured feeds, in the order of feeds.toml."""
    with system.database.read() as connection:
        states, last = feed_store.states(connection), feed_store.last_polls(connection)
    return [_feed(system, config, states.get(config.name), last.get(config.name)) for config in system.config.feeds]


def feed(system: System, name: str) -> tuple[Feed, list[Row[Any]]]:
    """One feed and its last polls. Raises NotFound."""
    config = system.config.feed(name)
    if config is None:
        raise NotFound("no_feed", f"There is no feed {name!r} in feeds.toml.")
    with system.database.read() as connection:
        state, polls = feed_store.states(connection).get(name), store.last_polls(connection, name, POLLS)
    return _feed(system, config, state, polls[0] if polls else None), polls


def entries(system: System, name: str | None = None, waiting: bool = False, before: int | None = None) -> Page:
    """One page of entries: of one feed or of all, those that wait for a decision or all."""
    with system.database.read() as connection:
        at = system.now() if waiting else None
        rows = store.entries(connection, name, at, before, PAGE + 1)
        names = zone_names(connection)
    found = tuple(Entry(row, _zones(row, names)) for row in rows[:PAGE])
    return Page(found, rows[PAGE - 1].id if len(rows) > PAGE else None)


def entry(system: System, id_: int) -> Entry:
    """One entry with its bytes. Raises NotFound."""
    with system.database.read() as connection:
        row = store.entry(connection, id_)
        if row is None:
            raise NotFound("no_entry", f"There is no entry {id_}.")
        return Entry(
            row,
            _zones(row, zone_names(connection)),
            tuple(store.shown_of(connection, id_)),
            store.people(connection, row.zones) if row.zones else 0,
            tuple(store.also_by(connection, row)) if row.sent else (),
            tuple(store.thread(connection, row)) if row.sent else (),
        )


def documents(system: System, name: str) -> list[Row[Any]]:
    """The last documents of a feed: id, at, content_type, size; newest first."""
    with system.database.read() as connection:
        return store.documents(connection, name)


def document(system: System, name: str, id_: int) -> bytes:
    """The bytes of one, as they came (its first megabyte). Raises NotFound."""
    with system.database.read() as connection:
        found = store.document(connection, name, id_)
    if found is None:
        raise NotFound("no_document", f"There is no document {id_} of {name} any more; only the last few are kept.")
    return found


def put_aside(system: System, actor: Actor, id_: int, reason: str) -> None:
    """Nothing is made of this entry, and why. Raises NotFound, Forbidden, Refused (no reason, decided already)."""
    by = who(actor)
    if by.machine or not by.roles & COMPOSERS:
        raise Forbidden("role", "Only a person with a role decides about entries.")
    if not reason.strip():
        raise Refused("no_reason", "Say why nothing is made of it; the reason is kept.")
    found = entry(system, id_).row
    at = system.now()
    with system.database.write() as connection:
        if not feed_store.put_aside(connection, id_, by.person, reason.strip(), at):
            raise Refused("decided", "It does not wait any more: somebody decided, or a later one took its place.")
        detail = {"entry": id_, "identifier": found.identifier, "reason": reason.strip()}
        audit.record(system, connection, actor, "entry.put_aside", f"feed:{found.feed}", at, **detail)


def _feed(system: System, config: FeedConfig, state: Row[Any] | None, last: Row[Any] | None) -> Feed:
    fault = feed_health.fault(system, config, state)
    return Feed(config, state, last, fault, feed_cause(state.last_error) if fault and state is not None else "")


def _zones(row: Row[Any], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names.get(zone, zone) for zone in row.zones or ())
