"""Things of formats without Update and Cancel over several polls, as triage sees them; what a mapping adds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcaster.domain.config import FeedConfig
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.triage import Decision, Known, decide, event_of
from broadcaster.services.ingest import read

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAYS = timedelta(days=3)


def entries(format: str, body: str | bytes, **mapping: object) -> tuple[FeedEntry, ...]:
    feed = FeedConfig("f", format, mapping=mapping)
    return read(feed, body if isinstance(body, bytes) else body.encode(), {}).entries


def story(format: str, *polls: Sequence[FeedEntry] | str) -> list[str]:
    """What triage decides about each entry of each poll, in order: verb and code."""
    known: list[Known] = []
    told = []
    for poll in polls:
        for entry in entries(format, poll) if isinstance(poll, str) else poll:
            about = [k for k in known if k.reference.sender == entry.message.sender]
            decision = decide(entry, "f", about, NOW, DAYS)
            told.append(f"{decision.verb} {decision.code}".strip() + "".join(f" -{k.id}" for k in decision.retires))
            if decision.code != "duplicate":
                known.append(_known(len(known), entry, decision))
    return told


def _known(number: int, entry: FeedEntry, decision: Decision) -> Known:
    m = entry.message
    kept = (m.reference, m.msg_type, event_of(m), m.references, entry.content_hash, decision.verb, decision.code)
    return Known(number, "f", *kept)


def quake(**changes: Any) -> str:
    feature = json.loads((DATA / "week.usgs.json").read_text())["features"][0]
    return json.dumps({"features": [{**feature, "properties": {**feature["properties"], **changes}}]})


def test_a_quake_is_new_then_updated_then_deleted_and_its_absence_says_nothing() -> None:
    later, last = quake(updated=1795335000000, mag=5.4), quake(updated=1795335600000, status="deleted")
    empty = '{"features": []}'
    told = story("usgs", quake(), quake(), empty, later, quake(), last, later)
    expected = ["new", "ignore duplicate", "update -0", "ignore duplicate", "cancel -0 -1", "ignore duplicate"]
    assert told == expected


def test_an_old_quake_written_anew_is_history() -> None:
    assert story("usgs", quake(time=1795334400000 - 86_400_000)) == ["ignore expired"]


def test_atom_and_geojson_of_usgs_are_one_quake() -> None:
    atom = entries("usgs", (DATA / "day.usgs.xml").read_bytes())
    assert atom[0].message.reference == entries("usgs", quake())[0].message.reference
    assert atom[0].message.infos[0].onset == entries("usgs", quake())[0].message.infos[0].onset


def test_a_flood_is_raised_and_ends_by_its_issuers_word_alone() -> None:
    flood = {"floodAreaID": "1", "severity": "Flood Alert", "severityLevel": 3, "timeRaised": "2026-11-22T06:00:00Z"}
    worse = {**flood, "severityLevel": 1, "timeSeverityChanged": "2026-11-22T07:00:00Z"}
    over = {**flood, "severityLevel": 4, "timeSeverityChanged": "2026-11-22T08:00:00Z"}
    polls = [json.dumps({"items": items}) for items in ([flood], [], [worse], [over])]
    assert story("uk_flood", *polls) == ["new", "update -0", "cancel -0 -1"]


def test_a_road_that_changes_its_category_is_the_same_road() -> None:
    item = "<guid>1</guid><title>{0}</title><category>{0}</category>{1}"
    item = f"<rss><channel><title>Roads</title><item>{item}</item></channel></rss>"
    first = item.format("Closed", "<pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate>")
    second = item.format("One lane", "<pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate>")
    assert story("georss", first, first, second) == ["new", "ignore duplicate", "update -0"]
    assert story("georss", first, first.replace("Closed", "Open")) == ["new", "problem changed_content"]


def test_tsunami_bulletins_follow_each_other_in_any_order() -> None:
    third = (DATA / "centre.tsunami.xml").read_text()
    fourth = third.replace("/3/WEAK51", "/4/WEAK51").replace("08:28:39Z", "08:29:00Z")
    warning = [entries("tsunami", third)[:1], entries("tsunami", fourth)[:1]]
    assert story("tsunami", *warning) == ["update", "update -0"]
    assert story("tsunami", *reversed(warning)) == ["update", "ignore older"]


def test_a_report_of_the_public_is_never_a_warning() -> None:
    assert story("open311", (DATA / "requests.open311.xml").read_text()) == ["ignore not_public"]


@pytest.mark.parametrize(("km", "severity"), [(50, "Extreme"), (5, "Severe")])
def test_an_agency_tells_severity_by_magnitude_and_distance(km: int, severity: str) -> None:
    cases = [{"when": {"magnitude": ">= 5", "distance_km": f"< {km}"}, "value": "Extreme"}, "Severe"]
    found = entries("usgs", quake(), near=[38.9, -122.6], severity=cases)[0]
    assert str(found.message.infos[0].severity) == severity
    assert any(severity in note.text for note in found.findings if note.code == "mapped")
    assert found.content_hash == entries("usgs", quake())[0].content_hash
