"""The last 30 days of kept entries, for whoever asks what rules would have made of them.

What cannot have to do with a rule is put aside by what the record says of it, and by whether its document holds the
words of an event that the rule lists; only the rest is read. What touched no zone of ours when it came is not asked.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection, Row

from broadcaster.domain.config import RuleConfig
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.services.ingest import read
from broadcaster.services.system import System
from broadcaster.store import arming as store

DAYS = 30
MOST_READ = 10_000  # documents read at one asking; the newest
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sieve:
    """What one of these rules may match."""

    rules: tuple[RuleConfig, ...]

    @property
    def feeds(self) -> frozenset[str]:
        """Those that the rules name; none where one of them asks all."""
        named = [rule.feeds for rule in self.rules]
        return frozenset(name for feeds in named for name in feeds) if all(named) else frozenset()

    def near(self, row: Row[Any]) -> bool:
        """By its feed and its zones."""
        zones = row.zones
        if zones == [] and row.awaits is None and row.action in ("", "keep"):
            return False  # it touches no zone of ours, whatever the rules say
        return any(
            not rule.match.zones or zones is None or not set(zones).isdisjoint(rule.match.zones)
            for rule in self.rules
            if not rule.feeds or row.feed in rule.feeds
        )

    def says(self, row: Row[Any]) -> bool:
        """By the words of its events: the first is in the record, the others (in other languages) in the document."""
        return any(_says(rule.match.event, row.event, bytes(row.raw)) for rule in self.rules)


def _says(events: Collection[str], event: str, raw: bytes) -> bool:
    if not events or event.casefold() in {name.casefold() for name in events} or b"\0" in raw:
        return True
    text = b" ".join(raw.lower().split())
    return any(not name.isascii() or b" ".join(name.lower().encode().split()) in text for name in events)


def near(
    connection: Connection, sieve: Sieve, at: datetime, chains: bool = True, most: int = MOST_READ
) -> tuple[list[int], int]:
    """Entries of the month that may have to do with the rules, or (``chains``) that follow such a one, oldest first;
    and how many older ones are left out because they are more than ``most``."""
    known: set[Key] = set()
    found = []
    for row in store.kept_since(connection, at - timedelta(days=DAYS), sieve.feeds):
        if (row.decision != "cancel" and sieve.near(row)) or (chains and follows(row, known)):
            known.add((row.sender, row.identifier))
            found.append(row.id)
    return found[-most:], max(0, len(found) - most)


def follows(row: Row[Any], known: Collection[Key]) -> bool:
    """Does it name one of these messages of its own sender, or come under the same identifier?"""
    named = {(sender, identifier) for sender, identifier, _ in row.references if sender == row.sender}
    return any(key in known for key in named | {(row.sender, row.identifier)})


def entry_of(system: System, row: Row[Any]) -> FeedEntry | None:
    """The entry as its feed is read today; None where the feed is gone or its document is read otherwise."""
    feed = system.config.feed(row.feed)
    found = read(feed, bytes(row.raw), {}).entries if feed is not None else ()
    return next((one for one in found if one.message.identifier == row.identifier), None)
