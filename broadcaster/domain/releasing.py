"""What a machine may never release, whatever an armed rule says (rules.md section 3). Pure: all reasons, not the first.

Asked in the transaction that would release, and of the entries of the last month before a rule is armed. What is held
goes to people, who read the reasons. In doubt it is held: a person loses a minute, a wrong release cannot be undone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.domain.alert import Alert, CapMessage, Info, Mode, MsgType, Scope, Status
from broadcaster.domain.config import FeedConfig, RuleConfig
from broadcaster.domain.contents import advised, folded
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.message import Finding
from broadcaster.domain.rules import info_matches
from broadcaster.domain.triage import FUTURE, ends

HELD = "held_by_rule"  # the finding under which a review says why no machine released it
FIVE = ("source", "hazard", "place", "guidance", "time")
OF_A_CANCEL = ("source", "hazard", "place")  # it says that something is over, not what to do or until when
TEST_CODES = frozenset(("RWT", "RMT", "NPT", "DMO", "NAT", "NMN", "TXB", "TXF", "TXO", "TXP"))  # 47 CFR 11.31(e)
EVACUATION_CODES = frozenset(("EVI",))
_EVACUATION = re.compile(
    r"evacu|\bleave (?:now|immediately|at once|the area|your homes?)|\bgo now\b|"
    r"\b(?:salga|salgan|vayase|vayanse) (?:ahora|inmediatamente|de inmediato|del area|de su casa)|\babandon(?:e|en) |"
    r"\bquittez (?:les lieux|votre|la zone)|\bso tan\b|疏散|撤离|撤離|避難|اخلاء"
)
_ALL_CLEAR = re.compile(
    r"\ball clear\b|\bsafe to return\b|\bno longer (?:in effect|a threat|in force)|\bthreat (?:has|is) (?:ended|over)|"
    r"\b(?:has|have|is|are) (?:been )?lifted\b|\bseguro regresar\b|\bya no (?:esta|hay|es)\b|\blevantad[ao]\b|"
    r"\bfuera de peligro\b"
)
_TEST_NAME = re.compile(
    r"\b(?:test|tests|testing|exercise|drill|demo|demonstration|practice|simulacro|prueba|ejercicio)\b"
)
_TEST_WORDS = re.compile(
    r"\bthis is (?:only )?an? (?:test|drill|exercise)|\bonly a test\b|\btest message\b|\b(?:monthly|weekly) test\b|"
    r"\btest[. ]+test\b|\bexercise[. ]+exercise\b|\bsimulacro\b|"
    r"\besta? es (?:solo )?una? (?:prueba|simulacro|ejercicio)"
)
_UNSURE = ("too_long", "costly_characters", "expires_assumed", "no_words", "area_by_name", "unknown", "drill_words")
_UNSURE_ENTRY = (
    "area_by_name",
    "unknown",
    "future_sent",
    "foreign_reference",
    "identifier_reused",
    "signature_invalid",
)


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it would go out, folded, and the folded words by which each content is known in it.

    ``places`` and ``times``: one of them is enough. ``guidance`` is the issuer's (or template's) own instruction.
    """

    channel: str
    language: str
    text: str
    source: str
    hazard: str
    places: tuple[str, ...]
    guidance: str
    times: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thread:
    """What went before in the same incident. ``by_rule``: alerts that this very rule released and nobody touched.

    ``by_people``: alerts that somebody wrote, approved, stopped, or is deciding about.
    """

    by_rule: tuple[str, ...] = ()
    by_people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is looked at. ``recent``: releases of this rule in the last hour; ``stopped``: kill switches that are
    on; ``armed``: why the rule is not armed, "" where it is;
    ``matched``: is it the first rule that matches this message? ``oldest``: how old ``sent`` may be."""

    rule: RuleConfig
    feed: FeedConfig
    entry: FeedEntry
    alert: Alert
    findings: Sequence[Finding]
    texts: Sequence[Said]
    at: datetime
    oldest: timedelta
    recent: int = 0
    stopped: Collection[str] = ()
    armed: str = ""
    matched: bool = True
    thread: Thread = Thread()

    @property
    def message(self) -> CapMessage:
        """The issuer's message."""
        return self.entry.message


