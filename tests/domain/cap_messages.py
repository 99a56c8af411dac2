"""CAP messages and entries for tests, with everything that a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from alert_feeds.values import content_hash
from broadcaster.domain.alert import (
    CapMessage,
    Certainty,
    Info,
    MsgType,
    Reference,
    Scope,
    Severity,
    Status,
    Urgency,
)
from broadcaster.domain.feed_entry import FeedEntry

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENDER = "w-nws.webmaster@noaa.gov"


def info(**changes: Any) -> Info:
    """A flood warning that ends in six hours."""
    plain = {
        "event": "Flood Warning",
        "urgency": Urgency.IMMEDIATE,
        "severity": Severity.SEVERE,
        "certainty": Certainty.LIKELY,
        "expires": NOW + timedelta(hours=6),
        "headline": "Flood",
    }
    return Info(**{**plain, **changes})


def message(identifier: str = "one", minutes: int = 0, **changes: Any) -> CapMessage:
    """An Actual, Public Alert sent ``minutes`` after an hour ago."""
    plain: dict[str, Any] = {
        "identifier": identifier,
        "sender": SENDER,
        "sent": NOW - timedelta(hours=1) + timedelta(minutes=minutes),
        "status": Status.ACTUAL,
        "msg_type": MsgType.ALERT,
        "scope": Scope.PUBLIC,
        "infos": (info(),),
    }
    return CapMessage(**{**plain, **changes})


def update(identifier: str, minutes: int, *earlier: CapMessage, **changes: Any) -> CapMessage:
    """An Update that names ``earlier``."""
    names: tuple[Reference, ...] = tuple(m.reference for m in earlier)
    return message(identifier, minutes, **{"msg_type": MsgType.UPDATE, "references": names, **changes})


def entry(made: CapMessage, *vtec: str) -> FeedEntry:
    """As a parser hands it over."""
    return FeedEntry(made, content_hash(made), b"<alert/>", vtec)
