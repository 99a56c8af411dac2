"""What a machine may never release, whatever an armed rule says (rules.md section 3). Pure: all reasons, not the first.

Asked in the transaction that would release, and of the entries of the last month before a rule is armed. What is held
goes to people, who read the reasons. In doubt it is held: a person loses a minute, a wrong release cannot be undone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.domain.alert import Alert, Area, CapMessage, Certainty, Info, Mode, MsgType, Scope, Status, Urgency
from broadcaster.domain.config import FeedConfig, RuleConfig
from broadcaster.domain.contents import advised, folded
from broadcaster.domain.danger_words import declaring, ending, illegible, leaving, practising
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.language import primary
from broadcaster.domain.mapping import WORDS
from broadcaster.domain.message import Finding
from broadcaster.domain.rules import info_matches
from broadcaster.domain.tongue import foreign
from broadcaster.domain.triage import ENDING_ACTIONS, FUTURE, ended_by, ends
from broadcaster.domain.wording import Level, pressing

HELD = "held_by_rule"  # the finding under which a review says why no machine released it
FIVE = ("source", "hazard", "place", "guidance", "time")
OF_A_CANCEL = ("source", "hazard", "place")  # it says that something is over, not what to do or until when
TEST_CODES = frozenset(("RWT", "RMT", "NPT", "DMO", "NAT", "NMN", "TXB", "TXF", "TXO", "TXP"))  # 47 CFR 11.31(e)
EVACUATION_CODES = frozenset(("EVI", "EVA", "CDW"))  # 47 CFR 11.31(e); NWS 10-518: a CDW may order people to leave
WIDEST = 20.0  # degrees from edge to edge of an area, and 1,000 km of radius: what is wider is more likely a mistake
WIDEST_KM = 1000.0
SHORT = 4  # words of a parameter that is a name ("WEA Test"), not a sentence
LONGEST_NAME = 100  # characters of a source or a hazard
MOST_WORDS = 60_000  # characters of all words: looking for dangerous ones in more would hold up the database
_MARKUP = re.compile(r"<[a-z/!]|&(?:#\d|#x|[a-z]{2,8};)|\{[{%#]|[%#}]\}", re.IGNORECASE)
_LINK = re.compile(r"\b(?:https?:|www\.)|\b[a-z0-9-]{1,63}\.(?:[a-z0-9-]{1,63}\.){0,8}[a-z]{2,24}/", re.I)
_NO_ADVICE = re.compile(r"(?:n/?a|none|nil|null|unknown|tbd|see|refer|not applicable|no \w+|ninguna?|aucune?|keine?)\b")
_UNSURE = (
    *("too_long", "costly_characters", "expires_assumed", "no_words", "area_by_name", "unknown", "drill_words"),
    *("zones_left", "other_sender"),
)
_SURE_ENTRY = (  # findings on an entry that leave no doubt about what it says; with any other, people look
    *("mapped", "signature_valid", "signature_unsigned", "namespace", "encoding", "characters", "no_references"),
    *("polygon_open", "polygon_form", "unknown_reference", "pair", "number", "no_area", "no_expires"),
    "time_zone_assumed",  # the agency's own word in feeds.toml, for which two people signed with the rule
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

    ``by_people``: alerts that somebody wrote, approved, stopped, or is deciding about. ``level``: the most pressing of
    what it would replace.
    """

    by_rule: tuple[str, ...] = ()
    by_people: tuple[str, ...] = ()
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is looked at. ``recent``: releases of this rule in the last hour; ``stopped``: kill switches that are
    on; ``armed``: why the rule is not armed, "" where it is;
    ``matched``: is it the first rule that matches this message? ``oldest``: how old ``sent`` may be;
    ``leaving``: live alerts of people that tell somebody in its zones to leave."""

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
    leaving: tuple[str, ...] = ()

    @property
    def message(self) -> CapMessage:
        """The issuer's message."""
        return self.entry.message


def held(facts: Facts) -> tuple[str, ...]:
    """Why no machine may release it, each in a sentence for people; empty: the rule may."""
    checks = _CHECKS if sum(map(len, _words(facts))) <= MOST_WORDS else (_rule, _kind, _too_long)
    return tuple(dict.fromkeys(reason for check in checks for reason in check(facts)))


def _too_long(facts: Facts) -> Iterator[str]:
    yield "It has too many words for a machine to look through."


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
        if finding.code not in _SURE_ENTRY or (finding.code == "pair" and "eventCode" in finding.text):
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
    if message.restriction:
        yield f"It says that it is restricted: {message.restriction[:80]}."
    yield from _vtec(facts)
    if facts.alert.mode != Mode.ACTUAL:
        yield "It is an exercise or a test."


