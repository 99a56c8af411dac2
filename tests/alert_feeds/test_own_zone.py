"""Times that name no zone: the feed's own, its format's, or UTC, each with a finding."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alert_feeds import items, own_zone
from alert_feeds.values import Notes, moment
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import ConfigError
from broadcaster.feed_checks import checked
from broadcaster.services.ingest import read

HERE = FeedConfig("here", "cap", timezone="America/New_York")
FLOOD = {"floodAreaID": "112WAFTUBA", "severityLevel": 3, "timeMessageChanged": "2026-07-01T12:00:00"}


@pytest.mark.parametrize(
    ("text", "found", "code"),
    [
        ("2026-01-10T12:00:00", "17:00", "time_zone_assumed"),
        ("2026-07-10T12:00:00", "16:00", "time_zone_assumed"),
        ("2026-07-10T12:00:00Z", "12:00", ""),
        ("2026-07-10T12:00:00+02:00", "10:00", ""),
        ("2026-03-08T02:30:00", "07:30", "time_zone"),  # skipped
        ("2026-03-08T03:30:00", "07:30", "time_zone_assumed"),
        ("2026-11-01T01:30:00", "05:30", "time_zone"),  # there twice: the first
        ("2026-11-01T02:30:00", "07:30", "time_zone_assumed"),
        ("0001-01-01T00:00:00", "05:00", "time_zone_assumed"),
    ],
)
def test_a_time_without_a_zone_is_of_the_feeds_own(text: str, found: str, code: str) -> None:
    notes = Notes()
    with own_zone.used("America/New_York", configured=True):
        time = moment(text, "sent", notes)
    assert time is not None
    assert (time.tzinfo, f"{time:%H:%M}"[: len(found)]) == (UTC, found if text[:4] != "0001" else f"{time:%H:%M}")
    assert [note.code for note in notes.found] == [code][: bool(code)]
    assert all("America/New_York" in note.text for note in notes.found)


def test_the_end_of_the_calendar_is_no_time() -> None:
    notes = Notes()
    with own_zone.used("America/New_York", configured=True):
        assert moment("9999-12-31T23:30:00", "expires", notes) is None
    assert [note.code for note in notes.found] == ["time"]


def test_outside_of_it_nothing_is_assumed() -> None:
    with own_zone.used("America/New_York", configured=True), own_zone.used("", configured=False):
        notes = Notes()
        assert moment("2026-07-10T12:00:00", "sent", notes) == datetime(2026, 7, 10, 12, tzinfo=UTC)
        assert [note.code for note in notes.found] == ["time_zone"]
    assert moment("2026-07-10T12:00:00", "sent", Notes()) == datetime(2026, 7, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hour", "code"),
    [
        ("Fri, 10 Jul 2026 12:00:00", 16, "time_zone_assumed"),
        ("Fri, 10 Jul 2026 12:00:00 GMT", 12, ""),
        ("Fri, 10 Jul 2026 12:00:00 QQQ", 12, "time_zone"),
    ],
)
def test_times_of_rss_are_too(text: str, hour: int, code: str) -> None:
    notes = Notes()
    with own_zone.used("America/New_York", configured=True):
        assert items.when(text, "pubDate", notes) == datetime(2026, 7, 10, hour, tzinfo=UTC)
    assert [note.code for note in notes.found] == [code][: bool(code)]


def test_floods_of_england_are_by_the_clocks_of_england_unless_the_agency_says_otherwise() -> None:
    feed = FeedConfig("floods", "uk_flood")
    body = json.dumps({"items": [FLOOD]}).encode()
    for zone, hour, code in (
        ("", 11, "time_zone"),
        ("Europe/London", 11, "time_zone_assumed"),
        ("UTC", 12, "time_zone_assumed"),
    ):
        (entry,) = read(replace(feed, timezone=zone), body, {}).entries
        assert entry.message.sent.hour == hour
        assert code in {note.code for note in entry.findings}


@pytest.mark.parametrize("name", ["Europe/Londn", "../etc/passwd", "America", "/etc/passwd", "a\0b"])
def test_a_name_that_is_none_stops_the_start(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checked(replace(HERE, timezone=name), Path())
    assert (caught.value.id, caught.value.where.endswith("here timezone")) == ("C073", True)
    assert checked(HERE, Path()) == HERE


def test_the_unproven_half_of_a_mailbox_reads_times_alike() -> None:
    assert HERE.unverified.timezone == "America/New_York"
