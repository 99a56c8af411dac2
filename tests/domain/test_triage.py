"""What an entry means: by example, and as a property over every order of arrival."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.alert import CapMessage, MsgType, Reference, Scope, Status
from broadcaster.domain.feed_entry import NO_TIME, FeedEntry
from broadcaster.domain.triage import FUTURE, Decision, Known, Verb, decide, end_of, event_of, replaces
from tests.domain.cap_messages import NOW, SENDER, entry, info, message, update

LIFETIME = timedelta(hours=24)
VTEC = "/O.{}.KSEW.FL.W.0001.261122T1100Z-261123T0600Z/"


class Record:
    """Entries as ingest records them, and what stands after each."""

    def __init__(self, feed: str = "nws") -> None:
        self.feed = feed
        self.known: list[Known] = []
        self.standing: set[Reference] = set()

    def read(self, read: FeedEntry | CapMessage, feed: str = "") -> Decision:
        found = read if isinstance(read, FeedEntry) else entry(read)
        feed = feed or self.feed
        decision = decide(found, feed, self.known, NOW, LIFETIME)
        if decision.code != "duplicate":
            self._keep(found, feed, decision)
        self.standing -= {k.reference for k in decision.retires}
        if decision.verb in (Verb.NEW, Verb.UPDATE):
            self.standing.add(found.message.reference)
        return decision

    def _keep(self, found: FeedEntry, feed: str, decision: Decision) -> None:
        m = found.message
        self.known.append(
            Known(
                len(self.known) + 1,
                feed,
                m.reference,
                m.msg_type,
                event_of(m),
                m.references,
                found.content_hash,
                decision.verb,
                decision.code,
            )
        )


def after(*messages: FeedEntry | CapMessage) -> Record:
    record = Record()
    for each in messages:
        record.read(each)
    return record


def codes(decision: Decision) -> set[str]:
    return {finding.code for finding in decision.findings}


ONE = message("one")
TWO = update("two", 10, ONE)
THREE = update("three", 20, ONE, TWO)
CANCEL = update("end", 30, ONE, TWO, THREE, msg_type=MsgType.CANCEL, infos=())


def test_an_alert_is_new() -> None:
    decision = Record().read(ONE)
    assert (decision.verb, decision.code, decision.retires, decision.findings) == (Verb.NEW, "", (), ())


def test_the_same_again_is_a_duplicate() -> None:
    assert after(ONE).read(ONE).code == "duplicate"


def test_the_same_identity_with_other_content_is_a_problem() -> None:
    changed = replace(ONE, infos=(info(headline="Other"),))
    record = after(ONE)
    decision = record.read(changed)
    assert (decision.verb, decision.code) == (Verb.PROBLEM, "changed_content")
    assert record.standing == {ONE.reference}


def test_each_of_two_contents_that_were_kept_is_a_duplicate_when_it_comes_again() -> None:
    changed = replace(ONE, infos=(info(headline="Other"),))
    record = after(ONE, changed)
    assert [record.read(each).code for each in (ONE, changed)] == ["duplicate", "duplicate"]


def test_what_came_too_late_is_told_the_last_that_replaced_it() -> None:
    decision = after(TWO, THREE).read(ONE)
    assert decision.by is not None
    assert decision.by.reference == THREE.reference


def test_of_two_messages_of_one_moment_the_one_that_names_the_other_replaces_it() -> None:
    naming, named = known(update("a", 10, message("z", sent=NOW))), known(message("z", sent=NOW))
    naming = replace(naming, reference=replace(naming.reference, sent=NOW))
    assert replaces(naming, named)
    assert not replaces(named, naming)


GREEN = (("awareness_level", "1; green; Minor"), ("awareness_type", "5; Extreme high temperature"))


def known(of: CapMessage) -> Known:
    return Known(1, "nws", of.reference, of.msg_type, event_of(of), of.references, "", Verb.NEW)


def test_a_green_update_ends_what_it_names_and_is_no_warning_in_either_order() -> None:
    green = update("two", 10, ONE, infos=(info(parameters=GREEN),))
    record = after(ONE)
    decision = record.read(green)
    assert (decision.code, len(decision.retires), record.standing) == ("green", 1, set())
    assert after(green).read(ONE).code == "older"


@pytest.mark.parametrize("level", ["2; yellow; Moderate", "1; red", "green", "10; green"])
def test_a_warning_is_green_only_where_all_of_it_is(level: str) -> None:
    other = info(parameters=(("awareness_level", level),))
    assert Record().read(message("x", infos=(info(parameters=GREEN), other))).verb == Verb.NEW


def test_an_update_that_ends_every_event_in_each_way_is_a_cancel() -> None:
    ended = entry(TWO, *(VTEC.format(action) for action in ("CAN", "EXP", "UPG")))
    assert after(ONE).read(ended).verb == Verb.CANCEL


def test_another_feed_that_brings_the_same_message_in_its_own_form_is_a_duplicate() -> None:
    decision = after(ONE).read(entry(replace(ONE, note="x")), feed="other")
    assert (decision.verb, decision.code) == (Verb.IGNORE, "duplicate")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": Status.TEST}, "not_actual"),
        ({"status": Status.EXERCISE}, "not_actual"),
        ({"status": Status.SYSTEM}, "not_actual"),
        ({"status": Status.DRAFT}, "not_actual"),
        ({"scope": Scope.PRIVATE}, "not_public"),
        ({"scope": Scope.RESTRICTED}, "not_public"),
        ({"msg_type": MsgType.ACK}, "not_a_warning"),
        ({"msg_type": MsgType.ERROR}, "not_a_warning"),
        ({"infos": ()}, "no_info"),
        ({"infos": (info(parameters=GREEN),)}, "green"),
        ({"infos": (info(expires=NOW),)}, "expired"),
        ({"infos": (info(expires=None),), "sent": NOW - LIFETIME}, "expired"),
    ],
)
def test_what_does_not_concern_the_public_now_is_ignored_with_its_reason(changes: dict[str, object], code: str) -> None:
    decision = Record().read(message("x", **changes))
    assert (decision.verb, decision.code) == (Verb.IGNORE, code)
    assert decision.reason


@pytest.mark.parametrize(
    "changes", [{"status": Status.TEST}, {"scope": Scope.PRIVATE}, {"msg_type": MsgType.ACK}, {"sender": "other@x"}]
)
def test_what_is_not_for_the_public_or_is_of_another_sender_never_replaces(changes: dict[str, object]) -> None:
    record = after(ONE)
    decision = record.read(update("two", 10, ONE, **changes))
    assert decision.retires == ()
    assert record.standing >= {ONE.reference}
    assert after(update("two", 10, ONE, **changes)).read(ONE).verb == Verb.NEW


def test_a_test_product_by_its_vtec_is_not_actual() -> None:
    assert Record().read(entry(ONE, "/T.NEW.KSEW.FL.W.0001.261122T1100Z-261123T0600Z/")).code == "not_actual"
    assert Record().read(entry(ONE, VTEC.format("NEW"), "/T.NEW.KSEW.FL.W.0001.261122T1100Z-261123T0600Z/")).code == ""


def test_an_update_replaces_what_it_names() -> None:
    record = after(ONE)
    decision = record.read(TWO)
    assert decision.verb == Verb.UPDATE
    assert [k.reference.identifier for k in decision.retires] == ["one"]
    assert "one" in decision.reason
    assert codes(decision) == set()


def test_an_update_that_names_nobody_we_know_is_kept_with_a_finding() -> None:
    decision = Record().read(TWO)
    assert (decision.verb, decision.retires, codes(decision)) == (Verb.UPDATE, (), {"unknown_reference"})


def test_an_original_that_comes_after_its_update_is_older() -> None:
    decision = after(TWO).read(ONE)
    assert (decision.verb, decision.code) == (Verb.IGNORE, "older")
    assert decision.by is not None
    assert decision.by.reference == TWO.reference


def test_an_update_that_comes_late_still_ends_what_it_named() -> None:
    """ONE, then THREE which names only TWO; when TWO comes, it is older than THREE and ends ONE."""
    three = update("three", 20, TWO)
    record = after(ONE, three)
    decision = record.read(TWO)
    assert (decision.code, [k.reference.identifier for k in decision.retires]) == ("older", ["one"])
    assert record.standing == {three.reference}


def test_a_cancel_ends_what_it_names_and_stands_for_nothing_itself() -> None:
    record = after(ONE, TWO)
    decision = record.read(CANCEL)
    assert (decision.verb, [k.reference.identifier for k in decision.retires]) == (Verb.CANCEL, ["one", "two"])
    assert record.standing == set()


def test_a_cancel_of_nothing_is_kept_with_a_finding() -> None:
    decision = Record().read(update("end", 30, ONE, msg_type=MsgType.CANCEL, infos=()))
    assert (decision.verb, codes(decision)) == (Verb.CANCEL, {"unknown_reference"})
    assert "Nothing" in decision.reason


def test_a_message_that_is_cancelled_before_it_comes_is_older() -> None:
    assert after(CANCEL).read(ONE).code == "older"


def test_a_cancel_whose_own_time_is_over_still_cancels() -> None:
    past = update("end", 30, ONE, msg_type=MsgType.CANCEL, infos=(info(expires=NOW - timedelta(minutes=1)),))
    assert after(ONE).read(past).verb == Verb.CANCEL


def test_an_update_whose_time_is_over_still_ends_what_it_names() -> None:
    record = after(ONE)
    decision = record.read(update("two", 10, ONE, infos=(info(expires=NOW),)))
    assert (decision.code, len(decision.retires), record.standing) == ("expired", 1, set())
    assert record.read(update("three", 5, ONE)).verb == Verb.UPDATE


def test_who_names_a_message_by_its_time_has_read_it_whatever_the_clocks_say() -> None:
    """The sender's clock was ahead when it warned and was set right before it updated or cancelled."""
    early = update("two", -10, ONE)
    decision = after(ONE).read(early)
    assert [k.reference.identifier for k in decision.retires] == ["one"]
    assert [finding.code for finding in decision.findings] == ["clock"]
    assert after(early, ONE).standing == after(ONE, early).standing == {early.reference}
    timeless = Reference(SENDER, "one", NO_TIME)
    assert after(ONE).read(update("two", -10, references=(timeless,))).retires == ()