def _vtec(facts: Facts) -> Iterator[str]:
    """Operational and new or going on; and nothing beside it that only looks like a code."""
    codes = facts.entry.vtec
    if any(not code.startswith("/O.") for code in codes):
        yield "Its VTEC is not that of an operational product."
    over = any(ended_by(code, facts.at) for code in codes)
    if not ends(facts.entry) and (over or ENDING_ACTIONS & {code.split(".")[1] for code in codes}):
        yield "Its VTEC says that the event is over."
    for info in facts.message.infos:
        given = " ".join(value for name, value in info.parameters if "vtec" in name.casefold())
        if any(part not in codes and not part.startswith("/0") for part in given.replace("/ /", "/\n/").split()):
            yield "Its VTEC cannot be read."


def _time(facts: Facts) -> Iterator[str]:
    message, alert = facts.message, facts.alert
    if facts.at - message.sent > facts.oldest:
        yield f"It was sent more than {int(facts.oldest.total_seconds() // 60)} minutes ago."
    if message.sent - facts.at > FUTURE:
        yield "It says that it was sent at a time to come."
    if ends(facts.entry):
        return
    given = [end for info in message.infos for end in (info.expires, info.ends)]
    if any(end is not None and end <= facts.at for end in (alert.expires, *given)):
        yield "Its end has passed."
    if any(info.expires is None for info in message.infos):
        yield "A part of it does not say when it ends."
    for begin, end in ((info.effective, info.expires) for info in message.infos):
        if begin is not None and (begin - facts.at > FUTURE or (end is not None and begin >= end)):
            yield "It says that it holds at another time."


def _area(facts: Facts) -> Iterator[str]:
    if not facts.alert.zones:
        yield "It names no area of ours."
    beyond = [zone for zone in facts.alert.zones if zone not in facts.rule.match.zones]
    if beyond:
        yield f"It reaches beyond the rule's zones: {', '.join(beyond)}."
    areas = [area for info in facts.message.infos for area in info.areas]
    if any(_too_wide(area) for area in areas):
        yield "Its area is wider than any warning's: it may be a mistake."
    if any(not (area.polygons or area.circles or area.geocodes) for area in areas):
        yield "A part of its area is known by its name alone."
    yield from _parts(facts)


def _parts(facts: Facts) -> Iterator[str]:
    """A text is made of one info of a language and goes to all its areas: that must be the same thing everywhere."""
    infos = facts.message.infos
    if len({frozenset((area.polygons, area.circles, area.geocodes) for area in info.areas) for info in infos}) > 1:
        yield "Its parts hold in different places."
    if len({info.language.casefold() for info in infos}) < len(infos):
        yield "It says two things in one language, and a text can say only one."


def _too_wide(area: Area) -> bool:
    """In degrees along a ring's sides, so that one over the antimeridian is no wider than it is."""
    for ring in area.polygons:
        for axis in (0, 1):
            values = [point[axis] for point in ring]
            if axis == 1 and max(values) - min(values) > 180:
                values = [value % 360 for value in values]
            if max(values) - min(values) > WIDEST:
                return True
    return any(circle.radius_km > WIDEST_KM for circle in area.circles)


def _matching(facts: Facts) -> Iterator[str]:
    """A rule was armed for what it lists: an info beside it that says something else is not among that."""
    for info in facts.message.infos if not ends(facts.entry) else ():
        if not info_matches(facts.rule.match, info):
            yield f"The rule does not list all that it says: {info.event or 'no event'} ({info.language})."


def _mapped(facts: Facts) -> Iterator[str]:
    """What a table of ours says in the issuer's place counts only where two people signed for that very value."""
    for finding in facts.entry.findings:
        if finding.code != "mapped":
            continue
        key, value = finding.text.split(" ", 1)[0], finding.text.rpartition(" -> ")[2]
        named = getattr(facts.rule.match, key, ()) if key in WORDS or key == "event" else ()
        if value.casefold() not in {word.casefold() for word in named}:
            yield f"Not its issuer but our mapping says its {key}, and the rule does not list that: {value}."


# --- what no rule may list ------------------------------------------------------------------------------------------
def _evacuation(facts: Facts) -> Iterator[str]:
    told = "evacuate" in _responses(facts) or any(map(leaving, _words(facts)))
    if facts.alert.content.template.startswith("evacuation") or told:
        yield "It tells people to leave: an evacuation is only ever released by people."
    elif _codes(facts) & EVACUATION_CODES:
        yield "Its event code is that of an evacuation, which is only ever released by people."


def _all_clear(facts: Facts) -> Iterator[str]:
    """An issuer's Cancel says by its nature that its warning is over, and may; not that anybody is safe."""
    over = ends(facts.entry)
    said = any(map(declaring if over else ending, _words(facts)))
    past = not over and any(
        info.urgency == Urgency.PAST or info.certainty == Certainty.UNLIKELY for info in facts.message.infos
    )
    if facts.alert.ending == "lifted" or "allclear" in _responses(facts) or said or past:
        yield "It says that a danger is over: only people declare anybody safe."
    before = facts.thread.level
    if before is not None and not over and pressing(facts.message).order > before.order:
        yield "It is less pressing than what it would replace: only people say that a danger is less."