def held(facts: Facts) -> tuple[str, ...]:
    """Why no machine may release it, each in a sentence for people; empty: the rule may."""
    return tuple(dict.fromkeys(reason for check in _CHECKS for reason in check(facts)))


# --- the rule and what stands around it -----------------------------------------------------------------------------
def _rule(facts: Facts) -> Iterator[str]:
    if facts.rule.action != "release":
        yield "The rule releases nothing by itself."
    if not facts.matched:
        yield "The rule that released the message before does not match this one."
    if facts.armed:
        yield facts.armed
    if "rules" in facts.stopped:
        yield "Automatic rules are stopped."
    if "sending" in facts.stopped:
        yield "All sending is stopped."
    if facts.recent >= facts.rule.max_per_hour:
        yield f"The rule has released {facts.recent} alerts in the last hour (max_per_hour)."


def _source(facts: Facts) -> Iterator[str]:
    if facts.feed.name not in facts.rule.feeds:
        yield f"The rule does not name the feed {facts.feed.name}."
    if facts.feed.trust != "official":
        yield f"The feed {facts.feed.name} is not an official one."
    codes = {finding.code for finding in facts.entry.findings}
    if facts.feed.signature == "required" and "signature_valid" not in codes:
        yield "The feed demands a signature, and no valid one was found."
    for finding in facts.entry.findings:
        if finding.code in _UNSURE_ENTRY:
            yield finding.text


# --- what the message is --------------------------------------------------------------------------------------------
def _kind(facts: Facts) -> Iterator[str]:
    message = facts.message
    if message.status != Status.ACTUAL:
        yield f"Its status is {message.status}, not Actual."
    if message.scope != Scope.PUBLIC:
        yield f"Its scope is {message.scope}, not Public."
    if message.msg_type not in (MsgType.ALERT, MsgType.UPDATE, MsgType.CANCEL):
        yield f"It is an {message.msg_type}."
    if any(not code.startswith("/O.") for code in facts.entry.vtec):
        yield "Its VTEC is not that of an operational product."
    if facts.alert.mode != Mode.ACTUAL:
        yield "It is an exercise or a test."


def _time(facts: Facts) -> Iterator[str]:
    message, alert = facts.message, facts.alert
    if facts.at - message.sent > facts.oldest:
        yield f"It was sent more than {int(facts.oldest.total_seconds() // 60)} minutes ago."
    if message.sent - facts.at > FUTURE:
        yield "It says that it was sent at a time to come."
    over = [end for end in (alert.expires, message.expires) if end is not None and end <= facts.at]
    if over and not ends(facts.entry):
        yield "Its end has passed."


def _area(facts: Facts) -> Iterator[str]:
    if not facts.alert.zones:
        yield "It names no area of ours."
    beyond = [zone for zone in facts.alert.zones if zone not in facts.rule.match.zones]
    if beyond:
        yield f"It reaches beyond the rule's zones: {', '.join(beyond)}."


def _matching(facts: Facts) -> Iterator[str]:
    """A rule was armed for what it lists: an info beside it that says something else is not among that."""
    for info in facts.message.infos if not ends(facts.entry) else ():
        if not info_matches(facts.rule.match, info):
            yield f"The rule does not list all that it says: {info.event or 'no event'} ({info.language})."


