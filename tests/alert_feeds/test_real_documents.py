"""Every real document beside this checkout, and mutations: read or refused with a reason, never an exception."""

from __future__ import annotations

import importlib
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alert_feeds import PARSERS, cap, nws
from alert_feeds.document import tree
from broadcaster.domain.feed_entry import ParsedFeed
from broadcaster.domain.geometry_zones import ZoneIndex
from broadcaster.domain.mapping import fill, filling
from tests.alert_feeds.golden import DOCUMENTS
from tests.domain.test_geometry import ZONES

FOLDERS = ("cap", "cap-feeds", "cap-in-json", "edxl", "feeds", "nws-geojson", "usgs-geojson")
SMALL = 20_000  # bytes; a larger document is read by the parsers it is meant for alone, so that the suite stays short
MEANT = {  # format -> folder/name of its documents, and how many entries they give at least
    "cap": (("cap-in-json/",), 12),
    "cap_index": (("cap-feeds/",), 3),
    "edxl": (("edxl/",), 6),
    "gdacs": (("feeds/python-aio-georss-gdacs",), 150),
    "georss": (("feeds/python-georss-client",), 480),
    "meteoalarm": (("cap-feeds/meteoalert",), 0),
    "naads": (("cap-feeds/cap-library__8614bc98__canada", "cap/cap-library__6bba9cd3__canada"), 2),
    "nws": (("nws-geojson/",), 2),
    "nws_atom": (("cap-feeds/nwscapparser3", "cap-feeds/cap-library__b72fde3e"), 5),
    "tsunami": (("cap/cap-library__7150f6b2__wcatwc",), 1),
    "uk_flood": (("cap-in-json/",), 12),
    "usgs": (("usgs-geojson/", "feeds/cap-library__6984e17f"), 1_700),
}
QUIET = re.compile("no_entries|empty_weather_index|75768647__gdacs-2")  # indexes that hold nothing


def parse(format: str, body: bytes) -> ParsedFeed:
    parsed: ParsedFeed = importlib.import_module(PARSERS[format]).parse(body, {"Content-Type": "text/xml"})
    return parsed


def sound(parsed: ParsedFeed) -> None:
    """What every outcome must be like: storable, comparable, every refusal with a reason."""
    for entry in parsed.entries:
        assert re.fullmatch("[0-9a-f]{64}", entry.content_hash)
        assert entry.raw
        assert entry.message.identifier
        assert entry.message.sent.tzinfo is not None
        assert "\x00" not in repr(entry.message)
        repr(entry.message).encode()
    for problem in parsed.problems:
        assert problem.code
        assert problem.text


