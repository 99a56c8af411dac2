"""The desks' services: masked people, files in and out, zones compared, channels asked, settings without secrets."""

from __future__ import annotations

import io
import json
import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.app import TEMPLATES
from broadcaster.channels import x
from broadcaster.channels.simulated import Options
from broadcaster.domain.audience import masked
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import Agency, ChannelConfig, Config, FeedConfig, Policy, Settings
from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused
from broadcaster.domain.feed_health import feed_cause
from broadcaster.services import (
    audit,
    audit_trail,
    channel_desk,
    feed_desk,
    settings_view,
    subscriber_desk,
    switches,
    template_desk,
    uploads,
    zones,
)
from broadcaster.services.ingest import ingest
from broadcaster.services.simulated import stages
from broadcaster.services.system import Actor, System
from broadcaster.store.audit_trail import Asked
from broadcaster.store.schema import broadcasts, deliveries, opt_outs, subscribers
from broadcaster.store.watch import entries as waiting
from tests.conftest import Clock
from tests.people import hire
from tests.services.agency import AUTHOR, CHIEF, agency, in_review, live, rows, settle_people, square
from tests.services.feed_documents import document

ADMIN = Actor("admin@judge.example", "test", frozenset({"admin"}), verified=True)
SHELL = Actor("system", "test")
NWS = FeedConfig("nws", "cap", url="https://feed.example/x?key=topsecret", trust="official")
CSV = b"phone,email,language,zones,channels\n+15550109999,,en,valley,\n+1555,,en,valley,\n+15550109998,,en,nowhere,\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(NWS,))


@pytest.fixture(autouse=True)
def county(system: System) -> None:
    settle_people(system)


# --- subscribers ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+15035551234", "+1•••••1234"),
        ("anna@example.org", "a•••@example.org"),
        ("+1234", "•••"),
    ],
)
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_counts_are_of_people_who_can_be_reached(system: System) -> None:
    with system.database.write() as connection:
        first = sa.select(sa.func.min(subscribers.c.id)).scalar_subquery()
        connection.execute(subscribers.update().where(subscribers.c.id == first).values(phone_out=system.now()))
    found = subscriber_desk.counts(system)
    assert (found.people, found.by_phone, found.by_email, found.left) == (3, 3, 0, 1)
    assert found.zones == (("hills", "Judge Hills", 1), ("valley", "Judge Valley", 2))
    assert (found.languages, found.channels) == ({"en": 2, "es": 1}, {})


def test_search_takes_a_number_as_people_write_it_and_shows_it_masked(system: System) -> None:
    (found,) = subscriber_desk.search(system, "(555) 010-0001")
    assert (found.phone, found.email, found.language, found.zones) == ("+1•••••0001", "", "es", ("Judge Valley",))
    assert len(subscriber_desk.search(system, "555010")) == 4
    assert len(subscriber_desk.search(system, "555010", "hills")) == 1
    assert len(subscriber_desk.search(system, "", "valley")) == 3
    assert subscriber_desk.search(system, "%%%") == []


@pytest.mark.parametrize("text", ["", "55", " 5-5 "])
def test_search_for_next_to_nothing_is_refused(system: System, text: str) -> None:
    with pytest.raises(Invalid):
        subscriber_desk.search(system, text)


def test_an_upload_is_not_kept_and_its_bad_rows_are_for_a_day(system: System, clock: Clock) -> None:
    done = subscriber_desk.take(system, ADMIN, "../../peo ple.csv", io.BytesIO(CSV))
    assert (done.report.added, done.report.rejected) == (1, 2)
    text = subscriber_desk.rejected(system, ADMIN, done.rejected).decode()
    assert "+1555," in text
    assert "nowhere" in text
    folder = Path(system.settings.data) / "uploads"
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["rejected.csv"]
    assert folder.stat().st_mode & 0o077 == 0
    clock.forward(days=2)
    good = subscriber_desk.take(system, ADMIN, "people.csv", io.BytesIO(CSV.splitlines(keepends=True)[0] + b""))
    assert good.rejected == ""
    with pytest.raises(NotFound):
        subscriber_desk.rejected(system, ADMIN, done.rejected)


@pytest.mark.parametrize("key", ["", "..", "../x", "0" * 32, "0" * 31 + "/"])
def test_no_other_file_is_reached_by_a_key(system: System, key: str) -> None:
    with pytest.raises(NotFound):
        uploads.find(system, key)


