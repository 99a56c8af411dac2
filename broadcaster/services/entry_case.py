"""An entry of a feed being acted on, what it finds, and what is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.triage import Decision
from broadcaster.services.system import Actor, System
from broadcaster.store import feeds as store


@dataclass(frozen=True, slots=True)
class Case:
    """An entry being acted on. ``row`` is its record, ``zones`` those of ours that its areas touch; ``elsewhere``
    says that it certainly touches none."""

    system: System
    connection: Connection
    actor: Actor
    feed: FeedConfig
    entry: FeedEntry
    decision: Decision
    row: int
    zones: tuple[str, ...]
    elsewhere: bool
    at: datetime

    @property
    def goes_on(self) -> tuple[str, ...]:
        """Its zones without those in which its issuer ended it before it came."""
        return tuple(zone for zone in self.zones if zone not in self.decision.ended)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done: the action's word, the rule, our alert, a note for people, the page's new version."""

    action: str = ""
    rule: str = ""
    alert: str | None = None
    note: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the entries that this one retires had led to."""

    pending: tuple[Alert, ...]
    live: tuple[Alert, ...]
    shown: tuple[store.ShownRow, ...]
