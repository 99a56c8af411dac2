"""A day of national feeds replayed into a county: what stands at the end, in which zones, told by the product and by a
plain independent computation, message by message. ``ORACLE=all`` takes more counties and orders."""

from __future__ import annotations

import json
import os
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, FeedConfig
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import feed_entries
from broadcaster.store.schema import zones as table
from tests.conftest import SHARED, Clock
from tests.oracle import shapes
from tests.oracle.judge import Said, Zone, barred, ends_all, read_cap, read_nws, standing, touched

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL
MANY = os.environ.get("ORACLE") == "all"
MORE = Path(os.environ.get("ORACLE_DATA", "/nonexistent"))  # a folder of further collections
NWS = FeedConfig("nws", "nws", trust="official")
CAP = FeedConfig("cap", "cap", trust="official")
AGAIN = ("duplicate", "changed_content")  # the same identity once more: not this comparison's business
Key = tuple[str, str]  # sender, identifier
WHO = Actor("someone", "cli:someone@host")


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, feeds=(NWS, CAP), rules=())


def settle(system: System, county: Iterable[Zone]) -> None:
    """The county's zones, for the product."""
    with system.database.write() as connection:
        for zone in county:
            row = {"id": zone.id, "slug": zone.id, "name": zone.id.title(), "geometry": zone.geometry}
            connection.execute(table.insert().values(**row, ugc=list(zone.ugc), same=list(zone.same)))


def told(system: System) -> dict[Key, set[str]]:
    """What stands before people: (sender, identifier) -> zones."""
    e = feed_entries.c
    query = sa.select(e.sender, e.identifier, e.zones).where(e.awaits.is_not(None), e.ends > system.now())
    with system.database.read() as connection:
        return {(row.sender, row.identifier): set(row.zones) for row in connection.execute(query) if row.zones}


def concerned(
    messages: list[Said], county: list[Zone], now: datetime
) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """What should be: (sender, identifier) -> zones touched for certain, and perhaps."""
    found = {(one.sender, one.identifier): touched(one, county) for one in standing(messages, now)}
    return {key: zones for key, zones in found.items() if any(zones)}


def differences(system: System, messages: list[Said], county: list[Zone], now: datetime) -> list[Any]:
    ours, theirs = told(system), concerned(messages, county, now)
    wrong: list[Any] = []
    for key in ours.keys() | theirs.keys():
        sure, perhaps = theirs.get(key, (set(), set()))
        if not sure <= ours.get(key, set()) <= sure | perhaps:
            wrong.append((key, "shown", ours.get(key), "should be", sure, perhaps))
    return wrong + refused(system, messages)


def refused(system: System, messages: list[Said]) -> list[Any]:
    """Per message: what is nothing for the public, is over or was replaced is recorded as that, and nothing else is."""
    e = feed_entries.c
    with system.database.read() as connection:
        rows = connection.execute(sa.select(e.sender, e.identifier, e.sent, e.decision, e.code, e.received)).all()
    decided = {(row.sender, row.identifier, row.sent): row for row in rows if row.code not in AGAIN}
    wrong = []
    for one in messages:
        row = decided.get((one.sender, one.identifier, one.sent))
        if row is None or row.code == "older":  # it had been replaced before it came
            wrong += [(one.identifier, "is missing")] if row is None else []
            continue
        why = barred(one) or ("" if ends_all(one) or one.ends > row.received else "expired")
        why = why or ("green" if one.green and not ends_all(one) else "")
        verb = "ignore" if why else "cancel" if ends_all(one) else "new"
        if (row.decision.replace("update", "new"), row.code) != (verb, why):
            wrong.append((one.identifier, row.decision, row.code, "should be", verb, why))
    return wrong


# --- the weather service ----------------------------------------------------------------------------------------
def national(path: Path) -> list[dict[str, Any]]:
    """The features of a collection, each with times that are times."""
    found = json.loads(path.read_text())
    features = found if isinstance(found, list) else found["features"]
    return [one for one in features if '"date:' not in json.dumps(one)]