def _test(facts: Facts) -> Iterator[str]:
    infos, message = _infos(facts), facts.message
    names = [text for info in infos for text in (info.event, info.headline, info.sender_name)]
    names += [message.source, message.incidents, message.identifier, message.sender, *message.codes]
    names += [
        value for info in infos for name, value in info.parameters if "vtec" not in name.casefold() and _short(value)
    ]
    named = any(practising(re.sub(r"[_.-]", " ", text), name=True) for text in names)
    named = named or any(practising(text, place=True) for info in infos for text in _places(info))
    if _codes(facts) & TEST_CODES or named or any(map(practising, _words(facts, places=False))):
        yield "It may be a test or an exercise by its words or event code."


def _letters(facts: Facts) -> Iterator[str]:
    """What nobody here could read is no text of a machine's; nor does one lead people to another's page."""
    for info in facts.message.infos:
        every = (*_read_first(info), *_beside(info), *_places(info))
        if any(illegible(text, info.language) for text in every):
            yield f"It has letters or characters that do not belong to its language ({info.language})."
        if any(_LINK.search(text) for text in _read_first(info)):
            yield "Its words hold a link."
        if any(_MARKUP.search(text) for text in every):
            yield "Its words hold markup."
        if not 0 < len(info.sender_name) <= LONGEST_NAME or len(info.event) > LONGEST_NAME:
            yield "It does not name its source and its hazard as names are."
        other = foreign(f"{info.headline}. {info.description} {info.instruction}", info.language)
        if other:
            yield f"Its words seem to be of another language ({other}) than it says ({info.language})."


def _codes(facts: Facts) -> set[str]:
    return {folded(value).upper() for info in _infos(facts) for _, value in info.event_codes}


def _responses(facts: Facts) -> set[str]:
    """Without spaces and signs: "All Clear" is AllClear."""
    return {"".join(filter(str.isalpha, folded(one))) for info in _infos(facts) for one in info.response_types}


def _short(value: str) -> bool:
    return len(value.split()) <= SHORT


def _infos(facts: Facts) -> tuple[Info, ...]:
    """The issuer's, and ours made of them: what is looked at must not depend on which of the two goes out."""
    return (*facts.message.infos, *facts.alert.content.infos)


def _words(facts: Facts, places: bool = True) -> list[str]:
    """Everything that people could read, or that tells machines what it is; ``places``: the names of its areas too."""
    infos, message = _infos(facts), facts.message
    said = [message.note, *message.codes, *(one.text for one in facts.texts)]
    signs = [message.incidents, message.source, message.identifier, message.sender]
    signs += [uri for info in infos for uri in (info.web, *(one.uri for one in info.resources))]
    said += [re.sub(r"[_./-]", " ", sign) for sign in signs]
    said += [text for info in infos for text in (*_read_first(info), *_beside(info))]
    return list(dict.fromkeys([*said, *(text for info in infos if places for text in _places(info))]))


def _read_first(info: Info) -> tuple[str, ...]:
    return info.event, info.headline, info.instruction, info.sender_name


def _beside(info: Info) -> Iterator[str]:
    yield from (info.description, info.audience, info.contact)
    yield from (one.description for one in info.resources)
    yield from (f"{name} {value}" for name, value in (*info.parameters, *info.event_codes))


def _places(info: Info) -> Iterator[str]:
    for area in info.areas:
        yield from (area.description, *(f"{name} {value}" for name, value in area.geocodes))


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
    if facts.leaving and not ends(facts.entry):
        yield f"People have told some of those it is for to leave (alert {', '.join(facts.leaving)})."


# --- how it would read ----------------------------------------------------------------------------------------------
def _texts(facts: Facts) -> Iterator[str]:
    for finding in facts.findings:
        if finding.blocking or finding.code in _UNSURE:
            yield finding.text
    if facts.alert.channels and not facts.texts:
        yield "There is no text to send."
    if not ends(facts.entry) and any(map(_says_nothing, facts.message.infos)):
        yield "Its instruction says nothing of what to do."
    written = {primary(info.language) for info in facts.alert.content.infos}
    for language in sorted({said.language for said in facts.texts} - written):
        yield f"No part of it is in the language of the text ({language})."
    for said in facts.texts:
        for name in lacks(said, OF_A_CANCEL if ends(facts.entry) else FIVE):
            yield f"{said.channel} ({said.language}): it does not say the {name}."


def _says_nothing(info: Info) -> bool:
    """One word at most, where words have spaces, or one that stands for none."""
    words = folded(info.instruction).split()
    return bool(words) and (bool(_NO_ADVICE.match(" ".join(words))) or (len(words) == 1 and words[0].isascii()))


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


_CHECKS = (
    *(_rule, _source, _kind, _time, _area, _matching, _mapped),
    *(_evacuation, _all_clear, _test, _letters, _people, _texts),
)
