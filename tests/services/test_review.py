"""Four eyes through the services, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from rq import Queue

from broadcaster.domain.alert import Area, Mode, State
from broadcaster.domain.errors import Forbidden, Invalid, Refused
from broadcaster.services import audit, compose, show
from broadcaster.services.approve import approve
from broadcaster.services.override import override
from broadcaster.services.reject import reject
from broadcaster.services.return_ import return_
from broadcaster.services.stop import stop
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.services.withdraw import withdraw
from broadcaster.store import alerts as store
from broadcaster.store.schema import audit_entries, broadcasts, messages, versions
from tests.conftest import Clock
from tests.services.agency import (
    AUTHOR,
    CHIEF,
    DEPUTY,
    FEED,
    ORDER,
    WEATHER,
    in_review,
    live,
    rows,
)
from tests.services.judge import config, people, ringing  # noqa: F401  (fixtures)


def refusal(kind: type[Refused] | type[Forbidden] | type[Invalid], call: object, *args: object, **more: object) -> str:
    with pytest.raises(kind) as caught:
        call(*args, **more)  # type: ignore[operator]
    return caught.value.code


def test_what_two_people_want_goes_live_with_broadcast_page_and_audit_in_one_go(system: System) -> None:
    waiting = in_review(system)
    done = approve(system, CHIEF, waiting.id, str(waiting.digest))
    assert (done.state, done.signature_owed) == (State.LIVE, False)
    assert done.identifier == f"alerts@judge.example-{done.id}"
    assert done.sent is not None
    assert done.sent.microsecond == 0
    assert [r.digest for r in rows(system, sa.select(broadcasts.c.digest))] == [waiting.digest]
    assert len(rows(system, sa.select(versions.c.number))) == 1
    last = rows(system, sa.select(audit_entries).order_by(audit_entries.c.id.desc()).limit(1))[0]
    assert (last.verb, last.actor, last.detail["digest"]) == ("alert.approve", CHIEF.name, waiting.digest)
    assert ["sms", "en", 0, "", show.alert(system, done.id)["messages"][2]["text"]] in last.detail["messages"]
    assert audit.verify(system) == []
    assert Queue("send", connection=system.redis).count == 1  # the senders are woken


def test_the_submitter_cannot_approve_whatever_the_capitals_of_the_address(system: System) -> None:
    waiting = in_review(system, actor=CHIEF)
    same = replace(CHIEF, name="Chief@Judge.Example")
    assert refusal(Forbidden, approve, system, same, waiting.id, str(waiting.digest)) == "four_eyes"


def test_the_owner_of_a_submitting_token_counts_as_submitter(system: System) -> None:
    token = Actor("token:dispatch", "api", owner=CHIEF.name)
    waiting = in_review(system, actor=token)
    assert waiting.submitted_by == CHIEF.name
    assert refusal(Forbidden, approve, system, CHIEF, waiting.id, str(waiting.digest)) == "four_eyes"
    assert approve(system, DEPUTY, waiting.id, str(waiting.digest)).state == State.LIVE


def test_of_an_ownerless_tokens_draft_whoever_submits_is_the_submitter(system: System) -> None:
    made = compose.create(system, Actor("token:free", "api"), ORDER)
    waiting = submit(system, CHIEF, made.id)
    assert waiting.submitted_by == CHIEF.name
    assert refusal(Forbidden, approve, system, CHIEF, waiting.id, str(waiting.digest)) == "four_eyes"


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (AUTHOR, "role"),
        (replace(CHIEF, verified=False), "not_verified"),
        (replace(CHIEF, name="token:x"), "role"),
        (replace(CHIEF, name="feed:x"), "role"),
        (Actor("nobody@judge.example", "test", verified=True), "role"),
    ],
)
def test_who_may_not_approve_does_not(system: System, actor: Actor, code: str) -> None:
    waiting = in_review(system, actor=replace(AUTHOR, name="other@judge.example"))
    assert refusal(Forbidden, approve, system, actor, waiting.id, str(waiting.digest)) == code
    assert show.alert(system, waiting.id)["state"] == "in_review"


def test_an_old_pages_digest_approves_nothing(system: System) -> None:
    first = in_review(system)
    withdraw(system, AUTHOR, first.id)
    compose.edit(system, AUTHOR, first.id, replace(ORDER, zones=("valley",)))
    second = submit(system, AUTHOR, first.id)
    assert first.digest != second.digest
    assert refusal(Refused, approve, system, CHIEF, first.id, str(first.digest)) == "digest"


def test_a_text_changed_behind_our_back_is_not_approved(system: System) -> None:
    waiting = in_review(system)
    with system.database.write() as connection:
        connection.execute(messages.update().where(messages.c.language == "es").values(text="No pasa nada"))
    shown = show.alert(system, waiting.id)["digest"]
    assert refusal(Refused, approve, system, CHIEF, waiting.id, shown) == "digest_stored"


def test_a_review_that_waited_too_long_is_not_approved(system: System, clock: Clock) -> None:
    waiting = in_review(system)
    clock.forward(minutes=240)
    clock.forward(seconds=1)
    assert refusal(Refused, approve, system, CHIEF, waiting.id, str(waiting.digest)) == "review_too_old"


def test_an_alert_whose_end_has_passed_is_not_approved(system: System, clock: Clock) -> None:
    end = clock.at.replace(microsecond=0)
    clock.forward(minutes=-30)
    waiting = in_review(system, replace(WEATHER, expires=end))
    clock.at = end
    assert refusal(Refused, approve, system, CHIEF, waiting.id, str(waiting.digest)) == "expired"


def test_returning_and_rejecting_need_a_reason_and_an_approver(system: System) -> None:
    waiting = in_review(system)
    for verb in (return_, reject):
        assert refusal(Refused, verb, system, CHIEF, waiting.id, " ") == "no_reason"
        assert refusal(Forbidden, verb, system, AUTHOR, waiting.id, "why") == "role"
    over = reject(system, CHIEF, waiting.id, "not true")
    assert (over.state, over.ended_at) == (State.REJECTED, system.now())
    steps = show.alert(system, waiting.id)["reviews"]
    assert [(s["verb"], s["by"], s["reason"]) for s in steps][-1] == ("reject", CHIEF.name, "not true")


def test_who_returned_it_does_not_submit_it_again(system: System) -> None:
    waiting = in_review(system)
    back = return_(system, CHIEF, waiting.id, "say which road")
    assert (back.state, back.ended_at) == (State.RETURNED, None)
    assert refusal(Forbidden, submit, system, CHIEF, waiting.id) == "returned_it"
    assert submit(system, DEPUTY, waiting.id).state == State.IN_REVIEW


def test_only_the_submitter_withdraws(system: System) -> None:
    waiting = in_review(system)
    assert refusal(Forbidden, withdraw, system, CHIEF, waiting.id) == "not_submitter"
    back = withdraw(system, AUTHOR, waiting.id)
    assert (back.state, back.submitted_by) == (State.DRAFT, None)


def test_submitting_again_unchanged_is_done_and_writes_nothing(system: System) -> None:
    waiting = in_review(system)
    again = submit(system, AUTHOR, waiting.id)
    assert again.revision == waiting.revision
    assert len(show.alert(system, waiting.id)["reviews"]) == 1
    assert refusal(Refused, submit, system, CHIEF, waiting.id) == "wrong_state"


def test_an_alert_without_an_area_is_drafted_with_a_blocking_finding_and_not_submitted(system: System) -> None:
    made = compose.create(system, AUTHOR, replace(ORDER, zones=()))
    shown = show.alert(system, made.id)
    assert {"code": "no_area", "blocking": True, "text": "It names no area. Give it zones."} in shown["findings"]
    assert refusal(Refused, submit, system, AUTHOR, made.id) == "no_area"


def test_a_missing_field_blocks(system: System) -> None:
    made = compose.create(system, AUTHOR, replace(ORDER, fields={}))
    assert refusal(Refused, submit, system, AUTHOR, made.id) == "missing_field"


def test_a_draft_of_a_person_without_a_role_is_refused(system: System) -> None:
    assert refusal(Forbidden, compose.create, system, Actor("x@judge.example", "test"), ORDER) == "role"


@pytest.mark.parametrize("machine", [FEED, Actor("token:dispatch", "api", owner=CHIEF.name)])
def test_no_machine_says_that_it_is_safe_to_return(system: System, machine: Actor) -> None:
    draft = replace(WEATHER, template="lifted", fields={})
    assert refusal(Forbidden, compose.create, system, machine, draft) == "person_only"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"template": "nothing"}, "unknown_template"),
        ({"template": "../config"}, "unknown_template"),
        ({"fields": {"colour": "red"}}, "unknown_field"),
        ({"fields": {"hazard.fr": "feu"}}, "unknown_field"),
        ({"zones": ("atlantis",)}, "unknown_zone"),
        ({"channels": ("fax",)}, "unknown_channel"),
        ({"languages": ("fr",)}, "unknown_language"),
        ({"fields": {"hazard": "wild\x00fire"}}, "unreadable_text"),
        ({"fields": {"hazard": "\ud800"}}, "unreadable_text"),
        ({"zones": ("val\x00ley",)}, "unreadable_text"),
        ({"replaces": ("\x00",)}, "unreadable_text"),
        ({"areas": (Area("\x00"),)}, "unreadable_text"),
        ({"areas": (Area("x", geocodes=(("SAME", "\x00"),)),)}, "unreadable_text"),
    ],
)
def test_names_that_do_not_exist_are_invalid_and_write_nothing(system: System, change: object, code: str) -> None:
    assert refusal(Invalid, compose.create, system, AUTHOR, replace(ORDER, **change)) == code  # type: ignore[arg-type]
    assert show.listing(system) == {"alerts": []}


def test_the_mode_of_an_alert_never_changes(system: System) -> None:
    made = compose.create(system, AUTHOR, ORDER)
    assert refusal(Refused, compose.edit, system, AUTHOR, made.id, replace(ORDER, mode=Mode.EXERCISE)) == "mode"


def test_what_is_in_review_is_not_edited(system: System) -> None:
    waiting = in_review(system)
    assert refusal(Refused, compose.edit, system, AUTHOR, waiting.id, ORDER) == "wrong_state"


def test_one_person_may_release_with_a_reason_and_the_signature_is_owed(system: System) -> None:
    waiting = in_review(system, actor=CHIEF)
    digest = str(waiting.digest)
    assert refusal(Refused, override, system, CHIEF, waiting.id, digest, " ") == "no_reason"
    assert refusal(Forbidden, override, system, AUTHOR, waiting.id, digest, "fire") == "role"
    assert (
        refusal(Forbidden, override, system, replace(CHIEF, verified=False), waiting.id, digest, "x") == "not_verified"
    )
    assert refusal(Refused, override, system, CHIEF, waiting.id, "0" * 64, "fire") == "digest"
    alone = override(system, CHIEF, waiting.id, digest, "fire at the door")
    assert (alone.state, alone.signature_owed) == (State.LIVE, True)
    with system.database.read() as connection:
        assert ringing(connection) == [f"signature:{alone.id}"]


def test_another_person_signs_what_one_released_alone(system: System) -> None:
    waiting = in_review(system)
    digest = str(waiting.digest)
    override(system, CHIEF, waiting.id, digest, "fire at the door")
    stop(system, DEPUTY, waiting.id)  # another's step since then changes nothing about who released it
    assert refusal(Forbidden, approve, system, CHIEF, waiting.id, digest) == "four_eyes"
    assert refusal(Forbidden, approve, system, AUTHOR, waiting.id, digest) == "role"
    assert refusal(Forbidden, approve, system, replace(DEPUTY, verified=False), waiting.id, digest) == "not_verified"
    assert refusal(Refused, approve, system, DEPUTY, waiting.id, "0" * 64) == "digest"
    signed = approve(system, DEPUTY, waiting.id, digest)
    assert (signed.state, signed.signature_owed) == (State.LIVE, False)
    assert len(rows(system, sa.select(broadcasts.c.id))) == 1
    with system.database.read() as connection:
        assert ringing(connection) == []
    assert refusal(Refused, approve, system, DEPUTY, waiting.id, digest) == "wrong_state"


def test_where_the_policy_forbids_it_nobody_releases_alone(system: System) -> None:
    strict = replace(
        system, config=replace(system.config, policy=replace(system.config.policy, override_allowed=False))
    )
    waiting = in_review(strict)
    assert refusal(Forbidden, override, strict, CHIEF, waiting.id, str(waiting.digest), "fire") == "override_forbidden"


def test_the_text_that_was_seen_is_what_is_frozen(system: System) -> None:
    done = live(system)
    with system.database.read() as connection:
        seen = {(m.channel, m.language): m.text for m in store.messages_of(connection, done.id)}
    from broadcaster.store.schema import broadcast_messages as b

    assert {(r.channel, r.language): r.text for r in rows(system, sa.select(b))} == seen
    assert set(seen) == {("sms", "en"), ("sms", "es"), ("county", "en"), ("county", "es")}
