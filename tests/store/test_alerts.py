"""Alerts in the record: compare-and-set, reading back, finding by what others call them. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Alert, AlertContent, Area, Circle, Info, Mode, MsgType, Reference, Source, State
from broadcaster.domain.errors import NotFound
from broadcaster.domain.message import Finding, Message
from broadcaster.store import alerts as store
from broadcaster.store.alerts import Reviewed
from broadcaster.store.engine import Database
from broadcaster.store.schema import incidents

NOW = datetime(2026, 11, 22, 2, 0, 0, 123456, tzinfo=UTC)
CONTENT = AlertContent(
    "cap",
    {"hazard": "ñ"},
    ("en", "es"),
    (Info(event="Fire", headline="Fire in Judge", expires=NOW, parameters=(("VTEC", "x"),)),),
    (
        Area(
            "Valley",
            (((38.0, -121.0), (38.0, -120.9), (38.1, -120.9), (38.0, -121.0)),),
            (Circle((38.0, -121.0), 2.5),),
        ),
    ),
    "note",
)
FIRST = Alert(
    id="a1",
    slug="a1",
    incident="i1",
    state=State.DRAFT,
    revision=1,
    mode=Mode.TEST,
    msg_type=MsgType.ALERT,
    content=CONTENT,
    zones=("z1", "z2"),
    channels=("sms",),
    created=NOW,
    expires=NOW,
    source=Source("nws", "t", "w@noaa.example", "urn:1", NOW),
    unresolved=("x,y,z",),
    created_by="somebody",
)


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as connection:
        store.insert(connection, FIRST, "hash")
    return database


def test_what_is_written_is_read_back(filled: Database) -> None:
    with filled.read() as connection:
        assert store.get(connection, "a1") == FIRST
        assert store.source_hash(connection, "a1") == "hash"
        assert connection.execute(sa.select(incidents.c.title)).scalar_one() == "Fire in Judge"
        assert store.find(connection, "nothing") is None
        with pytest.raises(NotFound):
            store.get(connection, "nothing")


@pytest.mark.parametrize(
    ("seen", "wins"),
    [
        (FIRST, True),
        (replace(FIRST, revision=2), False),
        (replace(FIRST, revision=0), False),
        (replace(FIRST, state=State.IN_REVIEW), False),
        (replace(FIRST, id="a2"), False),
    ],
)
def test_a_change_needs_the_state_and_revision_that_were_seen(filled: Database, seen: Alert, wins: bool) -> None:
    with filled.write() as connection:
        assert store.change(connection, seen, replace(seen, state=State.LIVE, zones=("z3",))) is wins
        now = store.get(connection, "a1")
        assert (now.state, now.revision, now.zones) == (
            (State.LIVE, 2, ("z3",)) if wins else (State.DRAFT, 1, ("z1", "z2"))
        )


def test_only_one_alert_changes(filled: Database) -> None:
    with filled.write() as connection:
        store.insert(connection, replace(FIRST, id="a2", slug="a2"))
        store.change(connection, FIRST, replace(FIRST, state=State.LIVE))
        assert store.get(connection, "a2").state == State.DRAFT


def test_what_replaces_what_is_kept_in_both_directions_and_through_others(filled: Database) -> None:
    with filled.write() as connection:
        store.insert(connection, replace(FIRST, id="a2", slug="a2", replaces=("a1",)))
        store.insert(connection, replace(FIRST, id="a3", slug="a3", replaces=("a1", "a2")))
        store.insert(connection, replace(FIRST, id="a4", slug="a4"))
        assert store.get(connection, "a3").replaces == ("a1", "a2")
        assert store.replaced_by(connection, "a1") == ("a2", "a3")
        assert store.ancestors(connection, ["a3"]) == ("a3", "a1", "a2")
        assert store.ancestors(connection, ["a4"]) == ("a4",)
        third = store.get(connection, "a3")
        store.change(connection, third, replace(third, replaces=("a2",)))
        assert store.replaced_by(connection, "a1") == ("a2",)
        assert [a.id for a in store.by_ids(connection, ["a3", "a1", "a1", "none"], lock=True)] == ["a1", "a3"]


def test_alerts_are_listed_newest_first_and_by_state(filled: Database) -> None:
    with filled.write() as connection:
        store.insert(
            connection, replace(FIRST, id="a0", slug="a0", created=NOW + timedelta(seconds=1), state=State.LIVE)
        )
        assert [a.id for a in store.in_states(connection)] == ["a0", "a1"]
        assert [a.id for a in store.in_states(connection, State.DRAFT)] == ["a1"]


def test_a_reference_is_the_sources_or_ours_with_sender_identifier_and_time(filled: Database) -> None:
    ours = replace(FIRST, id="a2", slug="a2", identifier="us-a2", sent=NOW, source=Source())
    with filled.write() as connection:
        store.insert(connection, ours)

        def found(sender: str, identifier: str, sent: datetime) -> str | None:
            alert = store.of_reference(connection, Reference(sender, identifier, sent), "us@judge.example")
            return None if alert is None else alert.id

        assert found("w@noaa.example", "urn:1", NOW) == "a1"
        assert found("w@noaa.example", "urn:2", NOW) is None
        assert found("x@noaa.example", "urn:1", NOW) is None
        assert found("w@noaa.example", "urn:1", NOW + timedelta(seconds=1)) is None
        assert found("us@judge.example", "us-a2", NOW) == "a2"
        assert found("us@judge.example", "us-a2", NOW + timedelta(seconds=1)) is None
        assert found("else@judge.example", "us-a2", NOW) is None
        assert store.of_identifier(connection, "us-a2") == store.of_identifier(connection, "a2") == ours
        assert store.of_identifier(connection, "urn:1") is None


def test_of_several_from_one_source_message_the_newest_is_found(filled: Database) -> None:
    with filled.write() as connection:
        store.insert(connection, replace(FIRST, id="a2", slug="a2", created=NOW + timedelta(seconds=1)))
        newest = store.of_source(connection, "w@noaa.example", "urn:1", NOW)
        assert newest is not None
        assert newest.id == "a2"
        assert store.of_source(connection, "w@noaa.example", "urn:1", None) == newest


def test_texts_and_findings_are_replaced_and_steps_only_added(filled: Database) -> None:
    texts = (Message("sms", "en", "Go", "", 1, 2), Message("sms", "es", "Vaya", "s", 2, 4))
    steps = (Reviewed("submit", "a", NOW, "", "d"), Reviewed("return", "b", NOW, "why"))
    with filled.write() as connection:
        store.insert(connection, replace(FIRST, id="a2", slug="a2"))
        for alert in ("a2", "a1"):
            store.put_messages(connection, alert, (texts[0],))
            store.put_findings(connection, alert, (Finding("x", "y"),))
        store.put_messages(connection, "a1", texts)
        store.put_findings(connection, "a1", (Finding("no_area", "z", blocking=True),))
        store.add_finding(connection, "a1", Finding("more", "m"))
        for step in steps:
            store.add_review(connection, "a1", step)
        assert store.messages_of(connection, "a1") == texts
        assert store.messages_of(connection, "a2") == (texts[0],)
        assert store.findings_of(connection, "a1") == (Finding("no_area", "z", blocking=True), Finding("more", "m"))
        assert store.findings_of(connection, "a2") == (Finding("x", "y"),)
        assert store.reviews_of(connection, "a1") == steps
        assert store.reviews_of(connection, "a2") == ()
