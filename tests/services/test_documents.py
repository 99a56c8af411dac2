"""Alerts made of CAP documents, and drills: what comes of them, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Alert, Area, Mode, MsgType, Reference, State
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.errors import Invalid, NotFound, Refused
from broadcaster.services import compose, show
from broadcaster.services.approve import approve
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.schema import audit_entries, broadcasts
from tests.services.agency import (
    AUTHOR,
    CHIEF,
    DEPUTY,
    FEED,
    ORDER,
    cap,
    cap_draft,
    in_review,
    live,
    rows,
)
from tests.services.judge import config, people  # noqa: F401  (fixtures)

TOKEN = Actor("token:dispatch", "api", owner="owner@judge.example")


def codes(system: System, alert: Alert) -> set[str]:
    return {finding["code"] for finding in show.alert(system, alert.id)["findings"]}


def texts(system: System, alert: Alert) -> dict[tuple[str, str], str]:
    return {(m["channel"], m["language"]): m["text"] for m in show.alert(system, alert.id)["messages"]}


def state(system: System, alert: Alert) -> str:
    found: str = show.alert(system, alert.id)["state"]
    return found


def test_a_documents_polygon_gives_the_zones_its_words_the_texts_and_its_end_the_end(system: System) -> None:
    message = cap()
    made = compose.create(system, FEED, cap_draft(message))
    shown = show.alert(system, made.id)
    assert (shown["zones"], shown["people"], shown["expires"]) == (
        ["valley"],
        {"sms": 3},
        message.infos[0].expires.isoformat().replace("+00:00", "Z"),  # type: ignore[union-attr]
    )
    assert shown["source"]["identifier"] == "urn:1"
    said = texts(system, made)
    assert set(said) == {("sms", "en"), ("county", "en")}
    assert said["sms", "en"].startswith("NWS Sacramento: Tornado Warning, Judge Valley, until ")
    assert "Take cover now. Move to a basement. By Judge County, " in said["sms", "en"]
    assert made.content.infos[0].headline == "Tornado Warning issued for Judge Valley"
    assert "language_missing" in codes(system, made)


def test_a_document_in_a_language_we_have_not_falls_to_the_agencys_first(system: System) -> None:
    message = cap()
    french = replace(message, infos=(replace(message.infos[0], language="fr-CA", event="Tornade"),))
    made = compose.create(system, FEED, cap_draft(french))
    assert set(texts(system, made)) == {("sms", "en"), ("county", "en")}
    assert "Tornade" in texts(system, made)["sms", "en"]


def test_each_language_of_a_document_that_the_agency_has_gets_its_own_text(system: System) -> None:
    message = cap()
    spanish = replace(message.infos[0], language="es-US", event="Aviso de tornado", instruction="Busque refugio ya.")
    made = compose.create(system, FEED, cap_draft(replace(message, infos=(*message.infos, spanish))))
    assert "Aviso de tornado" in texts(system, made)["sms", "es"]
    assert "Tornado Warning" in texts(system, made)["sms", "en"]


def test_a_document_without_an_end_gets_one_and_says_so(system: System) -> None:
    message = cap()
    endless = replace(message, infos=(replace(message.infos[0], expires=None),))
    made = compose.create(system, FEED, cap_draft(endless))
    assert made.expires == made.created + timedelta(hours=6)
    assert "expires_assumed" in codes(system, made)


@pytest.mark.parametrize("areas", [(), (Area("Far away", geocodes=(("SAME", "099999"),)),)])
def test_a_document_without_an_area_of_ours_cannot_be_submitted(system: System, areas: tuple[Area, ...]) -> None:
    message = cap()
    made = compose.create(system, TOKEN, cap_draft(replace(message, infos=(replace(message.infos[0], areas=areas),))))
    assert "no_area" in codes(system, made)
    with pytest.raises(Refused) as caught:
        submit(system, TOKEN, made.id)
    assert (caught.value.code, caught.value.status) == ("no_area", 409)


def test_the_same_document_is_known_and_other_content_under_its_name_refused(system: System) -> None:
    draft = cap_draft(cap())
    made, new = compose.receive(system, TOKEN, draft)
    again, second = compose.receive(system, TOKEN, draft)
    assert (new, second, again.id) == (True, False, made.id)
    with pytest.raises(Refused) as caught:
        compose.receive(system, TOKEN, replace(draft, source_hash="other"))
    assert caught.value.code == "content_differs"


def test_an_update_of_a_document_replaces_the_whole_alert_when_approved(system: System) -> None:
    first = cap()
    wide = live(system, cap_draft(first, zones=("valley", "hills")))
    newer = cap("urn:2", msg_type=MsgType.UPDATE, references=(first.reference,))
    update = in_review(system, cap_draft(newer))
    assert (update.replaces, update.incident, state(system, wide)) == ((wide.id,), wide.incident, "live")
    approve(system, CHIEF, update.id, str(update.digest))
    assert state(system, wide) == "superseded"
    assert [a["id"] for a in show.listing(system, State.LIVE)["alerts"]] == [update.id]


def test_a_cancel_of_a_document_holds_where_the_alert_held_and_reads_as_cancelled(system: System) -> None:
    first = cap()
    old = live(system, cap_draft(first))
    bare = replace(first.infos[0], areas=())
    message = cap("urn:2", msg_type=MsgType.CANCEL, references=(first.reference,), infos=(bare,))
    made = in_review(system, cap_draft(message))
    assert (made.zones, made.msg_type) == (old.zones, MsgType.CANCEL)
    assert "Cancelled: Tornado Warning" in texts(system, made)["sms", "en"]
    approve(system, CHIEF, made.id, str(made.digest))
    assert state(system, old) == "cancelled"


def test_a_cancel_without_words_uses_those_of_what_it_takes_back(system: System) -> None:
    first = cap()
    live(system, cap_draft(first))
    message = cap("urn:2", msg_type=MsgType.CANCEL, references=(first.reference,), infos=())
    made = in_review(system, cap_draft(message))
    assert "Cancelled: Tornado Warning" in texts(system, made)["sms", "en"]


def test_a_document_without_any_words_is_kept_and_cannot_be_submitted(system: System) -> None:
    made = compose.create(system, FEED, cap_draft(cap(infos=()), zones=("valley",)))
    with pytest.raises(Refused) as caught:
        submit(system, AUTHOR, made.id)
    assert caught.value.code == "no_words"


def test_a_document_with_words_that_nothing_can_carry_is_refused(system: System) -> None:
    message = cap()
    for name in ("event", "headline", "description", "instruction", "sender_name", "web"):
        broken = replace(message, infos=(replace(message.infos[0], **{name: "a\x00b"}),))  # type: ignore[arg-type]
        with pytest.raises(Invalid) as caught:
            compose.create(system, FEED, cap_draft(broken))
        assert caught.value.code == "unreadable_text"


def test_a_document_that_names_no_event_is_called_by_its_headline(system: System) -> None:
    message = cap()
    nameless = replace(message, infos=(replace(message.infos[0], event=""),))
    made = compose.create(system, FEED, cap_draft(nameless))
    assert made.content.infos[0].event == "Tornado Warning issued for Judge Valley"


def test_our_own_identifier_is_a_reference_too(system: System) -> None:
    ours = live(system)
    assert ours.identifier is not None
    assert ours.sent is not None
    reference = Reference("alerts@judge.example", ours.identifier, ours.sent)
    message = cap("urn:9", sender="alerts@judge.example", msg_type=MsgType.UPDATE, references=(reference,))
    assert compose.create(system, TOKEN, cap_draft(message)).replaces == (ours.id,)
    named = compose.create(system, AUTHOR, replace(ORDER, replaces=(ours.identifier,)))
    assert named.replaces == (ours.id,)


def test_a_reference_at_another_time_or_to_nothing_is_unknown(system: System) -> None:
    first = cap()
    live(system, cap_draft(first))
    late = replace(first.reference, sent=first.sent + timedelta(seconds=1))
    message = cap("urn:2", msg_type=MsgType.UPDATE, references=(late,))
    made = compose.create(system, TOKEN, cap_draft(message))
    assert (made.replaces, len(made.unresolved)) == ((), 1)
    assert "unknown_reference" in codes(system, made)


def test_nobody_replaces_what_another_sender_said(system: System) -> None:
    first = cap()
    live(system, cap_draft(first))
    message = cap("urn:2", sender="mallory@else.example", msg_type=MsgType.CANCEL, references=(first.reference,))
    made = compose.create(system, TOKEN, cap_draft(message))
    assert made.replaces == ()
    assert {"other_sender", "unknown_reference"} <= codes(system, made)


def test_a_plain_alerts_references_replace_nothing(system: System) -> None:
    first = cap()
    live(system, cap_draft(first))
    assert compose.create(system, TOKEN, cap_draft(cap("urn:2", references=(first.reference,)))).replaces == ()


def test_a_feeds_newer_word_puts_the_waiting_draft_away_and_tells(system: System) -> None:
    waiting = in_review(system, cap_draft(cap()), FEED)
    newer = cap_draft(cap("urn:2", msg_type=MsgType.UPDATE, references=(cap().reference,)))
    with system.database.write() as connection:
        made = compose.replace_draft(system, connection, FEED, waiting.id, newer, "an Update came")
    assert (state(system, waiting), state(system, made)) == ("superseded", "draft")
    assert "replaced_draft" in codes(system, made)
    with pytest.raises(Refused) as caught:
        approve(system, CHIEF, waiting.id, str(waiting.digest))
    assert caught.value.code == "wrong_state"


def test_a_feed_discards_what_is_not_live_with_the_reason(system: System) -> None:
    waiting = in_review(system, cap_draft(cap()), FEED)
    with system.database.write() as connection:
        compose.discard(system, connection, FEED, waiting.id, "cancelled by its issuer")
    shown = show.alert(system, waiting.id)
    assert (shown["state"], shown["reviews"][-1]["reason"]) == ("discarded", "cancelled by its issuer")
    done = live(system)
    with pytest.raises(Refused), system.database.write() as connection:
        compose.discard(system, connection, FEED, done.id, "late")


def test_a_feeds_own_submission_needs_one_person(system: System) -> None:
    waiting = in_review(system, cap_draft(cap()), FEED)
    assert waiting.submitted_by == "feed:nws"
    assert approve(system, CHIEF, waiting.id, str(waiting.digest)).state == State.LIVE


# --- drills -----------------------------------------------------------------------------------------------------
def with_real_channel(system: System, drills: bool) -> System:
    real = ChannelConfig("mail", "smtp", drills=drills, options=_smtp())
    return replace(system, config=replace(system.config, channels=(*system.config.channels, real)))


def _smtp() -> object:
    from broadcaster.channels.smtp import Options

    return Options(base_url="smtp://127.0.0.1:2525", from_="alerts@judge.example")


def test_a_drill_goes_only_where_drills_may_and_stays_one(system: System) -> None:
    quiet = with_real_channel(system, drills=False)
    drill = replace(ORDER, mode=Mode.EXERCISE)
    made = compose.create(quiet, AUTHOR, drill)
    assert made.channels == ("sms", "county")
    with pytest.raises(Invalid) as caught:
        compose.create(quiet, AUTHOR, replace(drill, channels=("mail",)))
    assert caught.value.code == "not_for_drills"
    assert compose.create(with_real_channel(system, drills=True), AUTHOR, drill).channels == ("sms", "county", "mail")
    assert compose.create(quiet, AUTHOR, ORDER).channels == ("sms", "county", "mail")


def test_a_stand_in_carries_nothing_of_its_own_unless_named(system: System) -> None:
    channels = [replace(c, fallback="county") if c.name == "sms" else c for c in system.config.channels]
    backed = replace(system, config=replace(system.config, channels=tuple(channels)))
    assert compose.create(backed, AUTHOR, ORDER).channels == ("sms",)
    assert compose.create(backed, AUTHOR, replace(ORDER, channels=("county",))).channels == ("county",)


def test_every_text_of_a_drill_says_so_first_and_last_and_the_broadcast_knows(system: System) -> None:
    made = live(system, replace(ORDER, mode=Mode.EXERCISE))
    for (_, language), text in texts(system, made).items():
        label = {"en": "EXERCISE", "es": "SIMULACRO"}[language]
        assert text.startswith(label)
        assert text.endswith(label)
    assert rows(system, sa.select(broadcasts.c.mode))[0][0] == "exercise"


def test_a_cancel_without_words_never_says_again_what_to_do(system: System) -> None:
    old = live(system, cap_draft(cap("urn:1"), zones=("valley",)))
    named = (Reference("w-nws@noaa.example", "urn:1", cap("urn:1").sent),)
    bare = cap("urn:2", msg_type=MsgType.CANCEL, references=named, infos=())
    made = compose.create(system, FEED, cap_draft(bare, replaces=(old.id,)))
    assert (made.content.infos[0].instruction, made.content.infos[0].response_types) == ("", ())
    for text in texts(system, made).values():
        assert "Take cover" not in text
        assert "A tornado was seen" not in text
        assert "Nobody here has declared it safe." in text


def test_an_update_without_words_goes_on_saying_what_to_do(system: System) -> None:
    first = cap()
    live(system, cap_draft(first, zones=("valley",)))
    bare = cap("urn:2", msg_type=MsgType.UPDATE, references=(first.reference,), infos=())
    made = compose.create(system, FEED, cap_draft(bare, zones=("valley",)))
    assert made.content.infos[0].instruction == "Take cover now. Move to a basement."


def test_a_channel_out_of_use_cannot_be_named(system: System) -> None:
    off = replace(system.config, channels=(replace(system.config.channels[0], enabled=False),))
    with pytest.raises(Invalid, match="unknown_channel"):
        compose.create(replace(system, config=off), AUTHOR, replace(ORDER, channels=("sms",)))


def test_without_any_channel_author_and_approver_are_told(system: System) -> None:
    made = compose.create(system, AUTHOR, replace(ORDER, channels=()))
    assert "no_channels" in codes(system, made)
    assert live(system, replace(ORDER, channels=())).state == State.LIVE


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_a_drill_that_no_channel_carries_cannot_be_submitted(system: System, mode: Mode) -> None:
    none = replace(system.config, channels=tuple(replace(c, drills=False) for c in system.config.channels))
    without = replace(system, config=none)
    made = compose.create(without, AUTHOR, replace(ORDER, mode=mode))
    assert made.channels == ()
    (found,) = (f for f in show.alert(without, made.id)["findings"] if f["code"] == "no_channels")
    assert found["blocking"]
    assert "drills = true" in found["text"]
    with pytest.raises(Refused, match="no_channels"):
        submit(without, AUTHOR, made.id)
    assert "no_channels" not in codes(system, compose.create(system, AUTHOR, replace(ORDER, mode=mode)))


def test_a_channel_that_reaches_nobody_is_named(system: System) -> None:
    with_mail = with_real_channel(system, drills=False)
    assert "no_subscribers" in codes(system, compose.create(with_mail, AUTHOR, ORDER))
    assert "no_subscribers" not in codes(system, compose.create(system, AUTHOR, ORDER))


# --- record -----------------------------------------------------------------------------------------------------
def test_what_is_read_back_is_what_was_written(system: System) -> None:
    made = compose.create(system, FEED, cap_draft(cap()))
    with system.database.read() as connection:
        assert store.get(connection, made.id) == made


def test_every_verb_leaves_an_entry_with_digest_and_exact_content(system: System) -> None:
    done = live(system)
    entries = [
        r for r in rows(system, sa.select(audit_entries).order_by(audit_entries.c.id)) if r.object == f"alert:{done.id}"
    ]
    assert [e.verb for e in entries] == ["alert.create", "alert.submit", "alert.approve"]
    assert {e.detail["digest"] for e in entries} == {done.digest}
    assert all(e.detail["content"]["fields"]["hazard"] == "wildfire" for e in entries)
    assert all(len(e.detail["messages"]) == 4 for e in entries)


def test_an_alert_that_does_not_exist_is_not_found(system: System) -> None:
    for call in (lambda: show.alert(system, "nothing"), lambda: approve(system, DEPUTY, "nothing", "")):
        with pytest.raises(NotFound):
            call()
