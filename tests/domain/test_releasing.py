"""What a machine may never release: each reason alone holds it, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.domain.alert import Alert, AlertContent, Area, Certainty, Mode, MsgType, Scope, State, Status, Urgency
from broadcaster.domain.arming import CHANGED, NOT_ARMED, OVER, Arming, digest, unarmed
from broadcaster.domain.config import FeedConfig, Match, RuleConfig
from broadcaster.domain.feed_entry import Problem
from broadcaster.domain.message import Finding
from broadcaster.domain.releasing import Facts, Said, Thread, held, lacks
from broadcaster.domain.wording import Level
from tests.domain.cap_messages import NOW, entry, info, message, update

FEED = FeedConfig("nws", "cap", trust="official")
RULE = RuleConfig(
    "flood",
    "release",
    feeds=("nws",),
    match=Match(event=("Flood Warning",), severity=("Severe",), zones=("valley", "hills")),
    max_per_hour=3,
)
WORDS = info(sender_name="NWS Sacramento", instruction="Move to higher ground now. Do not drive.")
ES = "Suba a un terreno alto ahora. No conduzca por las calles con agua."
SPANISH = replace(WORDS, language="es", instruction=ES)
MESSAGE = message(infos=(WORDS,), sent=NOW)
ALERT = Alert(
    id="a",
    incident="i",
    state=State.DRAFT,
    revision=1,
    mode=Mode.ACTUAL,
    msg_type=MsgType.ALERT,
    content=AlertContent("cap", infos=(WORDS,)),
    zones=("valley",),
    channels=("sms",),
    created=NOW,
    expires=NOW + timedelta(hours=6),
    ending="superseded",
)
SAID = Said(
    "sms",
    "en",
    "nws sacramento: flood warning, judge valley, until 10:00 am pst, nov 22. move to higher ground now.",
    "nws sacramento",
    "flood warning",
    ("judge hills", "judge valley"),
    WORDS.instruction,
    ("10:00 am pst, nov 22",),
)
GOOD = Facts(RULE, FEED, entry(MESSAGE), ALERT, (), (SAID,), NOW, timedelta(minutes=30))


def saying(**changes: Any) -> Facts:
    """The entry with an info that says something else."""
    return replace(GOOD, entry=entry(replace(MESSAGE, infos=(replace(WORDS, **changes),))))


def stating(**changes: Any) -> Facts:
    return replace(GOOD, entry=entry(replace(MESSAGE, **changes)))


def alert(**changes: Any) -> Facts:
    return replace(GOOD, alert=replace(ALERT, **changes))


def text(words: str) -> Facts:
    return replace(GOOD, texts=(replace(SAID, text=f"{SAID.text} {words}"),))


def noted(code: str, text: str = "Look.") -> Facts:
    return replace(GOOD, entry=replace(GOOD.entry, findings=(Problem(code, text),)))


FOLLOWS = replace(  # an Update of what the rule released, less pressing than the warning above
    saying(urgency=Urgency.FUTURE),
    rule=replace(RULE, follow="release"),
    thread=Thread(("b",)),
    alert=replace(ALERT, replaces=("b",)),
)


def test_what_the_rule_lists_and_nothing_is_against_may_be_released() -> None:
    assert held(GOOD) == held(noted("time_zone_assumed")) == ()


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (replace(GOOD, rule=replace(RULE, action="submit")), "releases nothing"),
        (replace(GOOD, armed=NOT_ARMED), "not armed"),
        (replace(GOOD, matched=False), "does not match"),
        (replace(GOOD, stopped=("rules",)), "rules are stopped"),
        (replace(GOOD, stopped=("sending",)), "sending is stopped"),
        (replace(GOOD, recent=3), "max_per_hour"),
        (replace(GOOD, feed=replace(FEED, name="x")), "does not name the feed"),
        (replace(GOOD, feed=replace(FEED, trust="other")), "not an official"),
        (replace(GOOD, feed=replace(FEED, signature="required")), "demands a signature"),
        *((noted(code), "Look.") for code in ("signature_invalid", "unknown", "future_sent", "area_by_name")),
        (noted("mapped", "severity filled by mapping: in every case -> Minor"), "our mapping says its severity"),
        (noted("mapped", "certainty filled by mapping: in every case -> Likely"), "our mapping says its certainty"),
        (noted("mapped", "area filled by mapping: in every case -> UGC CAZ017"), "our mapping says its area"),
        (stating(status=Status.TEST), "status is Test"),
        (stating(scope=Scope.PRIVATE), "scope is Private"),
        (stating(msg_type=MsgType.ERROR), "It is an Error"),
        (replace(GOOD, entry=entry(MESSAGE, "/E.NEW.KSTO.FL.W.0001.261122T1100Z-261123T0600Z/")), "operational"),
        (alert(mode=Mode.EXERCISE), "an exercise"),
        (stating(sent=NOW - timedelta(minutes=31)), "more than 30 minutes ago"),
        (stating(sent=NOW + timedelta(minutes=16)), "a time to come"),
        (alert(expires=NOW), "end has passed"),
        (saying(expires=NOW), "end has passed"),
        (alert(zones=()), "no area of ours"),
        (alert(zones=("valley", "coast")), "beyond the rule's zones: coast"),
        (stating(infos=(WORDS, replace(SPANISH, event="Dam Failure"))), "does not list all"),
        (alert(content=AlertContent("evacuation_order", infos=(WORDS,))), "an evacuation"),
        (saying(response_types=("Shelter", "Evacuate")), "an evacuation"),
        (saying(event_codes=(("SAME", "EVI"),)), "event code is that of an evacuation"),
        (saying(description="EVACUATION is under way."), "an evacuation"),
        (saying(instruction="Move to higher ground now. Leave immediately."), "an evacuation"),
        (saying(description="Evac\u00aduate the valley."), "an evacuation"),
        (saying(parameters=(("CMAMtext", "Evacuate now."),)), "an evacuation"),
        (saying(areas=(Area("Evacuation zone 3", geocodes=(("UGC", "CAZ017"),)),)), "an evacuation"),
        (saying(audience="\u9762\u75db\u907f\u96e3", language="ja", headline="\u6d2a\u6c34"), "an evacuation"),
        (text("evacue ahora."), "an evacuation"),
        (text("salga ahora."), "an evacuation"),
        (saying(response_types=("AllClear",)), "danger is over"),
        (saying(description="The flood watch has been lifted."), "danger is over"),
        (text("es seguro regresar"), "danger is over"),
        (alert(ending="lifted"), "danger is over"),
        (saying(headline="Test of the Flood Warning"), "a test"),
        (saying(event_codes=(("SAME", "rwt"),)), "a test"),
        (saying(description="THIS IS ONLY A TEST."), "a test"),
        (stating(note="Simulacro"), "a test"),
        *(
            (noted(code), "Look.")
            for code in (
                "identifier_reused",
                "foreign_reference",
                "clock",
                "repeated",
                "time_zone",
                "ended_before_it_came",
            )
        ),
        (saying(expires=None), "does not say when it ends"),
        (saying(ends=NOW), "end has passed"),
        (saying(urgency=Urgency.PAST), "danger is over"),
        (saying(certainty=Certainty.UNLIKELY), "danger is over"),
        (replace(FOLLOWS, thread=Thread(("b",), (), Level.ACT_NOW)), "less pressing"),
        (replace(GOOD, findings=(Finding("zones_left", "Who tells the hills?"),)), "Who tells"),
        (replace(GOOD, thread=Thread((), ("b",))), "People have worked"),
        (replace(GOOD, leaving=("b",)), "to leave (alert b)"),
        (saying(web="https://x.example/leave-now"), "an evacuation"),
        (saying(instruction="See below, and move to higher ground now. Do not drive."), "nothing of what to do"),
        (stating(infos=(WORDS, WORDS)), "two things in one language"),
        (saying(description="word " * 12_000), "too many words"),
        (alert(replaces=("b",)), "did not release"),
        (replace(GOOD, thread=Thread(("b",))), "leaves updates and cancels"),
        (replace(GOOD, findings=(Finding("any", "Mend it.", blocking=True),)), "Mend it."),
        (replace(GOOD, findings=(Finding("costly_characters", "Odd letter."),)), "Odd letter."),
        (replace(GOOD, findings=(Finding("expires_assumed", "No end."),)), "No end."),
        (replace(GOOD, texts=()), "no text"),
        (
            replace(GOOD, texts=(SAID, replace(SAID, channel="mail", times=("11:00",)))),
            "mail (en): it does not say the time",
        ),
    ],
)
def test_each_of_these_alone_holds_it(facts: Facts, why: str) -> None:
    assert len(held(facts)) == 1
    assert why in held(facts)[0]


@pytest.mark.parametrize(
    "facts",
    [
        replace(GOOD, recent=2),
        stating(sent=NOW - timedelta(minutes=30)),
        saying(description="Exercise caution. Crews test the water."),
        saying(response_types=("Shelter", "Avoid")),
        saying(urgency=Urgency.EXPECTED),
        noted("mapped", "severity filled by mapping: magnitude 7.1 -> severe"),
        noted("signature_valid"),
        replace(noted("signature_valid"), feed=replace(FEED, signature="required")),
        replace(GOOD, entry=entry(MESSAGE, "/O.NEW.KSTO.FL.W.0001.261122T1100Z-000000T0000Z/")),
        replace(GOOD, findings=(Finding("many_segments", "Long."),)),
        replace(GOOD, alert=replace(ALERT, channels=()), texts=()),
        FOLLOWS,
        replace(FOLLOWS, thread=Thread(("b",), (), Level.BE_READY)),
        replace(GOOD, entry=entry(MESSAGE, "/O.NEW.KSTO.FL.W.0001.261122T1100Z-261123T0600Z/")),
    ],
)
def test_what_is_no_reason_holds_nothing(facts: Facts) -> None:
    assert held(facts) == ()


def cancel(**changes: Any) -> Facts:
    """The issuer's Cancel of what the rule released, in words that name no end and nothing to do."""
    words = replace(WORDS, instruction="", description="Its issuer has cancelled it.", severity=WORDS.severity)
    ending = entry(update("end", 60, MESSAGE, msg_type=MsgType.CANCEL, infos=(words,), sent=NOW))
    said = replace(SAID, text="nws sacramento: cancelled: flood warning, judge valley.", guidance="", times=())
    mine = replace(ALERT, ending="cancelled", replaces=("b",), content=AlertContent("cap", infos=(words,)))
    rule = replace(RULE, follow="release")
    made = replace(GOOD, rule=rule, entry=ending, texts=(said,), alert=mine, thread=Thread(("b",)))
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c, ""),
        (lambda c: replace(c, alert=replace(c.alert, replaces=()), thread=Thread()), "ends nothing"),
        (lambda c: replace(c, thread=Thread((), ("b",))), "People have worked"),
        (lambda c: replace(c, rule=RULE), "leaves updates and cancels"),
        (
            lambda c: replace(
                c, entry=entry(replace(c.message, infos=(replace(c.message.infos[0], headline="All clear"),)))
            ),
            "danger is over",
        ),
    ],
)
def test_a_cancel_needs_no_advice_and_ends_only_what_the_rule_released(
    change: Callable[[Facts], Facts], why: str
) -> None:
    found = held(change(cancel()))
    assert len(found) == bool(why)
    assert why in "".join(found)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"source": "nws reno"}, ["source"]),
        ({"source": ""}, ["source"]),
        ({"hazard": "dam failure"}, ["hazard"]),
        ({"places": ()}, ["place"]),
        ({"guidance": "Shut all windows."}, ["guidance"]),
        ({"times": ("",)}, ["time"]),
    ],
)
def test_the_five_contents_are_looked_for_in_each_text(changes: dict[str, Any], missing: list[str]) -> None:
    assert lacks(replace(SAID, **changes)) == missing


