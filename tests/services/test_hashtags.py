"""An incident's hashtag: who gives it, what carries it, what never does. On SQLite: no query here differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from broadcaster.domain.alert import Alert, Mode, MsgType, Source
from broadcaster.domain.cap_message import build
from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused
from broadcaster.rendering import cap_xml
from broadcaster.services import bundles, compose, preview, show
from broadcaster.services.approve import approve
from broadcaster.services.cancel import cancel
from broadcaster.services.drafting import Draft, redraft
from broadcaster.services.extend import extend
from broadcaster.services.incident_tag import name_incident
from broadcaster.services.lift import lift
from broadcaster.services.postings import posting_of
from broadcaster.services.return_ import return_
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import incidents
from broadcaster.store.schema import alerts
from tests.services.agency import AUTHOR, CHIEF, FEED, ORDER, WEATHER, cap, in_review, live
from tests.services.judge import config, people  # noqa: F401  (fixtures)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NAMED = replace(ORDER, hashtag="Bear Creek Fire")
TAG = " #BearCreekFire"
TOKEN = Actor("token:partner", "api", frozenset(), owner="author@judge.example")


def now_is(system: System, id_: str) -> Alert:
    with system.database.read() as connection:
        return store.get(connection, id_)


def tag_of(system: System, alert: Alert) -> str:
    with system.database.read() as connection:
        return incidents.hashtag(connection, alert.incident)


def carries(system: System, alert: Alert, tag: str = TAG) -> bool:
    """Do all its posts end with it, and nothing else hold it?"""
    told = show.alert(system, alert.id)["messages"]
    posts = [m["text"] for m in told if m["channel"] == "county"]
    texts = [m["text"] for m in told if m["channel"] == "sms"]
    assert len(posts) == len(texts) > 0
    assert not any("#" in text for text in texts)
    return all(post.endswith(tag) for post in posts) if tag else not any("#" in post for post in posts)


# --- who gives it, and what takes it over ---------------------------------------------------------------------------
def test_what_follows_up_on_an_incident_carries_its_hashtag_without_being_asked(system: System) -> None:
    first = live(system, NAMED)
    assert tag_of(system, first) == "BearCreekFire"
    assert carries(system, first)
    later = [extend(system, AUTHOR, first.id), lift(system, AUTHOR, first.id), cancel(system, AUTHOR, first.id)]
    later.append(compose.create(system, TOKEN, Draft("severe_weather", WEATHER.fields, replaces=(first.id,))))
    assert {one.incident for one in later} == {first.incident}
    assert all(carries(system, one) for one in later)
    assert posting_of(system, later[0], "en").hashtag == show.alert(system, later[0].id)["hashtag"] == "BearCreekFire"


def test_the_zones_that_go_on_keep_it(system: System) -> None:
    first = live(system, NAMED)
    lifted = lift(system, AUTHOR, first.id, "", ("hills",))
    approve(system, CHIEF, lifted.id, str(lifted.digest))
    [rest] = [one for one in show.listing(system, "live")["alerts"] if one["zones"] == ["valley"]]
    assert rest["hashtag"] == "BearCreekFire"


def test_all_parts_of_a_bundle_carry_it_and_what_follows_up_on_them_together(system: System) -> None:
    parts = [replace(NAMED, zones=("valley",)), replace(NAMED, template="evacuation_warning", zones=("hills",))]
    bundle = bundles.create(system, AUTHOR, "evacuation", parts)
    made = bundles.submit(system, AUTHOR, bundle)
    assert all(carries(system, one) for one in made)
    digest = bundles.show(system, bundle)["digest"]
    approve(system, CHIEF, made[0].id, digest)
    wrong = cancel(system, AUTHOR, made[0].id, "", whole=True)
    together = bundles.show(system, str(wrong.bundle))["alerts"]
    assert len(together) == 2
    assert all(carries(system, now_is(system, one["id"])) for one in together)


@pytest.mark.parametrize("who", [AUTHOR, TOKEN])
def test_what_follows_up_names_no_incident_anew(system: System, who: Actor) -> None:
    first = live(system, NAMED)
    update = replace(redraft(first), hashtag="#OtherFire")
    with pytest.raises(Invalid, match="hashtag_of_incident"):
        compose.create(system, who, update)
    for same in ("", "bear creek fire", "#BearCreekFire"):
        assert carries(system, compose.create(system, who, replace(update, hashtag=same)))
    assert tag_of(system, first) == "BearCreekFire"


def test_what_is_no_hashtag_is_refused_and_nothing_is_kept(system: System) -> None:
    with pytest.raises(Invalid, match="Write #StMarysFire"):
        compose.create(system, AUTHOR, replace(ORDER, hashtag="St. Mary's fire"))
    assert show.listing(system)["alerts"] == []


def test_whoever_writes_the_first_draft_anew_may_change_it_or_take_it_away(system: System) -> None:
    draft = compose.create(system, AUTHOR, NAMED)
    for typed, tag in (("#Other", " #Other"), (None, " #Other"), ("", "")):
        draft = compose.edit(system, AUTHOR, draft.id, replace(ORDER, hashtag=typed))
        assert carries(system, draft, tag)
    assert tag_of(system, draft) == ""


# --- what never carries it ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_a_drill_carries_none_but_its_incident_keeps_it(system: System, mode: Mode) -> None:
    drill = live(system, replace(NAMED, mode=mode))
    assert tag_of(system, drill) == "BearCreekFire"
    for one in (drill, extend(system, AUTHOR, drill.id), cancel(system, AUTHOR, drill.id)):
        assert carries(system, one, "")
        assert (one.content.hashtag, posting_of(system, one, "en").hashtag) == ("", "")


def test_a_feeds_word_for_its_incident_becomes_no_hashtag(system: System) -> None:
    message = replace(cap(), incidents='"Bear Creek Fire" 42')
    made = compose.create(system, FEED, Draft("cap", cap=message, zones=("valley",)))
    assert tag_of(system, made) == ""
    assert carries(system, made, "")


# --- on the incident's page -----------------------------------------------------------------------------------------
def test_a_changed_hashtag_is_carried_by_what_is_written_then_and_by_nothing_that_waits_or_stands(
    system: System,
) -> None:
    first = live(system, NAMED)
    waiting = extend(system, AUTHOR, first.id)
    assert name_incident(system, AUTHOR, first.incident, "#Creek fire") == "CreekFire"
    assert carries(system, now_is(system, first.id))
    assert now_is(system, waiting.id) == waiting
    assert approve(system, CHIEF, waiting.id, str(waiting.digest)).content.hashtag == "BearCreekFire"
    assert carries(system, cancel(system, AUTHOR, waiting.id), " #CreekFire")
    assert name_incident(system, AUTHOR, first.incident, "") == ""
    assert preview.preview(system, redraft(waiting), AUTHOR.name).drawn.alert.content.hashtag == ""


def test_drafts_that_began_it_are_written_anew_so_that_an_open_form_is_asked(system: System) -> None:
    draft = compose.create(system, AUTHOR, NAMED)
    back = in_review(system, replace(NAMED, template="evacuation_warning"))
    back = return_(system, CHIEF, back.id, "which fire?")
    for one in (draft, back):
        name_incident(system, CHIEF, one.incident, "#Other")
        assert carries(system, now_is(system, one.id), " #Other")
    with pytest.raises(Refused, match="conflict"):
        compose.edit(system, AUTHOR, draft.id, NAMED, seen=draft.revision)
    feeds = compose.create(system, FEED, Draft("cap", cap=cap(), zones=("valley",), source=Source("nws")))
    update = compose.create(system, AUTHOR, redraft(live(system, NAMED)))
    for one in (feeds, update):  # a feed's draft keeps what was found about it; an update takes it when it is saved
        name_incident(system, CHIEF, one.incident, "#Other")
        assert now_is(system, one.id) == one
    revision = now_is(system, draft.id).revision
    name_incident(system, CHIEF, draft.incident, "other")  # another word is another hashtag
    name_incident(system, CHIEF, draft.incident, "other")  # the same again changes nothing
    assert now_is(system, draft.id).revision == revision + 1


def test_who_may_not_write_names_nothing_and_only_what_there_is_is_named(system: System) -> None:
    draft = compose.create(system, AUTHOR, NAMED)
    with pytest.raises(Forbidden):
        name_incident(system, Actor("reader@judge.example", "test"), draft.incident, "Other")
    with pytest.raises(NotFound):
        name_incident(system, AUTHOR, "nothing", "Other")
    assert tag_of(system, draft) == "BearCreekFire"


# --- CAP ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("draft", "words"), [(NAMED, ["BearCreekFire"]), (ORDER, []), (replace(NAMED, mode=Mode.TEST), [])]
)
def test_our_cap_names_the_incident_by_id_and_hashtag(system: System, draft: Draft, words: list[str]) -> None:
    alert = live(system, draft)
    message = build(alert, system.config.agency, (), "https://judge.example/a", timedelta(hours=72))
    found = etree.fromstring(cap_xml.write(message)).findtext("{*}incidents")
    assert found is not None
    assert found.split(" ") == [alert.incident, *words]  # no part holds a space, so none needs quotes (CAP 1.2, 3.2.1)
    assert message.msg_type == MsgType.ALERT


def test_what_waited_before_there_were_hashtags_is_approved_as_it_stands(system: System) -> None:
    waiting = in_review(system)
    with system.database.write() as connection:  # as an earlier version wrote it
        row = store.plain(waiting.content)
        del row["hashtag"]
        connection.execute(alerts.update().where(alerts.c.id == waiting.id).values(content=row))
    assert approve(system, CHIEF, waiting.id, str(waiting.digest)).content.hashtag == ""