def test_a_reference_with_another_time_is_another_message_and_one_without_a_time_is_any() -> None:
    other = Reference(SENDER, "one", ONE.sent + timedelta(seconds=1))
    decision = after(ONE).read(update("two", 10, references=(other,)))
    assert (decision.retires, codes(decision)) == ((), {"unknown_reference"})
    anyone = Reference(SENDER, "one", NO_TIME)
    decision = after(ONE).read(update("two", 10, references=(anyone,)))
    assert (len(decision.retires), codes(decision)) == (1, set())


def test_references_of_an_alert_replace_nothing() -> None:
    assert after(ONE).read(message("two", 10, references=(ONE.reference,))).verb == Verb.NEW


def test_a_reference_to_another_senders_message_is_a_finding() -> None:
    foreign = replace(ONE, sender="else@x")
    record = after(foreign)
    decision = record.read(update("two", 10, foreign))
    assert (decision.retires, codes(decision)) == ((), {"foreign_reference"})


def test_an_identifier_used_again_for_the_same_event_is_an_update() -> None:
    decision = after(ONE).read(message("one", 10))
    assert (decision.verb, len(decision.retires), codes(decision)) == (Verb.UPDATE, 1, {"identifier_reused"})
    assert after(message("one", 10)).read(ONE).code == "older"


