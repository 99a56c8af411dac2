"""How far each mailbox was read, and which of its mails are looked at again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.store.schema import feed_entries, mailboxes
from broadcaster.store.upsert import insert


@dataclass(frozen=True, slots=True)
class Place:
    """Under the UIDVALIDITY ``validity`` every mail up to ``uid`` was taken. ``again``: number -> tries left.
    ``begun``: how often the mail behind ``uid`` was begun and not finished."""

    validity: int
    uid: int
    again: Mapping[int, int] = field(default_factory=dict)
    begun: int = 0


def place(connection: Connection, feed: str) -> Place | None:
    """None for a mailbox that was never read."""
    row = connection.execute(sa.select(mailboxes).where(mailboxes.c.feed == feed)).first()
    if row is None:
        return None
    return Place(row.validity, row.uid, {int(uid): tries for uid, tries in row.again.items()}, row.begun)


def put(connection: Connection, feed: str, at: Place) -> None:
    """Remember it; what was written in the same transaction was taken."""
    again = {str(uid): tries for uid, tries in at.again.items()}
    values = {"validity": at.validity, "uid": at.uid, "again": again, "begun": at.begun}
    row = insert(connection, mailboxes).values(feed=feed, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["feed"], set_=values))


def proven_since(connection: Connection, unverified: str, hashes: Collection[str]) -> None:
    """The same messages came with a proof: nobody need decide about those that came without."""
    table = feed_entries.c
    same = (table.feed == unverified, table.content_hash.in_(sorted(hashes)), table.awaits.is_not(None))
    connection.execute(feed_entries.update().where(*same).values(awaits=None))


def same(connection: Connection, feeds: Collection[str], entry: FeedEntry) -> list[tuple[int, str | None]]:
    """(entry, alert) of the very same message as these feeds brought it."""
    table, message = feed_entries.c, entry.message
    query = sa.select(table.id, table.alert).where(
        table.content_hash == entry.content_hash, table.feed.in_(sorted(feeds)), table.identifier == message.identifier
    )
    return [(row.id, row.alert) for row in connection.execute(query.order_by(table.id))]
