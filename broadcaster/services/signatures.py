"""The signatures of a feed's entries: each looked at and said, and where the feed demands one, no entry without it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from alert_feeds.signature import Certificate, Outcome, certificates, verify
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem


def looked_at(feed: FeedConfig, parsed: ParsedFeed) -> ParsedFeed:
    """Every entry with what its signature came to. A feed that demands one keeps the others as problems with bytes."""
    if feed.signature == "ignore":
        return parsed
    trusted = [one for path in feed.certificates for one in _of_file(path, Path(path).stat().st_mtime_ns)]
    looked = [_looked(feed, entry, trusted) for entry in parsed.entries]
    problems = tuple(one for one in looked if isinstance(one, Problem))
    entries = tuple(one for one in looked if isinstance(one, FeedEntry))
    return replace(parsed, entries=entries, problems=(*parsed.problems, *problems))


def _looked(feed: FeedConfig, entry: FeedEntry, trusted: Sequence[Certificate]) -> FeedEntry | Problem:
    verdict = verify(entry.raw, entry.content_hash, trusted)
    if feed.signature == "required" and verdict.outcome != Outcome.VALID:
        name = entry.message.identifier[:80]
        text = f"{name} was refused, because this feed demands a signature. {verdict.text}"
        return Problem(f"signature_{verdict.outcome}", text, entry.raw)
    note = Problem(f"signature_{verdict.outcome}", verdict.text)
    return replace(entry, findings=(*entry.findings, note))


@functools.lru_cache(maxsize=64)
def _of_file(path: str, changed: int) -> tuple[Certificate, ...]:
    """The certificates of a PEM file, read again once it has changed."""
    return tuple(certificates(Path(path).read_bytes()))