def documents(shared: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((shared / folder).iterdir())


@pytest.mark.parametrize("format", sorted(PARSERS))
def test_every_real_document_is_read_or_refused_with_a_reason_by_every_parser(shared: Path, format: str) -> None:
    meant, least = MEANT.get(format, ((), 0))
    count = entries = 0
    for path in documents(shared):
        fits = any(part in str(path) for part in meant)
        body = path.read_bytes()
        if len(body) > SMALL and not fits:
            continue
        parsed = parse(format, body)
        sound(parsed)
        assert parsed.entries or parsed.links or parsed.problems or QUIET.search(path.name), path.name
        count += 1
        entries += len(parsed.entries) if fits else 0
    assert count > 150
    assert entries >= least


def test_every_real_cap_alert_is_read_and_laid_on_a_map_unless_a_required_part_is_wrong(shared: Path) -> None:
    refused, index = {}, ZoneIndex(ZONES)
    for path in sorted((shared / "cap").iterdir()):
        parsed = cap.parse(path.read_bytes(), {})
        sound(parsed)
        for entry in parsed.entries:
            index.place([area for info in entry.message.infos for area in info.areas])
        if not parsed.entries:
            refused[path.name] = parsed.problems[0].code
    assert set(refused.values()) <= {"required", "doctype", "no_alert"}
    assert all(re.search("mock|invalid|xee|message|Message|cap.json|edxlde_1", name) for name in refused), refused
    assert len(refused) < 20


def dated(text: str, now: datetime) -> str:
    """weather.gov's test documents say "date:now +1 hour" where a time should stand."""

    def time(match: re.Match[str]) -> str:
        amount, unit = match.group(2), match.group(3)
        moved = now + timedelta(**{unit.rstrip("s") + "s": int(amount)}) if amount else now
        return f'"{moved.isoformat(timespec="seconds")}"'

    return re.sub(r'"date:(now|today)[^"]*?(?:([+-]?\d+) (seconds?|minutes?|hours?|days?))?"', time, text)


def test_weather_gov_documents_are_read_once_their_times_are_times(shared: Path) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    for path in sorted((shared / "nws-geojson").glob("weather-gov__*")):
        text = dated(path.read_text(), now)
        parsed = nws.parse(text.encode(), {})
        assert parsed.problems == ()
        assert len(parsed.entries) == len(json.loads(text)["features"])
        assert any(entry.vtec for entry in parsed.entries) or "f94bff6d" in path.name
        for entry in parsed.entries:
            assert entry.message.expires or "no_expires" in {finding.code for finding in entry.findings}


def mutations(body: bytes, draw: random.Random) -> bytes:
    """One to three of: cut, bytes changed, a piece doubled or taken out, another encoding, a mark in front."""
    changes: list[Callable[[bytes], bytes]] = [
        lambda b: b[: draw.randrange(len(b) + 1)],
        lambda b: _flipped(b, draw),
        lambda b: _spliced(b, draw),
        lambda b: b.decode("latin-1").encode(draw.choice(["utf-16", "utf-16-le", "utf-8", "utf-32", "utf-7"])),
        lambda b: (
            draw.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00", b"\x1b$B", b"<", b"<!DOCTYPE x>"]) + b
        ),
        lambda b: b.replace(b"UTF-8", draw.choice([b"UTF-16", b"EBCDIC", b"ascii", b"hex", b"gb18030", b"idna"])),
    ]
    for _ in range(draw.randint(1, 3)):
        body = draw.choice(changes)(body)
    return body


def _flipped(body: bytes, draw: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(draw.randint(1, 8)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.choice(
                [0, 0x22, 0x26, 0x2C, 0x3C, 0x3E, 0x7F, 0x80, 0xFF, 0x39]
            )
    return bytes(changed)


def _spliced(body: bytes, draw: random.Random) -> bytes:
    a, b = sorted((draw.randrange(len(body) + 1), draw.randrange(len(body) + 1)))
    return body[:a] + body[a:b] * draw.choice([0, 2, 3]) + body[b:]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(DOCUMENTS), st.sampled_from([None, *sorted(PARSERS)]), st.randoms(use_true_random=False))
def test_mutated_documents_never_raise(document: Path, other: str | None, draw: random.Random) -> None:
    """By its own parser, or by any other; what its mapping then fills raises nothing either."""
    format = other if other and draw.random() < 0.2 else document.name.split(".")[1]
    parsed = parse(format, mutations(document.read_bytes(), draw))
    sound(parsed)
    table = filling(getattr(importlib.import_module(PARSERS[format]), "MAPPING", {}))
    for entry in parsed.entries:
        fill(entry, table)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(PARSERS)), st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_never_raise(format: str, body: bytes) -> None:
    sound(parse(format, body))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


JSON_DOCUMENTS = [path for path in DOCUMENTS if path.name.endswith(".json") and ".nws." not in path.name]


def replaced(value: object, draw: random.Random, new: object) -> object:
    """The value with one part of it, at any depth, changed for another."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        key = draw.choice(sorted(value))
        return {**value, key: replaced(value[key], draw, new)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        return [*value[:at], replaced(value[at], draw, new), *value[at + 1 :]]
    return new


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(JSON_DOCUMENTS), json_values, st.randoms(use_true_random=False))
def test_json_with_any_part_changed_never_raises(document: Path, value: object, draw: random.Random) -> None:
    format = document.name.split(".")[1]
    sound(parse(format, json.dumps(replaced(json.loads(document.read_text()), draw, value)).encode()))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["properties", "geometry", "deep"]), st.text(max_size=12), json_values)
def test_any_json_in_the_place_of_a_part_never_raises(where: str, name: str, value: object) -> None:
    feature = json.loads((Path(__file__).parent / "data" / "features.nws.json").read_text())["features"][0]
    if where == "deep":
        for key in ("parameters", "geocode", "references", "sent", "category", "areaDesc", "ends", "severity"):
            changed = {**feature, "properties": {**feature["properties"], key: value}}
            sound(nws.parse(json.dumps({"features": [changed]}).encode(), {}))
        return
    changed = {**feature, where: value if where == "geometry" else {**feature["properties"], name: value}}
    sound(nws.parse(json.dumps({"features": [changed]}).encode(), {}))


def test_the_tree_of_a_hostile_number_of_attributes_is_small_work() -> None:
    assert tree("<a " + " ".join(f'a{n}="x"' for n in range(2000)) + "/>") is not None