@pytest.mark.parametrize("body", [b"\x00\x01", b"\x89PNG\r\n\x1a\n", b"", b"phone,email\n"])
def test_a_file_that_is_no_csv_changes_nothing_and_leaves_nothing(system: System, body: bytes) -> None:
    with pytest.raises(Invalid, match="not a CSV file with the columns phone,email,") as refused:
        subscriber_desk.take(system, ADMIN, "people.csv", io.BytesIO(body))
    assert "uploads" not in refused.value.text
    assert [path for path in (Path(system.settings.data) / "uploads").rglob("*") if path.is_file()] == []


def test_only_an_admin_takes_files_and_only_a_proven_one_exports(system: System) -> None:
    with pytest.raises(Forbidden):
        subscriber_desk.take(system, CHIEF, "people.csv", io.BytesIO(CSV))
    for actor in (CHIEF, replace(ADMIN, verified=False)):
        with pytest.raises(Forbidden):
            subscriber_desk.export(system, actor)
    assert subscriber_desk.export(system, ADMIN).count("+1555010") == 4


@pytest.mark.parametrize(("keep_out", "kept"), [(True, 1), (False, 0)])
def test_a_person_is_forgotten_and_kept_out_if_asked(system: System, keep_out: bool, kept: int) -> None:
    (found,) = subscriber_desk.search(system, "5550100001")
    with pytest.raises(Forbidden):
        subscriber_desk.remove(system, CHIEF, found.id, keep_out)
    subscriber_desk.remove(system, ADMIN, found.id, keep_out)
    assert subscriber_desk.search(system, "5550100001") == []
    assert len(rows(system, sa.select(opt_outs.c.address_hash))) == kept
    again = b"phone,email,language,zones,channels\n+15550100001,,en,valley,\n"
    assert subscriber_desk.take(system, ADMIN, "p.csv", io.BytesIO(again)).report.added == 1 - kept
    with pytest.raises(NotFound):
        subscriber_desk.remove(system, ADMIN, found.id, keep_out)


# --- zones ------------------------------------------------------------------------------------------------------
def test_a_file_of_zones_is_compared_without_changing_anything(system: System, tmp_path: Path) -> None:
    def feature(id_: str, name: str, west: float, **codes: object) -> dict[str, object]:
        return {"type": "Feature", "properties": {"id": id_, "name": name, **codes}, "geometry": square(west, 38.0)}

    file = tmp_path / "z.geojson"
    features = [feature("valley", "Judge Valley", -121.0, ugc=["CAZ017"]), feature("new", "New Town", -110.0)]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = zones.compare(system, file)
    assert [(one.id, one.kind, one.parts) for one in found.changes] == [
        ("valley", "changed", ("codes",)),
        ("new", "new", ()),
    ]
    assert found.kept == ("Judge Hills",)
    zones.import_geojson(system, ADMIN, file)
    assert [one.kind for one in zones.compare(system, file).changes] == ["same", "same"]


# --- feeds ------------------------------------------------------------------------------------------------------
def test_an_entry_is_put_aside_once_with_a_reason(system: System) -> None:
    ingest(system, NWS, document(), {}, Actor("feed:nws", "clock"))
    (entry,) = feed_desk.entries(system, waiting=True).entries
    with pytest.raises(Refused, match="why"):
        feed_desk.put_aside(system, AUTHOR, entry.row.id, "  ")
    with pytest.raises(Forbidden):
        feed_desk.put_aside(system, Actor("feed:nws", "clock"), entry.row.id, "no")
    feed_desk.put_aside(system, AUTHOR, entry.row.id, "does not concern us")
    assert feed_desk.entries(system, waiting=True).entries == ()
    row = feed_desk.entry(system, entry.row.id).row
    assert (row.decided_by, row.decided_reason, bytes(row.raw)) == (AUTHOR.name, "does not concern us", document())
    with pytest.raises(Refused, match="does not wait"):
        feed_desk.put_aside(system, AUTHOR, entry.row.id, "again")
    with system.database.read() as connection:
        assert waiting(connection, system.now(), 10) == []


