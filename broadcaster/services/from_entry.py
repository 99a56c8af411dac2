"""A feed's entry as the beginning of an alert that a person writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from broadcaster.domain.alert import Source
from broadcaster.domain.errors import NotFound, Refused
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.services.drafting import Draft
from broadcaster.services.ingest import read
from broadcaster.services.places import areas_of
from broadcaster.services.system import System
from broadcaster.store.schema import feed_entries

ITS_OWN_WORDS = "cap"


@dataclass(frozen=True, slots=True)
class Begun:
    """``draft`` says what the entry says; ``alert`` was made of it before, if one was."""

    draft: Draft
    feed: str
    event: str
    issuer: str
    received: datetime
    alert: str | None


def begin(system: System, entry_id: int, template: str = ITS_OWN_WORDS) -> Begun:
    """The draft of an entry: in its issuer's words (template ``cap``), or with its area and end alone.

    Raises NotFound, and Refused for an entry that cannot be read.
    """
    with system.database.read() as connection:
        row = connection.execute(sa.select(feed_entries).where(feed_entries.c.id == entry_id)).first()
    if row is None:
        raise NotFound("no_entry", f"There is no entry {entry_id}.")
    entry = _entry(system, row)
    message = entry.message
    source = Source(row.feed, None, message.sender, message.identifier, message.sent)
    if template == ITS_OWN_WORDS:
        draft = Draft(template, cap=message, areas=areas_of(message), source=source, source_hash=entry.content_hash)
    else:
        draft = Draft(template, areas=areas_of(message), source=source, source_hash=entry.content_hash)
    issuer = next((info.sender_name for info in message.infos if info.sender_name), message.sender)
    return Begun(draft, row.feed, row.event, issuer, row.received, row.alert)


def _entry(system: System, row: sa.Row[tuple[object, ...]]) -> FeedEntry:
    feed = system.config.feed(row.feed)
    found = read(feed, row.raw, {}).entries if feed is not None and row.decision != "problem" else ()
    for entry in found:
        if entry.message.identifier == row.identifier:
            return entry
    raise Refused("unreadable_entry", "This entry cannot be read as a warning, so nothing can begin from it.")