# --- what no rule may list ------------------------------------------------------------------------------------------
def _evacuation(facts: Facts) -> Iterator[str]:
    codes = {value.upper() for info in _infos(facts) for _, value in info.event_codes}
    responses = {one.casefold() for info in _infos(facts) for one in info.response_types}
    words = any(_EVACUATION.search(text) for text in _words(facts))
    if facts.alert.content.template.startswith("evacuation") or "evacuate" in responses or words:
        yield "It tells people to leave: an evacuation is only ever released by people."
    elif codes & EVACUATION_CODES:
        yield "Its event code is that of an evacuation, which is only ever released by people."


def _all_clear(facts: Facts) -> Iterator[str]:
    responses = {one.casefold() for info in _infos(facts) for one in info.response_types}
    said = any(_ALL_CLEAR.search(text) for text in _words(facts, ended=ends(facts.entry)))
    if facts.alert.ending == "lifted" or "allclear" in responses or said:
        yield "It says that a danger is over: only people declare anybody safe."


def _test(facts: Facts) -> Iterator[str]:
    infos = _infos(facts)
    codes = {value.upper() for info in infos for _, value in info.event_codes}
    named = any(_TEST_NAME.search(folded(text)) for info in infos for text in (info.event, info.headline))
    if codes & TEST_CODES or named or any(_TEST_WORDS.search(text) for text in _words(facts)):
        yield "It may be a test or an exercise by its words or event code."


def _infos(facts: Facts) -> tuple[Info, ...]:
    """The issuer's, and ours made of them: what is looked at must not depend on which of the two goes out."""
    return (*facts.message.infos, *facts.alert.content.infos)


def _words(facts: Facts, ended: bool = False) -> list[str]:
    """Everything people could read, folded. ``ended``: an issuer's Cancel says by its nature that it is over, so that
    then its own event and headline alone are asked."""
    infos = _infos(facts)
    said = [text for info in infos for text in (info.event, info.headline, info.instruction)]
    if not ended:
        said += [facts.message.note, *(one.text for one in facts.texts)]
        said += [text for info in infos for text in _beside(info)]
    return [folded(text) for text in said]


def _beside(info: Info) -> Iterator[str]:
    """What else of an info may reach people, or tells machines what it is."""
    yield from (info.description, info.audience)
    yield from (area.description for area in info.areas)
    yield from (f"{name} {value}" for name, value in info.parameters)


# --- whom it would be against ---------------------------------------------------------------------------------------
def _people(facts: Facts) -> Iterator[str]:
    if facts.thread.by_people:
        yield f"People have worked on what it follows (alert {', '.join(facts.thread.by_people)})."
    strange = [id_ for id_ in facts.alert.replaces if id_ not in facts.thread.by_rule]
    if strange and not facts.thread.by_people:
        yield f"It would end the alert {', '.join(strange)}, which this rule did not release."
    if facts.thread.by_rule and facts.rule.follow != "release":
        yield "The rule leaves updates and cancels to people (follow)."
    if ends(facts.entry) and not facts.alert.replaces:
        yield "It ends nothing that this rule released."


# --- how it would read ----------------------------------------------------------------------------------------------
def _texts(facts: Facts) -> Iterator[str]:
    for finding in facts.findings:
        if finding.blocking or finding.code in _UNSURE:
            yield finding.text
    if facts.alert.channels and not facts.texts:
        yield "There is no text to send."
    for said in facts.texts:
        for name in lacks(said, OF_A_CANCEL if ends(facts.entry) else FIVE):
            yield f"{said.channel} ({said.language}): it does not say the {name}."


def lacks(said: Said, wanted: Sequence[str] = FIVE) -> list[str]:
    """Which of the five contents a text does not say."""
    there = {
        "source": bool(said.source) and said.source in said.text,
        "hazard": bool(said.hazard) and said.hazard in said.text,
        "place": any(place in said.text for place in said.places if place),
        "guidance": advised(said.guidance, said.text),
        "time": any(time in said.text for time in said.times if time),
    }
    return [name for name in wanted if not there[name]]


_CHECKS = (_rule, _source, _kind, _time, _area, _matching, _evacuation, _all_clear, _test, _people, _texts)