# --- arming -----------------------------------------------------------------------------------------------------
ARMED = Arming(1, "flood", "d", "chief", NOW, "deputy", NOW, NOW + timedelta(days=90))


@pytest.mark.parametrize(
    ("arming", "now", "why"),
    [
        (ARMED, NOW, ""),
        (None, NOW, NOT_ARMED),
        (replace(ARMED, second=None), NOW, NOT_ARMED),
        (replace(ARMED, ended=NOW), NOW, NOT_ARMED),
        (replace(ARMED, digest="e"), NOW, CHANGED),
        (ARMED, NOW + timedelta(days=90), OVER),
        (ARMED, NOW + timedelta(days=90) - timedelta(seconds=1), ""),
    ],
)
def test_a_rule_is_armed_by_two_for_its_text_and_time(arming: Arming | None, now: Any, why: str) -> None:
    assert unarmed(arming, "d", now) == why


def test_any_change_of_rule_words_or_feed_is_another_digest_and_how_often_it_is_polled_is_not() -> None:
    feeds, words = (FEED, FeedConfig("other", "cap")), {"en": "1"}
    same = digest(RULE, words, (replace(FEED, poll_seconds=5), FeedConfig("other", "nws")))
    assert digest(RULE, words, feeds) == same
    others = [
        digest(replace(RULE, max_per_hour=4), words, feeds),
        digest(replace(RULE, match=replace(RULE.match, hours=("01:00-02:00",))), words, feeds),
        digest(RULE, {"en": "2"}, feeds),
        digest(RULE, words, feeds, {"issuer.pem": "another content"}),
        digest(RULE, words, (replace(FEED, url="https://x.example/"),)),
        digest(RULE, words, (replace(FEED, trust="other"),)),
    ]
    assert len({same, *others}) == 7