def test_an_identifier_used_again_for_another_event_is_new() -> None:
    other = message("one", 10, infos=(info(event="Tornado Warning"),))
    record = after(ONE)
    decision = record.read(other)
    assert (decision.verb, codes(decision), len(record.standing)) == (Verb.NEW, {"identifier_reused"}, 2)


def test_a_cancel_under_the_same_identifier_cancels() -> None:
    cancel = message("one", 10, msg_type=MsgType.CANCEL, infos=())
    assert len(after(ONE).read(cancel).retires) == 1


@pytest.mark.parametrize(
    ("actions", "verb"),
    [
        (("CAN",), Verb.CANCEL),
        (("EXP",), Verb.CANCEL),
        (("UPG", "CAN"), Verb.CANCEL),
        (("CON",), Verb.UPDATE),
        (("UPG", "NEW"), Verb.UPDATE),
        ((), Verb.UPDATE),
    ],
)
def test_an_update_whose_every_vtec_action_ends_its_event_is_a_cancel(actions: Sequence[str], verb: Verb) -> None:
    assert after(ONE).read(entry(TWO, *(VTEC.format(a) for a in actions))).verb == verb


def test_an_alert_is_no_cancel_whatever_its_vtec() -> None:
    assert Record().read(entry(ONE, VTEC.format("CAN"))).verb == Verb.NEW