def test_entries_come_in_pages(system: System) -> None:
    for n in range(feed_desk.PAGE + 2):
        ingest(system, NWS, document(f"e{n}", n), {}, Actor("feed:nws", "clock"))
    first = feed_desk.entries(system, "nws")
    assert (len(first.entries), first.more) == (feed_desk.PAGE, first.entries[-1].row.id)
    rest = feed_desk.entries(system, "nws", before=first.more)
    assert (len(rest.entries), rest.more) == (2, None)
    assert feed_desk.entries(system, "other").entries == ()


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("https://x answered 403", "refused"),
        ("https://x answered 404", "gone"),
        ("https://x answered 429", "too_often"),
        ("https://x answered 503", "their_fault"),
        ("No connection to x: refused", "network"),
        ("not_well_formed: line 3", "unreadable"),
        ("something new", ""),
        ("", ""),
    ],
)
def test_the_cause_of_a_failed_poll(error: str, cause: str) -> None:
    assert feed_cause(error) == cause


# --- channels ---------------------------------------------------------------------------------------------------
def test_a_test_goes_to_the_persons_own_number_and_says_so_first_and_last(system: System) -> None:
    hire(system, {"chief": ["approver"]}, chief="+15550107777")
    done = channel_desk.test(system, CHIEF, "sms")
    assert done.accepted
    ((shown,),) = stages(system)[0].threads
    assert shown.text.startswith("TEST.")
    assert shown.text.endswith("TEST")
    assert "7777" in shown.to


def test_a_test_is_refused_without_a_number_to_an_author_and_while_stopped(system: System) -> None:
    with pytest.raises(Refused, match="address"):
        channel_desk.test(system, CHIEF, "sms")
    with pytest.raises(Refused, match="address"):
        channel_desk.test(system, CHIEF, "county")  # posts are for everybody: there is no test to oneself
    hire(system, {"chief": ["approver"]}, chief="+15550107777")
    with pytest.raises(Forbidden):
        channel_desk.test(system, AUTHOR, "sms")
    switches.stop(system, CHIEF, "channel:sms")
    with pytest.raises(Refused, match="stopped"):
        channel_desk.test(system, CHIEF, "sms")
    assert stages(system)[0].threads == ()


def test_a_channel_that_does_not_exist_is_not_found(system: System) -> None:
    with pytest.raises(NotFound):
        channel_desk.check(system, "pigeon")
    assert all(check.ok for check in channel_desk.check(system, "sms"))


def test_the_desk_shows_who_stopped_a_channel_and_its_pace(system: System) -> None:
    switches.stop(system, CHIEF, "channel:sms")
    sms = channel_desk.channels(system)[0]
    assert sms.stopped is not None
    assert (sms.stopped.by, sms.resting, sms.pace) == (CHIEF.name, "", 1000)


# --- templates, audit, settings ---------------------------------------------------------------------------------
def test_every_template_has_an_example_in_every_language(system: System) -> None:
    for one in template_desk.listing(system):
        _, examples = template_desk.examples(system, one.name)
        assert {example.words["language"] for example in examples} == {"en", "es"}
        assert all({message.channel for message in example.messages} >= {"sms"} for example in examples)
    with pytest.raises(NotFound):
        template_desk.examples(system, "../cap")


def test_the_audit_is_found_by_object_person_and_time(system: System, clock: Clock) -> None:
    first = in_review(system)
    clock.forward(days=1)
    second = in_review(system)
    of_first = audit_trail.search(system, Asked(object=first.id)).entries
    assert {told.alert for told in of_first} == {first.id}
    assert audit_trail.search(system, Asked(person="AUTHOR@")).entries[0].alert == second.id
    later = audit_trail.search(system, Asked(since=clock() - timedelta(hours=1))).entries
    assert {told.alert for told in later} == {second.id}
    earlier = audit_trail.search(system, Asked(until=clock() - timedelta(hours=1))).entries
    assert first.id in {told.alert for told in earlier}
    assert second.id not in {told.alert for told in earlier}
    assert audit_trail.search(system, Asked(object="%")).entries == ()


def test_an_export_of_the_audit_holds_the_exact_content_and_is_itself_recorded(system: System) -> None:
    alert = in_review(system)
    lines = [json.loads(line) for line in audit_trail.export(system, ADMIN, Asked(object=alert.id)).splitlines()]
    assert [line["verb"] for line in lines] == ["alert.create", "alert.submit"]
    assert lines[0]["detail"]["content"]["template"] == "evacuation_order"
    assert audit_trail.search(system, Asked()).entries[0].verb == "audit.export"
    assert audit.verify(system) == []