def county(features: list[dict[str, Any]], most: int) -> list[Zone]:
    """Zones by codes that a collection names, and round shapes that it draws."""
    draw = random.Random(2)
    named = [one["properties"].get("geocode", {}) for one in features]
    ugc = sorted({code for one in named for code in one.get("UGC", [])})
    same = sorted({code for one in named for code in one.get("SAME", [])})
    drawn = [
        one["geometry"]["coordinates"][0] for one in features if (one.get("geometry") or {}).get("type") == "Polygon"
    ]
    boxes = [
        geometry
        for ring in drawn
        for name, geometry in shapes.about([(x, y) for x, y, *_ in ring])
        if not name.startswith("a metre in")  # of a tip it may be less than a square metre
    ]
    sea = shapes.polygon(shapes.rectangle(-40, 1, -39.99, 1.01))
    return [
        Zone(
            f"z{n}",
            draw.choice(boxes) if boxes and n % 2 else sea,
            tuple(draw.sample(ugc, min(n % 3, len(ugc)))),
            tuple(draw.sample(same, min(n % 4 // 2, len(same)))),
        )
        for n in range(most)
    ]


def collections() -> list[Path]:
    return [
        path for folder in (SHARED / "nws-geojson", MORE) if folder.exists() for path in sorted(folder.glob("*.json"))
    ]


def test_what_stands_after_the_weather_services_collections_is_what_a_plain_computation_says(
    system: System, clock: Clock
) -> None:
    features = [one for path in collections() for one in national(path)]
    if not features:
        pytest.skip("no collection of the weather service (../shared/data) is beside this checkout")
    clock.at = max(datetime.fromisoformat(one["properties"]["sent"]) for one in features) + timedelta(minutes=5)
    zones = county(features, 400 if MANY else 20)
    settle(system, zones)
    random.Random(1).shuffle(features)
    for start in range(0, len(features), 100):
        body = json.dumps({"type": "FeatureCollection", "features": features[start : start + 100]}).encode()
        ingest(system, NWS, body, {}, WHO)
    assert differences(system, read_nws(json.dumps({"features": features}).encode()), zones, clock.at) == []


# --- CAP --------------------------------------------------------------------------------------------------------
def readable(path: Path) -> list[Said]:
    """A document as the plain reader has it; nothing where it is broken, for it is plain."""
    try:
        return read_cap(path.read_bytes())
    except (ElementTree.ParseError, ValueError, AssertionError, IndexError):
        return []


def test_real_alerts_hold_where_a_plain_computation_says(system: System, clock: Clock, shared: Path) -> None:
    files = [path for path in sorted((shared / "cap").iterdir()) if path.stat().st_size < 60_000 or MANY]
    read = [(path, said) for path in files if (said := readable(path))]
    read.sort(key=lambda one: one[1][0].sent)
    drawn = [ring for _, said in read for one in said for place in one.places for ring in place.rings]
    round_ = [one for ring in drawn[:: 1 if MANY else 12] for one in shapes.about(ring)]
    zones = [Zone(f"z{n}", geometry) for n, (name, geometry) in enumerate(round_) if not name.startswith("a metre in")]
    settle(system, zones)
    for path, said in read:
        clock.at = max(one.sent for one in said) + timedelta(minutes=1)
        ingest(system, CAP, path.read_bytes(), {}, WHO)
    messages = list(
        {(one.sender, one.identifier, one.sent): one for _, said in reversed(read) for one in said}.values()
    )
    assert len(messages) > 15
    assert differences(system, messages, zones, clock.at) == []


def made_up(seed: int, now: datetime) -> list[bytes]:
    """A day of an office: storms that move, are updated, cancelled, over, tests among them, in a shuffled order."""
    draw, made = random.Random(seed), []
    for storm in range(12):
        sender, event = f"office{storm % 3}@nws.example", draw.choice(["Tornado Warning", "Flood Warning"])
        names, x, y = "", draw.uniform(-121.2, -119.5), draw.uniform(37.8, 38.6)
        sent = now - timedelta(minutes=draw.randrange(30, 1200))
        for n in range(draw.randrange(1, 6)):
            kind = "Alert" if n == 0 else draw.choice(["Update", "Update", "Update", "Cancel"])
            status = draw.choice(["Actual"] * 9 + ["Test", "Exercise"])
            points = " ".join(f"{y + b:.3f},{x + a:.3f}" for a, b in ((0, 0), (0.2, 0.02), (0.15, 0.2), (0, 0)))
            where = draw.choice(
                [
                    f"<polygon>{points}</polygon><geocode><valueName>UGC</valueName><value>CAC017</value></geocode>",
                    f"<circle>{y:.3f},{x:.3f} {draw.uniform(1, 60):.1f}</circle>",
                    f"<geocode><valueName>UGC</valueName><value>{draw.choice(CODES)}</value></geocode>",
                    f"<geocode><valueName>SAME</valueName><value>{draw.choice(SAMES)}</value></geocode>",
                ]
            )
            ends = (sent + timedelta(hours=draw.choice([0.5, 2, 30]))).isoformat()
            made.append(
                f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{seed}-{storm}-{n}</identifier>
                <sender>{sender}</sender><sent>{sent.isoformat()}</sent><status>{status}</status><msgType>{kind}</msgType>
                <scope>Public</scope>{f"<references>{names}</references>" if n else ""}<info><category>Met</category>
                <event>{event}</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
                <expires>{ends}</expires><area><areaDesc>There</areaDesc>{where}</area></info></alert>""".encode()
            )
            names = f"{names} {sender},{seed}-{storm}-{n},{sent.isoformat()}".strip()
            x, y, sent = x + draw.uniform(-0.2, 0.2), y + draw.uniform(-0.1, 0.1), sent + timedelta(minutes=20)
    draw.shuffle(made)
    return made


CODES = ("CAC017", "CAZ017", "CAC000", "CAZALL", "NVC005", "CAC061")
SAMES = ("006017", "106017", "006000", "000000", "032005", "006061")
GRID = [
    Zone(
        f"g{n}-{m}",
        shapes.polygon(shapes.rectangle(-121 + n / 4, 38 + m / 4, -121 + n / 4 + 0.25, 38 + m / 4 + 0.25)),
        CODES[n : n + 1] if m == 0 else (),
        SAMES[n : n + 1] if m == 1 else (),
    )
    for n in range(6)
    for m in range(3)
]


@pytest.mark.parametrize("seed", range(40 if MANY else 2))
def test_a_made_up_day_ends_as_a_plain_computation_says(system: System, clock: Clock, seed: int) -> None:
    now = clock.at = clock.at.replace(microsecond=0)
    settle(system, GRID)
    day = made_up(seed, now)
    for body in day:
        ingest(system, CAP, body, {}, WHO)
    assert differences(system, [one for body in day for one in read_cap(body)], GRID, now) == []