def test_a_time_to_come_is_a_finding_beyond_what_clocks_differ() -> None:
    assert codes(Record().read(message("x", sent=NOW + FUTURE))) == set()
    decision = Record().read(message("x", sent=NOW + FUTURE + timedelta(seconds=1)))
    assert (decision.verb, codes(decision)) == (Verb.NEW, {"future_sent"})


def test_a_message_lasts_as_long_as_its_longest_info_and_the_event_does_not_lengthen_it() -> None:
    soon, late = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    both = message(infos=(info(expires=soon, ends=late + LIFETIME), info(expires=late)))
    assert end_of(both, LIFETIME) == late
    open_ended = message(infos=(info(expires=soon), info(expires=None)))
    assert end_of(open_ended, LIFETIME) == open_ended.sent + LIFETIME
    assert end_of(message(infos=()), LIFETIME) == ONE.sent + LIFETIME


def test_of_two_that_name_each_other_one_wins_in_either_order() -> None:
    a = message("a", 0, msg_type=MsgType.UPDATE, references=(Reference(SENDER, "b", ONE.sent),))
    b = message("b", 0, msg_type=MsgType.UPDATE, references=(Reference(SENDER, "a", ONE.sent),))
    assert after(a, b).standing == after(b, a).standing == {b.reference}


def test_replacing_needs_a_different_message() -> None:
    me = Known(1, "nws", TWO.reference, MsgType.UPDATE, "", (TWO.reference,), "", Verb.UPDATE)
    assert not replaces(me, me)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_chain_shuffled_in_any_way_ends_as_in_order(order: tuple[int, ...]) -> None:
    for chain in ((ONE, TWO, THREE, CANCEL), (ONE, TWO, THREE, update("four", 40, THREE))):
        assert after(*(chain[i] for i in order)).standing == after(*chain).standing


@st.composite
def stories(draw: st.DrawFn) -> list[FeedEntry]:
    """Messages of one or two senders that refer to any earlier ones, some expired, some re-used, some not Actual."""
    made: list[CapMessage] = []
    for number in range(draw(st.integers(2, 6))):
        kind = draw(st.sampled_from([MsgType.ALERT, MsgType.UPDATE, MsgType.UPDATE, MsgType.CANCEL]))
        named = draw(st.lists(st.sampled_from(made), max_size=3, unique=True)) if made else []
        over = draw(st.booleans())
        made.append(
            message(
                draw(st.sampled_from(["re-used", f"id-{number}"])),
                draw(st.integers(0, 1)) + number,
                sender=draw(st.sampled_from([SENDER, SENDER, "other@x"])),
                msg_type=kind,
                references=tuple(m.reference for m in named),
                status=draw(st.sampled_from([Status.ACTUAL, Status.ACTUAL, Status.ACTUAL, Status.TEST])),
                infos=(info(expires=NOW - timedelta(minutes=1) if over and number % 3 == 0 else NOW + LIFETIME),),
            )
        )
    identities = {m.reference: m for m in made}
    return [entry(m) for m in identities.values()]


@settings(max_examples=150, deadline=None)
@given(stories(), st.data())
def test_any_story_in_any_order_ends_the_same(story: list[FeedEntry], data: st.DataObject) -> None:
    def end(order: Iterable[FeedEntry]) -> set[Reference]:
        return after(*order).standing

    shuffled = data.draw(st.permutations(story))
    assert end(shuffled) == end(story)
    assert end([*shuffled, *shuffled]) == end(story)
