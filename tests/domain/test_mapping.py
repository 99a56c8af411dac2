"""What a format lacks is filled by a table, each time with a word about it; what nobody says stays Unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broadcaster.domain.alert import Area, CapMessage, Certainty, Circle, Info, MsgType, Scope, Severity, Status
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.mapping import WrongMapping, fill, filling
from tests.domain.test_config_check import FEED, read, refusal

SENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLACE = Area("Cobb", circles=(Circle((38.8, -122.8), 0),))
QUAKE = Info(event="Earthquake", parameters=(("Magnitude", "5.2"), ("kind", "mww")), areas=(PLACE,))
BY_MAGNITUDE = {
    "near": [38.9, -122.6],
    "severity": [
        {"when": {"magnitude": ">= 5", "distance_km": "<= 100"}, "value": "Severe"},
        {"when": {"magnitude": [5.2, "x"]}, "value": "Moderate"},
        "minor",
    ],
    "expires_minutes": 90,
    "radius_km": [{"when": {"kind": "m*"}, "value": 80}],
}


def entry(*infos: Info, msg_type: MsgType = MsgType.ALERT) -> FeedEntry:
    message = CapMessage("1", "s", SENT, Status.ACTUAL, msg_type, Scope.PUBLIC, infos=infos)
    return FeedEntry(message, "0" * 64, b"raw")


def test_what_is_lacking_is_filled_and_said() -> None:
    filled = fill(entry(QUAKE), filling(BY_MAGNITUDE))
    info = filled.message.infos[0]
    assert (info.severity, info.certainty) == (Severity.SEVERE, Certainty.UNKNOWN)
    assert info.expires == SENT + timedelta(minutes=90)
    assert info.areas == (replace(PLACE, circles=(Circle((38.8, -122.8), 80),)),)
    assert [(note.code, note.text) for note in filled.findings] == [
        ("mapped", "severity filled by mapping: magnitude 5.2, distance_km 21 -> Severe"),
        ("unknown", "urgency is Unknown: neither the document nor a mapping says it. A person decides."),
        ("unknown", "certainty is Unknown: neither the document nor a mapping says it. A person decides."),
        (
            "mapped",
            "expires_minutes filled by mapping: in every case -> 90 minutes after its onset, or else after sent",
        ),
        ("mapped", "radius_km filled by mapping: kind mww -> 80 km"),
    ]
    assert filled.content_hash == "0" * 64


@pytest.mark.parametrize(
    ("magnitude", "severity"), [("5", "Severe"), ("4.9 Mw", "Minor"), ("", "Minor"), ("strong", "Minor")]
)
def test_the_first_case_that_holds_decides(magnitude: str, severity: str) -> None:
    info = replace(QUAKE, parameters=(("magnitude", magnitude),))
    assert fill(entry(info), filling(BY_MAGNITUDE)).message.infos[0].severity == severity


def test_a_number_or_a_word_is_met_exactly_and_far_away_is_far() -> None:
    far = replace(QUAKE, areas=(Area("", polygons=(((10.0, 10.0), (11.0, 10.0), (11.0, 11.0), (10.0, 10.0)),)),))
    assert fill(entry(far), filling(BY_MAGNITUDE)).message.infos[0].severity == Severity.MODERATE


def test_an_end_counts_from_the_onset_so_that_an_old_thing_written_anew_is_old() -> None:
    old = replace(QUAKE, onset=SENT - timedelta(days=7))
    ends = fill(entry(old), filling(BY_MAGNITUDE)).message.infos[0].expires
    assert ends == SENT - timedelta(days=7) + timedelta(minutes=90)


def test_what_is_lacking_still_is_said() -> None:
    assert [note.code for note in fill(entry(Info()), filling({"severity": "Minor"})).findings] == [
        *("mapped", "unknown", "unknown", "no_event", "no_expires", "no_area")
    ]


def test_what_the_document_says_is_never_changed() -> None:
    said = replace(QUAKE, severity=Severity.MINOR, expires=SENT, areas=(Area("", circles=(Circle((1, 1), 3),)),))
    filled = fill(entry(said), filling({**BY_MAGNITUDE, "event": "Other", "area": "SAME 006033"}))
    info = filled.message.infos[0]
    assert (info.severity, info.expires, info.areas, info.event) == (Severity.MINOR, SENT, said.areas, "Earthquake")
    cancel = entry(QUAKE, msg_type=MsgType.CANCEL)
    assert fill(cancel, filling(BY_MAGNITUDE)) == cancel


def test_an_area_known_by_name_alone_gets_codes_or_a_circle() -> None:
    named = Info(areas=(Area("Clear Lake"),), parameters=(("feed", "Roads"),))
    by_name = {"area": [{"when": {"place": "clear*"}, "value": "SAME 006033 006045"}, "circle 38.9,-122.6 25"]}
    first = fill(entry(named), filling({**by_name, "event": "{feed} closed", "category": "Transport"}))
    info = first.message.infos[0]
    assert info.areas[1] == Area("Clear Lake", geocodes=(("SAME", "006033"), ("SAME", "006045")))
    assert (info.event, info.categories) == ("Roads closed", ("Transport",))
    second = fill(entry(Info()), filling({**by_name, "event": "{feed} closed"})).message.infos[0]
    assert second.areas[0].circles == (Circle((38.9, -122.6), 25),)
    assert second.event == ""


def test_an_agencys_table_lies_over_the_formats_own() -> None:
    own = filling({"severity": "Minor", "urgency": "Past", "near": [1, 2]})
    both = filling({"severity": "Severe"}).over(own)
    assert (both.cases["severity"][0].value, both.cases["urgency"][0].value, both.near) == ("Severe", "Past", (1, 2))


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"severty": "Severe"}, "severty"),
        ({"severity": "bad"}, "severity"),
        ({"severity": []}, "severity"),
        ({"severity": [{"when": {}, "value": "Severe"}]}, "severity"),
        ({"severity": [{"when": {"m": ">= x"}, "value": "Severe"}]}, "severity"),
        ({"severity": [{"when": {"m": True}, "value": "Severe"}]}, "severity"),
        ({"severity": [{"when": {"distance_km": "< 5"}, "value": "Severe"}]}, "severity"),
        ({"expires_minutes": 0}, "expires_minutes"),
        ({"radius_km": True}, "radius_km"),
        ({"category": "Weather"}, "category"),
        ({"event": " "}, "event"),
        ({"area": "circle 91,0 5"}, "area"),
        ({"area": "SAME"}, "area"),
        ({"near": [91, 0]}, "near"),
        ({"near": "here"}, "near"),
        ({"near": [1]}, "near"),
        ({"near": [1, 2, 3]}, "near"),
        ({"near": [1, "2"]}, "near"),
        ({"near": [0, 181]}, "near"),
    ],
)
def test_a_wrong_table_is_refused_with_its_key_and_what_to_write(table: dict[str, object], key: str) -> None:
    with pytest.raises(WrongMapping) as caught:
        filling(table)
    assert (caught.value.key, bool(caught.value.hint)) == (key, True)


def test_a_fact_the_format_never_has_is_refused() -> None:
    table = {"severity": [{"when": {"Magnitude": "> 5"}, "value": "Severe"}]}
    assert filling(table, ["magnitude"]).cases
    with pytest.raises(WrongMapping, match="never hold"):
        filling(table, ["depth_km"])


def test_a_wrong_mapping_stops_the_start(tmp_path: Path) -> None:
    wrong = refusal(tmp_path, "feeds.toml", FEED + '[feed.mapping]\nseverity = "huge"\n')
    assert (wrong.id, "mapping.severity" in str(wrong)) == ("C070", True)
    (tmp_path / "feeds.toml").write_text(FEED + "[feed.mapping]\nexpires_minutes = 60\n")
    read(tmp_path)
