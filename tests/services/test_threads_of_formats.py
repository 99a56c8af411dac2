"""Threads in the formats of other agencies, replayed: in order, shuffled, doubled, over feeds of different formats.
What stands at the end is the same. ``ORACLE=all`` tries more."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import alerts, feed_entries, shown
from tests.services.agency import agency, rows, settle_people
from tests.services.feed_documents import SENDER
from tests.services.test_threads import FEW, TRIES, threads

WHO = Actor("someone", "cli:someone@host")
NOW = datetime.now(UTC).replace(microsecond=0)
TOKEN = "98765000"  # of a thread; each replay has another
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ACTIONS = ("submit", "show", "keep")
replays = count()
State = tuple[int, int]  # minutes after an hour ago, how bad (0 is over)
Writer = Callable[[State, int], bytes]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    feeds = tuple(FeedConfig(name, name, trust="official") for name in (*SERIES, *WRAPPED))
    return replace(agency(tmp_path), feeds=feeds)


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    settle_people(system)


# --- CAP in other clothes ---------------------------------------------------------------------------------------
def tree(body: bytes) -> Any:
    return etree.fromstring(body)


def objects(element: Any) -> dict[str, Any]:
    """CAP as JSON objects, lists for what is repeated."""
    found: dict[str, Any] = {}
    for child in element:
        name = etree.QName(child).localname
        found.setdefault(name, []).append(objects(child) if len(child) else child.text or "")
    return {
        name: values if len(values) > 1 or name in ("info", "area") else values[0] for name, values in found.items()
    }


def meteoalarm(body: bytes) -> bytes:
    return json.dumps({"warnings": [{"alert": objects(tree(body)), "uuid": "x"}]}).encode()


def edxl(body: bytes) -> bytes:
    head = "<senderID>a@b.example</senderID><dateTimeSent>2026-11-22T08:00:00-00:00</dateTimeSent>"
    kind = "<distributionStatus>Actual</distributionStatus><distributionType>Report</distributionType>"
    inner = etree.tostring(tree(body)).decode()
    content = (
        f"<contentObject><xmlContent><embeddedXMLContent>{inner}</embeddedXMLContent></xmlContent></contentObject>"
    )
    space = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"
    body = f"<distributionID>d</distributionID>{head}{kind}{content}"
    return f'<EDXLDistribution xmlns="{space}">{body}</EDXLDistribution>'.encode()


def nws(body: bytes) -> bytes:
    """As api.weather.gov says the same alert; it has no Cancel without an info."""
    alert = objects(tree(body))
    info = (alert.get("info") or [{}])[0]
    area = (info.get("area") or [{}])[0]
    ring = [[float(x) for x in reversed(pair.split(","))] for pair in area.get("polygon", "").split()]
    names = [
        dict(zip(("sender", "identifier", "sent"), r.split(","), strict=True))
        for r in alert.get("references", "").split()
    ]
    codes = info.get("parameter", {}).get("value")
    properties = {
        **{key: alert[key] for key in ("sender", "sent", "status")},
        **{key: info.get(key) for key in ("event", "headline", "description", "instruction", "senderName", "expires")},
        **{key: info.get(key) for key in ("severity", "urgency", "certainty")},
        "id": alert["identifier"],
        "messageType": alert["msgType"],
        "references": names,
        "areaDesc": area.get("areaDesc"),
        "parameters": {"VTEC": [codes]} if codes else {},
    }
    geometry = {"type": "Polygon", "coordinates": [ring]} if ring else None
    return json.dumps({"type": "Feature", "geometry": geometry, "properties": properties}).encode()


WRAPPED: dict[str, Callable[[bytes], bytes]] = {
    "meteoalarm": meteoalarm,
    "edxl": edxl,
    "naads": lambda body: body,
    "nws": nws,
    "cap": lambda body: body,
}


# --- states of a thing, one after the other ----------------------------------------------------------------------
def at(minutes: int) -> datetime:
    return NOW - timedelta(hours=1) + timedelta(minutes=minutes)


def millis(minutes: int) -> int:
    return int(at(minutes).timestamp() * 1000)


def usgs(state: State, n: int) -> bytes:
    minutes, bad = state
    said = {"mag": 4 + bad, "time": millis(0), "updated": millis(minutes), "net": "nc", "code": TOKEN, "title": "M"}
    said |= {"status": "reviewed" if bad else "deleted", "place": "Judge"}
    point = {"type": "Point", "coordinates": [-120.97, 38.03, 2]}
    quake = {"type": "Feature", "id": f"nc{TOKEN}", "properties": said, "geometry": point}
    return json.dumps({"type": "FeatureCollection", "features": [quake]}).encode()


def gdacs(state: State, n: int) -> bytes:
    minutes, bad = state
    date = format_datetime(at(minutes), usegmt=True)
    return f"""<rss version="2.0" xmlns:gdacs="http://www.gdacs.org" xmlns:georss="http://www.georss.org/georss">
    <channel><title>GDACS</title><item><title>Flood {bad}</title><guid>FL{TOKEN}</guid>
    <pubDate>{format_datetime(at(0), usegmt=True)}</pubDate>
    <gdacs:iscurrent>{"true" if bad else "false"}</gdacs:iscurrent>
    <gdacs:datemodified>{date}</gdacs:datemodified><gdacs:todate>{date}</gdacs:todate>
    <georss:point>38.03 -120.97</georss:point>
    <gdacs:eventtype>FL</gdacs:eventtype><gdacs:alertlevel>{("Green", "Orange", "Red", "Red")[bad]}</gdacs:alertlevel>
    </item></channel></rss>""".encode()


def uk_flood(state: State, n: int) -> bytes:
    minutes, bad = state
    flood = {"floodAreaID": TOKEN, "severityLevel": 4 - bad, "severity": "Flood", "description": "River"}
    times = {"timeRaised": at(0).isoformat(), "timeSeverityChanged": at(minutes).isoformat()}
    return json.dumps({"items": [flood | times]}).encode()


def jma(state: State, n: int) -> bytes:
    minutes, bad = state
    kind, when = ("取消", "訂正", "発表", "発表")[bad], at(minutes).isoformat()
    spaces = 'xmlns="http://xml.kishou.go.jp/jmaxml1/"', 'xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"'
    return f"""<Report {spaces[0]}><Control><Title>震度速報</Title><DateTime>{when}</DateTime><Status>通常</Status>
    <PublishingOffice>気象庁</PublishingOffice></Control><Head {spaces[1]}><Title>震度速報</Title>
    <ReportDateTime>{when}</ReportDateTime><TargetDateTime>{when}</TargetDateTime><EventID>{TOKEN}</EventID>
    <InfoType>{kind}</InfoType><Serial>{n}</Serial><InfoKind>震度速報</InfoKind>
    <Headline><Text>強い揺れ{bad}</Text></Headline></Head></Report>""".encode()


def tsunami(state: State, n: int) -> bytes:
    minutes, bad = state
    when, word = f"{at(minutes):%Y-%m-%dT%H:%M:%SZ}", ("Information", "Advisory", "Watch", "Warning")[bad]
    address = f"https://www.tsunami.gov/events/PAAQ/2026/11/22/{TOKEN}/{n + 1}/WEAK51/WEAK51.txt"
    return f"""<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>T</title><updated>{when}</updated><author>
    <name>NTWC</name><email>ntwc@noaa.example</email></author><entry><title>Off Judge</title><updated>{when}</updated>
    <id>urn:uuid:{TOKEN}-{n}</id><summary>Category: {word}</summary>
    <link rel="alternate" href="{address}"/></entry></feed>""".encode()


def georss(state: State, n: int) -> bytes:
    minutes, bad = state
    return f"""<rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><title>Roads</title>
    <link>https://roads.example/</link><item><guid>{TOKEN}</guid><title>Road {bad}</title>
    <pubDate>{format_datetime(at(minutes), usegmt=True)}</pubDate><georss:point>38.03 -120.97</georss:point>
    </item></channel></rss>""".encode()


def airnow(state: State, n: int) -> bytes:
    minutes, bad = state
    text = f"Location: Judge {TOKEN}&lt;br /&gt;Moderate - {50 + 90 * bad} AQI - Ozone&lt;br /&gt;"
    updated = format_datetime(at(minutes), usegmt=True)
    return f"""<rss version="2.0"><channel><title>Air</title><item><title>Judge {TOKEN} - Current Air Quality</title>
    <description>{text}Last Update: {updated}</description></item></channel></rss>""".encode()


SERIES: dict[str, Writer] = {one.__name__: one for one in (usgs, gdacs, uk_flood, jma, tsunami, georss, airnow)}


# --- replays ----------------------------------------------------------------------------------------------------
def standing(system: System, token: str) -> tuple[object, ...]:
    """What waits, is shown and is written of this replay, without its own token."""
    e, a = feed_entries.c, alerts.c
    mine = e.identifier.contains(token) | e.sender.contains(token)
    waiting = sa.select(e.identifier, e.sent, e.zones, e.level, e.ends).where(mine, e.awaits.is_not(None))
    page = sa.select(e.identifier, e.sent, shown.c.zones).join(shown, shown.c.entry == e.id)
    ours = sa.select(a.source_identifier, a.zones, a.state).where(
        a.source_identifier.contains(token) | a.source_sender.contains(token),
        a.state.in_(["draft", "in_review", "live"]),
    )
    found = (waiting, page.where(mine, shown.c.state == "live"), ours)
    return tuple(sorted(repr(tuple(row)).replace(token, TOKEN) for row in rows(system, query)) for query in found)


def ended(
    system: System, told: Sequence[tuple[str, bytes]], old: str, how: str, draw: random.Random
) -> tuple[object, ...]:
    """What stands after another thing's same states came like this; ``told``: (feed, document)."""
    token = f"{98765001 + next(replays)}"
    bodies = [(feed, body.replace(old.encode(), f"{token}{old.removeprefix(TOKEN)}".encode())) for feed, body in told]
    bodies = [*bodies, *bodies] if how == "doubled" else bodies
    if how != "in order":
        draw.shuffle(bodies)
    for name, body in bodies:
        feed = system.config.feed(name)
        assert feed is not None
        ingest(system, feed, body, {}, WHO)
    return standing(system, token)


