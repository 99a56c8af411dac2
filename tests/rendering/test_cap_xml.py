"""Our CAP passes the OASIS schema, keeps what it was given, and carries offsets instead of Z."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from broadcaster.domain.alert import (
    Area,
    CapMessage,
    Circle,
    Info,
    Mode,
    MsgType,
    Reference,
    Resource,
    Scope,
    Status,
)
from broadcaster.domain.cap_message import build, shortened
from broadcaster.domain.config import Agency
from broadcaster.rendering.cap_xml import NAMESPACE, write
from tests.public.made import AT, SQUARE, alert, info

AGENCY = Agency("Judge County", "alerts@judge.example", contact="555-0100")
SCHEMA = Path(__file__).parents[1] / "data" / "oasis-CAP-v1.2.xsd"
XSD = etree.XMLSchema(etree.parse(str(SCHEMA)))


def texts(document: bytes, name: str) -> list[str | None]:
    return [found.text for found in etree.fromstring(document).iter(f"{{{NAMESPACE}}}{name}")]


def valid(document: bytes) -> None:
    XSD.assertValid(etree.fromstring(document))


def rich() -> CapMessage:
    area = Area("Hills & valleys", (SQUARE,), (Circle((38.5, -119.5), 2.5),), (("SAME", "006037"),), 100.0, 5000.5)
    resource = Resource("Map <b>", "image/png", "https://judge.example/a map.png", 1200, "abc")
    words = info(
        "act_now",
        areas=(area,),
        resources=(resource,),
        event_codes=(("SAME", "FRW"),),
        onset=AT,
        effective=AT,
        expires=AT + timedelta(hours=1),
        ends=AT + timedelta(hours=2),
        web="https://judge.example/x",
        parameters=(("VTEC", "/O.NEW/"),),
        audience="all",
    )
    spanish = replace(words, language="es", headline="Salga ahora: ñ & <b>")
    references = (Reference("alerts@judge.example", "judge-0", AT - timedelta(hours=1)),)
    return CapMessage(
        "judge-1",
        "alerts@judge.example",
        AT,
        Status.EXERCISE,
        MsgType.UPDATE,
        Scope.RESTRICTED,
        "source",
        "restriction",
        "a@b",
        ("IPAWSv1.0",),
        "note",
        references,
        "incident",
        (words, spanish),
    )


def test_a_full_message_passes_the_schema() -> None:
    document = write(rich())
    valid(document)
    assert texts(document, "headline") == ["Leave Judge Valley now", "Salga ahora: ñ & <b>"]
    assert texts(document, "references") == ["alerts@judge.example,judge-0,2026-01-05T19:00:00-00:00"]
    assert texts(document, "circle")[0] == "38.5,-119.5 2.5"
    assert texts(document, "polygon")[0] == "38,-120 38,-119 39,-119 39,-120 38,-120"
    assert texts(document, "uri")[0] == "https://judge.example/a%20map.png"


def test_times_carry_an_offset_and_never_z() -> None:
    moved = replace(rich(), sent=datetime(2026, 1, 5, 12, 0, 0, 999999, tzinfo=timezone(timedelta(hours=-8))))
    assert texts(write(moved), "sent") == ["2026-01-05T20:00:00-00:00"]
    assert b"Z<" not in write(rich())


def test_the_events_own_end_is_kept_once() -> None:
    document = write(rich())
    assert texts(document, "valueName").count("eventEndingTime") == 2  # one for each language
    words = replace(rich().infos[0], parameters=(("eventEndingTime", "x"),))
    assert texts(write(replace(rich(), infos=(words,))), "valueName").count("eventEndingTime") == 1


def test_an_open_ring_is_closed() -> None:
    words = replace(rich().infos[0], areas=(Area("open", (SQUARE[:-1],)),))
    assert str(texts(write(replace(rich(), infos=(words,))), "polygon")[0]).endswith("38,-120")


def test_our_own_alert_follows_the_profile() -> None:
    live = alert(until_lifted=True, expires=None)
    earlier = (Reference("alerts@judge.example", "judge-0", AT - timedelta(hours=1)),)
    message = build(live, AGENCY, earlier, "https://judge.example/alerts/a1", timedelta(hours=72))
    document = write(message)
    valid(document)
    assert texts(document, "expires") == ["2026-01-08T20:00:00-00:00"] * 2
    assert texts(document, "effective") == ["2026-01-05T20:00:00-00:00"] * 2
    assert texts(document, "web") == ["https://judge.example/alerts/a1"] * 2
    assert texts(document, "areaDesc") == ["Judge Valley"] * 2
    assert texts(document, "status") == ["Actual"]
    assert message.references == earlier
    for name in ("category", "event", "urgency", "severity", "certainty", "senderName", "headline", "contact"):
        assert all(texts(document, name))


def test_what_an_alert_says_itself_is_not_overwritten() -> None:
    words = info(sender_name="Sheriff", web="https://x.example/", contact="555-0199", effective=AT, areas=())
    made = build(alert(infos=(words,)), AGENCY, (), "https://judge.example/a", timedelta(hours=1)).infos[0]
    assert (made.sender_name, made.web, made.contact) == ("Sheriff", "https://x.example/", "555-0199")
    assert made.areas == alert().content.areas
    bare = replace(words, sender_name="", web="", contact="", categories=(), event="", headline="Only a headline")
    filled = build(alert(infos=(bare,)), AGENCY, (), "https://judge.example/a", timedelta(hours=1)).infos[0]
    assert (filled.sender_name, filled.contact, filled.categories) == ("Judge County", "555-0100", ("Other",))
    assert filled.event == "Only a headline"


def test_a_drill_is_marked_in_status_and_note() -> None:
    message = build(alert(mode=Mode.EXERCISE), AGENCY, (), "https://j.example", timedelta(hours=1))
    assert message.status is Status.EXERCISE
    assert message.note
    assert build(alert(), AGENCY, (), "https://j.example", timedelta(hours=1)).note == ""


def test_an_alert_that_was_never_live_has_no_message() -> None:
    with pytest.raises(ValueError, match="never live"):
        build(alert(identifier=None, sent=None), AGENCY, (), "", timedelta(hours=1))
    with pytest.raises(ValueError, match="never live"):
        build(alert(sent=None), AGENCY, (), "", timedelta(hours=1))


def test_headlines_are_cut_between_words() -> None:
    assert shortened("a" * 160) == "a" * 160
    cut = shortened("word " * 40)
    assert len(cut) <= 160
    assert cut.endswith("word…")


TEXT = st.text(max_size=40)


@given(
    TEXT,
    TEXT,
    st.lists(TEXT, max_size=3),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.floats(0, 1e6),
    st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_whatever_a_feed_held_what_we_publish_is_valid(
    word: str, other: str, words: list[str], latitude: float, longitude: float, radius: float, at: datetime
) -> None:
    area = Area(word, ((*SQUARE,),), (Circle((latitude, longitude), radius),), ((other, word),), latitude, radius)
    resource = Resource(word, other, word, None, other)
    one = Info(
        word,
        tuple(words),
        other,
        tuple(words),
        event_codes=((word, other),),
        expires=at,
        web=word,
        areas=(area,),
        resources=(resource,),
        description=other,
    )
    message = CapMessage(
        word,
        other,
        at,
        Status.ACTUAL,
        MsgType.ALERT,
        Scope.PUBLIC,
        word,
        codes=tuple(words),
        note=other,
        references=(Reference(word, other, at),),
        infos=(one,),
    )
    valid(write(message))
