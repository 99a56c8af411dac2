"""Four eyes and the digest, without any part around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alert import Alert, AlertContent, Area, Info, Mode, MsgType, State
from broadcaster.domain.config import Policy
from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.message import Finding, Message
from broadcaster.domain.review import (
    Case,
    Who,
    check_approve,
    check_compose,
    check_follow_up,
    check_override,
    check_send_back,
    check_sign,
    check_stop,
    check_submit,
    check_withdraw,
    correction,
    digest,
    resubmitted,
)

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SQUARE = ((38.0, -121.0), (38.0, -120.9), (38.1, -120.9), (38.0, -121.0))
CONTENT = AlertContent(
    "severe_weather", {"event": "tornado"}, ("en",), (Info(headline="Tornado"),), (Area("Valley", (SQUARE,)),)
)
ALERT = Alert(
    id="a",
    incident="i",
    state=State.IN_REVIEW,
    revision=2,
    mode=Mode.ACTUAL,
    msg_type=MsgType.ALERT,
    content=CONTENT,
    zones=("valley", "hills"),
    channels=("sms", "county"),
    created=NOW,
    expires=NOW + timedelta(hours=1),
    ending="superseded",
    submitted_by="author@judge.example",
    submitted_at=NOW,
    digest="d",
)
TEXTS = (Message("sms", "en", "Go indoors"), Message("county", "en", "Go indoors"))
CASE = Case(ALERT, "d")
AUTHOR = Who("author@judge.example", frozenset({"author"}), verified=True)
CHIEF = Who("chief@judge.example", frozenset({"approver"}), verified=True)
ADMIN = Who("admin@judge.example", frozenset({"admin"}), verified=True)
MACHINE = Who("token:x", frozenset({"approver", "author"}), verified=True, machine=True)
POLICY = Policy()


def code(check: Callable[..., None], *args: object) -> str:
    try:
        check(*args)
    except BroadcasterError as error:
        return error.code
    return ""


# --- digest ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        {"zones": ("valley",)},
        {"channels": ("sms",)},
        {"expires": NOW + timedelta(hours=1, microseconds=1)},
        {"expires": None},
        {"until_lifted": True},
        {"mode": Mode.EXERCISE},
        {"msg_type": MsgType.UPDATE},
        {"ending": "lifted"},
        {"ending": "cancelled"},
        {"replaces": ("b",)},
        {"content": replace(CONTENT, fields={"event": "flood"})},
        {"content": replace(CONTENT, areas=(Area("Valley", ((*SQUARE[:2], (38.2, -120.9), SQUARE[0]),)),))},
        {"content": replace(CONTENT, areas=(Area("Hills", (SQUARE,)),))},
        {"content": replace(CONTENT, infos=(Info(headline="Flood"),))},
        {"content": replace(CONTENT, infos=(Info(headline="Tornado", web="https://x.example"),))},
        {"content": replace(CONTENT, note="practice")},
        {"content": replace(CONTENT, hashtag="BearCreekFire")},
        {"content": replace(CONTENT, template="cap")},
        {"content": replace(CONTENT, languages=("en", "es"))},
    ],
)
def test_any_covered_part_changes_the_digest(change: dict[str, object]) -> None:
    assert digest(replace(ALERT, **change), TEXTS) != digest(ALERT, TEXTS)  # type: ignore[arg-type]


@given(
    st.sampled_from(["channel", "language", "text", "subject"]),
    st.text(min_size=1),
    st.integers(min_value=0, max_value=1),
)
def test_any_change_of_any_text_changes_the_digest(name: str, value: str, which: int) -> None:
    changed = [replace(m, **{name: value}) if n == which else m for n, m in enumerate(TEXTS)]  # type: ignore[arg-type]
    if changed[which] != TEXTS[which]:
        assert digest(ALERT, changed) != digest(ALERT, TEXTS)


def test_a_text_more_or_less_changes_the_digest() -> None:
    assert digest(ALERT, TEXTS[:1]) != digest(ALERT, TEXTS)
    assert digest(ALERT, (*TEXTS, TEXTS[0])) != digest(ALERT, TEXTS)


def test_order_and_clock_zone_do_not_change_the_digest() -> None:
    east = timezone(timedelta(hours=-8))
    same = replace(ALERT, zones=("hills", "valley"), channels=("county", "sms"), expires=ALERT.expires.astimezone(east))  # type: ignore[union-attr]
    assert digest(same, TEXTS[::-1]) == digest(ALERT, TEXTS)
    one, other = ({"event": "x", "impact": "y"}, {"impact": "y", "event": "x"})
    ways = [replace(ALERT, content=replace(CONTENT, fields=fields)) for fields in (one, other)]
    assert digest(ways[0], TEXTS) == digest(ways[1], TEXTS)


@pytest.mark.parametrize("change", [{"revision": 9}, {"submitted_by": "x"}, {"state": State.LIVE}, {"identifier": "y"}])
def test_how_it_got_there_does_not_change_the_digest(change: dict[str, object]) -> None:
    assert digest(replace(ALERT, **change), TEXTS) == digest(ALERT, TEXTS)  # type: ignore[arg-type]


# --- submit ------------------------------------------------------------------------------------------------------
DRAFT = replace(ALERT, state=State.DRAFT)


@pytest.mark.parametrize(
    ("case", "who", "expected"),
    [
        (Case(DRAFT, "d"), AUTHOR, ""),
        (Case(DRAFT, "d"), CHIEF, ""),
        (Case(DRAFT, "d"), MACHINE, ""),
        (Case(DRAFT, "d"), Who("x"), "role"),
        (Case(replace(DRAFT, ending="lifted"), "d"), MACHINE, "person_only"),
        (Case(replace(DRAFT, ending="lifted"), "d"), AUTHOR, ""),
        (CASE, AUTHOR, "wrong_state"),
        (Case(replace(DRAFT, state=State.RETURNED), "d", returned_by=("chief@judge.example",)), CHIEF, "returned_it"),
        (
            Case(replace(DRAFT, state=State.RETURNED), "d", returned_by=("Chief@judge.example", "z")),
            CHIEF,
            "returned_it",
        ),
        (Case(replace(DRAFT, state=State.RETURNED), "d", returned_by=("chief@judge.example",)), AUTHOR, ""),
        (Case(replace(DRAFT, zones=()), "d"), AUTHOR, "no_area"),
        (Case(DRAFT, "d", (Finding("too_long", "x", blocking=True),)), AUTHOR, "too_long"),
        (Case(DRAFT, "d", (Finding("costly_characters", "x"),)), AUTHOR, ""),
        (Case(replace(DRAFT, expires=NOW), "d"), AUTHOR, "expired"),
    ],
)
def test_who_may_submit_what(case: Case, who: Who, expected: str) -> None:
    assert code(check_submit, case, who, NOW) == expected


def test_the_same_submitter_again_is_answered_as_done_only_if_nothing_changed() -> None:
    assert resubmitted(ALERT, AUTHOR, "d")
    assert not resubmitted(ALERT, CHIEF, "d")
    assert not resubmitted(ALERT, AUTHOR, "e")
    assert not resubmitted(replace(ALERT, state=State.LIVE), AUTHOR, "d")


# --- approve, override, sign ------------------------------------------------------------------------------------------
def test_a_part_without_a_canonical_form_gets_no_digest() -> None:
    with pytest.raises(TypeError, match="no canonical form"):
        digest(replace(ALERT, content=replace(ALERT.content, fields={"route": b"south"})), TEXTS)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("case", "who", "given_digest", "expected"),
    [
        (CASE, CHIEF, "d", ""),
        (CASE, ADMIN, "d", ""),
        (CASE, AUTHOR, "d", "role"),
        (CASE, MACHINE, "d", "role"),
        (CASE, replace(CHIEF, verified=False), "d", "not_verified"),
        (CASE, replace(CHIEF, person="AUTHOR@judge.example"), "d", "four_eyes"),
        (CASE, Who(CHIEF.person, CHIEF.roles), "d", "not_verified"),
        (CASE, CHIEF, "e", "digest"),
        (CASE, CHIEF, "", "digest"),
        (Case(ALERT, "e"), CHIEF, "e", "digest_stored"),
        (Case(DRAFT, "d"), CHIEF, "d", "wrong_state"),
        (Case(replace(ALERT, state=State.LIVE), "d"), CHIEF, "d", "wrong_state"),
        (Case(replace(ALERT, zones=()), "d"), CHIEF, "d", "no_area"),
        (Case(ALERT, "d", (Finding("drill_words", "x", blocking=True),)), CHIEF, "d", "drill_words"),
        (Case(replace(ALERT, expires=NOW), "d"), CHIEF, "d", "expired"),
        (Case(replace(ALERT, submitted_at=NOW - timedelta(minutes=240)), "d"), CHIEF, "d", ""),
        (Case(replace(ALERT, submitted_at=NOW - timedelta(minutes=240, seconds=1)), "d"), CHIEF, "d", "review_too_old"),
        (Case(replace(ALERT, submitted_at=None), "d"), CHIEF, "d", "review_too_old"),
    ],
)
def test_who_may_approve_what(case: Case, who: Who, given_digest: str, expected: str) -> None:
    assert code(check_approve, case, who, given_digest, POLICY, NOW) == expected


CORRECTION = replace(ALERT, msg_type=MsgType.CANCEL, content=replace(CONTENT, template="sent_in_error"))
STRICT = Policy(override_allowed=False)


@pytest.mark.parametrize(
    ("case", "who", "given_digest", "reason", "policy", "expected"),
    [
        (CASE, CHIEF, "d", "fire", POLICY, ""),
        (CASE, replace(CHIEF, person=AUTHOR.person), "d", "fire", POLICY, ""),
        (CASE, AUTHOR, "d", "fire", POLICY, "role"),
        (CASE, MACHINE, "d", "fire", POLICY, "role"),
        (CASE, replace(CHIEF, verified=False), "d", "fire", POLICY, "not_verified"),
        (CASE, CHIEF, "d", "  ", POLICY, "no_reason"),
        (CASE, CHIEF, "e", "fire", POLICY, "digest"),
        (Case(DRAFT, "d"), CHIEF, "d", "fire", POLICY, "wrong_state"),
        (Case(replace(ALERT, zones=()), "d"), CHIEF, "d", "fire", POLICY, "no_area"),
        (Case(replace(ALERT, submitted_at=None), "d"), CHIEF, "d", "fire", POLICY, "review_too_old"),
        (CASE, CHIEF, "d", "fire", STRICT, "override_forbidden"),
        (Case(CORRECTION, "d"), CHIEF, "d", "wrong button", STRICT, ""),
        (Case(CORRECTION, "d"), CHIEF, "d", "", STRICT, "no_reason"),
        (Case(replace(CORRECTION, msg_type=MsgType.UPDATE), "d"), CHIEF, "d", "x", STRICT, "override_forbidden"),
        (Case(replace(CORRECTION, content=CONTENT), "d"), CHIEF, "d", "x", STRICT, "override_forbidden"),
    ],
)
def test_who_may_release_alone(
    case: Case, who: Who, given_digest: str, reason: str, policy: Policy, expected: str
) -> None:
    assert code(check_override, case, who, given_digest, reason, policy, NOW) == expected


def test_only_the_prepared_words_are_a_correction() -> None:
    assert correction(CORRECTION)
    assert not correction(ALERT)


OWED = Case(replace(ALERT, state=State.LIVE, signature_owed=True), "d", overridden_by="Chief@judge.example")


@pytest.mark.parametrize(
    ("case", "who", "given_digest", "expected"),
    [
        (OWED, ADMIN, "d", ""),
        (replace(OWED, alert=replace(OWED.alert, state=State.EXPIRED)), ADMIN, "d", ""),
        (OWED, CHIEF, "d", "four_eyes"),
        (OWED, AUTHOR, "d", "role"),
        (OWED, replace(ADMIN, verified=False), "d", "not_verified"),
        (OWED, ADMIN, "e", "digest"),
        (replace(OWED, digest="e"), ADMIN, "e", "digest_stored"),
        (replace(OWED, alert=replace(OWED.alert, signature_owed=False)), ADMIN, "d", "nothing_owed"),
    ],
)
def test_who_may_sign_afterwards(case: Case, who: Who, given_digest: str, expected: str) -> None:
    assert code(check_sign, case, who, given_digest) == expected


# --- the rest ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("alert", "who", "expected"),
    [
        (ALERT, AUTHOR, ""),
        (ALERT, replace(AUTHOR, person="Author@Judge.example"), ""),
        (ALERT, CHIEF, "not_submitter"),
        (replace(ALERT, submitted_by=None), AUTHOR, "not_submitter"),
        (replace(ALERT, state=State.LIVE), AUTHOR, "wrong_state"),
    ],
)
def test_who_may_withdraw(alert: Alert, who: Who, expected: str) -> None:
    assert code(check_withdraw, alert, who) == expected


@pytest.mark.parametrize("verb", [Verb.RETURN, Verb.REJECT])
@pytest.mark.parametrize(
    ("alert", "who", "reason", "expected"),
    [
        (ALERT, CHIEF, "why", ""),
        (ALERT, CHIEF, "", "no_reason"),
        (ALERT, AUTHOR, "why", "role"),
        (ALERT, MACHINE, "why", "role"),
        (DRAFT, CHIEF, "why", "wrong_state"),
    ],
)
def test_who_may_send_back(alert: Alert, who: Who, reason: str, expected: str, verb: Verb) -> None:
    assert code(check_send_back, alert, who, verb, reason) == expected


LIVE = replace(ALERT, state=State.LIVE)


@pytest.mark.parametrize(
    ("alert", "who", "expected"),
    [(LIVE, CHIEF, ""), (LIVE, AUTHOR, "role"), (LIVE, MACHINE, "role"), (ALERT, CHIEF, "wrong_state")],
)
def test_who_may_stop(alert: Alert, who: Who, expected: str) -> None:
    assert code(check_stop, alert, who) == expected


@pytest.mark.parametrize(
    ("alert", "who", "expected"),
    [
        (LIVE, AUTHOR, ""),
        (LIVE, CHIEF, ""),
        (LIVE, MACHINE, "person_only"),
        (LIVE, Who("x"), "role"),
        (ALERT, AUTHOR, "not_live"),
    ],
)
def test_who_may_follow_up(alert: Alert, who: Who, expected: str) -> None:
    assert code(check_follow_up, alert, who) == expected


def test_machines_may_write_all_but_safe_to_return() -> None:
    assert code(check_compose, MACHINE, "superseded") == ""
    assert code(check_compose, MACHINE, "lifted") == "person_only"
    assert code(check_compose, AUTHOR, "lifted") == ""
    assert code(check_compose, Who("x"), "superseded") == "role"


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("minutes", [-1, 1])
@pytest.mark.parametrize("template", ["severe_weather", "cap"])
def test_what_was_ended_or_changed_since_is_not_followed_up_on(state: State, minutes: int, template: str) -> None:
    old = replace(ALERT, id="old", state=state, ended_at=NOW + timedelta(minutes=minutes))
    content = replace(CONTENT, template=template)
    case = replace(CASE, alert=replace(ALERT, content=content, replaces=("old",)), replaced=(old,))
    decided = state in (State.SUPERSEDED, State.CANCELLED, State.LIFTED)
    for check in (
        lambda: check_approve(case, CHIEF, "d", Policy(), NOW),
        lambda: check_override(case, CHIEF, "d", "nobody answers", Policy(), NOW),
    ):
        if decided and minutes > 0 and template != "cap":
            with pytest.raises(BroadcasterError, match=f"is {state} meanwhile: Tornado"):
                check()
        else:
            check()


def test_a_digest_of_before_there_were_threads_stays_what_it_was() -> None:
    alone = [Message("sms", "en", "Leave now.")]
    before = "eca2f2822f9b05af132891ad87553b08c3a73f197068b05fda00fb4f130fb525"
    assert digest(ALERT, alone) == before
    assert digest(ALERT, alone) != digest(ALERT, [replace(alone[0], number=1)])
    two = [Message("x", "en", "A"), Message("x", "en", "B", number=1)]
    assert digest(ALERT, two) != digest(ALERT, [replace(two[0], number=1), replace(two[1], number=0)])