def alike(system: System, told: Sequence[tuple[str, bytes]], old: str, draw: random.Random) -> bool:
    """Under one of the rules, or all; is there anything at the end?"""
    stands = False
    for action in ACTIONS if TRIES > FEW else (draw.choice(ACTIONS),):
        ruled = replace(system, config=replace(system.config, rules=(RuleConfig("all", action),)))
        first = ended(ruled, told, old, "in order", draw)
        for how in ("shuffled", "doubled"):
            assert ended(ruled, told, old, how, draw) == first, (action, how)
        stands |= any(first)
    return stands


def tried(test: Callable[..., None]) -> Callable[..., None]:
    few = settings(
        max_examples=TRIES if TRIES > FEW else 2,
        suppress_health_check=list(HealthCheck),
        database=None,
        deadline=None,
        derandomize=TRIES == FEW,
        phases=[Phase.generate],
    )
    return few(test)


@ONCE
def test_the_states_of_a_thing_end_the_same_however_they_come(system: System) -> None:
    @tried
    @given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=2, max_size=5), st.randoms())
    def each(states: list[State], draw: random.Random) -> None:
        once = {
            minutes: (minutes, bad) for minutes, bad in states
        }  # of two at one time the first counts (docs/input.md)
        for name, write in SERIES.items():
            told = [(name, write(state, n)) for n, (_, state) in enumerate(sorted(once.items()))]
            stood.update([name] if alike(system, told, TOKEN, draw) else [])

    stood: set[str] = set()
    each()
    assert stood == set(SERIES)


@ONCE
def test_a_thread_over_feeds_of_different_formats_ends_the_same(system: System) -> None:
    @tried
    @given(threads(), st.randoms())
    def each(bodies: list[bytes], draw: random.Random) -> None:
        for name in WRAPPED:
            told = [(name, WRAPPED[name](body)) for body in bodies if name != "nws" or b"<info>" in body]
            alike(system, told, SENDER, draw)
        full = [body for body in bodies if b"<info>" in body]
        mixed = [(name, WRAPPED[name](body)) for body in full for name in draw.sample(sorted(WRAPPED), 2)]
        alike(system, mixed, SENDER, draw)

    each()