def test_settings_say_where_they_come_from_and_show_no_secret(system: System, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "agency.toml").write_text('[agency]\nname = "Judge County"\ncap_sender = "a@b"\n')
    (folder / "channels.toml").write_text(
        '[[channel]]\nname = "text"\nkind = "twilio_sms"\nauth_token = "env:TOKEN"\nbase_url = "https://api.example"\n'
    )
    (folder / "feeds.toml").write_text(
        '[[feed]]\nname = "nws"\nformat = "cap"\nurl = "https://f.example/x?key=topsecret"\n'
    )
    settings = replace(system.settings, database_url="postgresql+psycopg://me:hidden@host/name", config=str(folder))
    env = {"PORT": "8000", "SECRET_KEY_FILE": "/run/key", "TOKEN": "tokenvalue"}
    seen = settings_view.view(replace(system, settings=settings), env)
    values = {(group.title, value.name): value for group in seen for value in group.values}
    assert values["environment", "PORT"].source == "environment"
    assert values["environment", "PUBLIC_URL"].source == "default"
    secret = values["environment", "SECRET_KEY"]
    assert (secret.source, secret.secret, secret.is_set, secret.shown) == ("file", True, True, "")
    assert values["agency.toml", "name"].source == "config"
    assert values["agency.toml", "timezone"].source == "default"
    token = values["channels.toml [[channel]] text", "auth_token (TOKEN)"]
    assert (token.secret, token.is_set, token.source) == (True, True, "environment")
    text = repr(seen)
    for never in ("hidden", "tokenvalue", "topsecret", "k" * 48):
        assert never not in text


def test_every_setting_of_the_environment_is_shown() -> None:
    derived = {"embedded_redis"}
    assert {field.name for field in fields(Settings)} - derived == set(settings_view.NAMES)


def test_a_channels_errors_are_counted_by_code_with_their_meaning(system: System) -> None:
    live(system)
    with system.database.write() as connection:
        broadcast = connection.execute(sa.select(broadcasts.c.id)).scalar_one()
        message = connection.execute(sa.select(deliveries.c.message).limit(1)).scalar_one()
        for n, code in enumerate(("X1", "X1", "")):
            row = {"broadcast": broadcast, "channel": "sms", "recipient": str(n), "state": "failed", "priority": 1}
            row |= {"due": system.now(), "tries": 1, "code": code, "reason": "", "changed": system.now()}
            connection.execute(deliveries.insert().values(message=message, **row))
    sms = channel_desk.channels(system)[0]
    assert sms.totals["failed"] == 3
    assert [(error.code, error.count, str(error.verdict)) for error in sms.errors] == [("X1", 2, "retry_once")]


def test_posts_that_cost_are_counted_since_the_first_of_the_month(system: System) -> None:
    live(system)
    priced = x.Options(*map(Secret, "abcd"), price_per_post=0.015)
    [text, county] = system.config.channels
    account = ChannelConfig(county.name, "x", languages=county.languages, options=priced)
    house = replace(system, config=replace(system.config, channels=(text, account)))
    assert [desk.posts for desk in channel_desk.channels(house)] == [0, 0]
    with system.database.write() as connection:
        connection.execute(deliveries.update().where(deliveries.c.channel == county.name).values(state="delivered"))
    [_, desk] = channel_desk.channels(house)
    assert (desk.posts, round(desk.spent, 3)) == (2, 0.03)
    with system.database.write() as connection:
        connection.execute(broadcasts.update().values(created=system.now() - timedelta(days=40)))
    assert channel_desk.channels(house)[1].posts == 0


def test_a_channel_that_is_off_takes_no_test(system: System, tmp_path: Path) -> None:
    other = ChannelConfig("phone", "simulated", enabled=False, options=Options("sms", str(tmp_path)))
    off = replace(system, config=replace(system.config, channels=(other,)))
    hire(system, {"chief": ["approver"]}, chief="+15550107777")
    with pytest.raises(Refused, match="off"):
        channel_desk.test(off, CHIEF, "phone")


@pytest.mark.parametrize(("words", "of"), [("agency_words", Agency), ("policy_words", Policy)])
def test_every_setting_has_words_that_say_what_it_is(words: str, of: type) -> None:
    text = (TEMPLATES / "console" / "settings_words.html").read_text(encoding="utf-8")
    table = text[text.index(words) : text.index("} %}", text.index(words))]
    assert {field.name for field in fields(of)} == set(re.findall(r'"(\w+)": _\(', table))


def test_every_variable_has_words_that_say_what_it_is() -> None:
    text = (TEMPLATES / "console" / "settings_words.html").read_text(encoding="utf-8")
    assert all(f'"{name}": _(' in text for name in settings_view.NAMES.values())
