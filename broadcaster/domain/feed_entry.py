"""What a parser hands over: entries that could be read, and problems with the bytes that could not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from broadcaster.domain.alert import CapMessage

NO_TIME = datetime(1, 1, 1, tzinfo=UTC)  # a reference whose own time is missing or cannot be read


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a document that could not be used. ``raw`` is kept so that nobody has to guess later."""

    code: str
    text: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Link:
    """An index entry whose CAP document lies elsewhere; ``fetch`` gets it, ``cap`` reads it."""

    url: str
    id: str = ""
    updated: str = ""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One CAP message of a feed: identity, a hash of its content (hex SHA-256) and its raw bytes."""

    message: CapMessage
    content_hash: str
    raw: bytes
    vtec: tuple[str, ...] = ()
    findings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A whole document read. An empty one with problems is never "no alerts"."""

    entries: tuple[FeedEntry, ...] = ()
    problems: tuple[Problem, ...] = ()
    links: tuple[Link, ...] = ()
