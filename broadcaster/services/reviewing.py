"""All that an approver must see before deciding, in one read: texts, people, times, cost, changes, who may, who knows.

It decides nothing: approve, override, return, reject and withdraw do, and check everything again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Info, Mode, State
from broadcaster.domain.audience import groups_of
from broadcaster.domain.bundle import digest_of
from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.message import Finding, Limits, Message, shown_as
from broadcaster.domain.progress import FEW, Arrival, Piece, arrival, words_changed
from broadcaster.domain.review import APPROVERS, Who, check_approve, check_override, check_sign, correction, digest
from broadcaster.domain.wording import confirm_sentence, level, magnitude
from broadcaster.services import notices
from broadcaster.services.audience import count
from broadcaster.services.channels import limits_of, pace_of
from broadcaster.services.expand import people as counted_people
from broadcaster.services.progress import held as held_back
from broadcaster.services.stamps import priority_among
from broadcaster.services.steps import cases, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import audit_trail
from broadcaster.store import progress as queue
from broadcaster.store.alerts import Reviewed
from broadcaster.store.broadcasts import in_groups, of_zones, takes
from broadcaster.store.bundles import parts_with
from broadcaster.store.notices import people as staff
from broadcaster.store.schema import feed_entries, subscribers, zones

Key = tuple[str, str, int]  # channel, language, place in a thread


@dataclass(frozen=True, slots=True)
class Place:
    """A zone with the people known in it by channel; ``few``: so few that texts alone are no warning there."""

    id: str
    name: str
    people: Mapping[str, int]
    few: bool


@dataclass(frozen=True, slots=True)
class Text:
    """One text as it goes out. ``kind``: phone, call, mail or post; ``was``: word by word against what was there
    before; ``most``: characters that fit; ``shape``: of the card that goes with it; ``of``: posts of its thread;
    ``parts``: it is counted and charged in parts of text messages."""

    message: Message
    kind: str
    was: tuple[Piece, ...] = ()
    most: int = 0
    shape: str = ""
    of: int = 1
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One alert of what is decided. ``since``: what ``Text.was`` compares with ("returned", "replaced", "seen", "");
    ``entries``: feed -> its entry that brought this message, the first to bring it first."""

    alert: Alert
    level: str
    texts: tuple[Text, ...]
    places: tuple[Place, ...]
    people: Mapping[str, int]
    arrivals: Mapping[str, Arrival]
    findings: tuple[Finding, ...]
    steps: tuple[Reviewed, ...]
    entries: Mapping[str, int]
    since: str = ""

    @property
    def infos(self) -> tuple[Info, ...]:
        """Its words in each language."""
        return self.alert.content.infos


@dataclass(frozen=True, slots=True)
class Reviewing:
    """What stands to be decided, and what this person may do about it.

    ``people``: how many different people it tells. ``cost``: of all texts, None where no price is known.
    ``may`` holds verbs; ``why_not`` says in words why this person may not approve (or sign).
    ``held``: switches that would keep its texts back, see ``services.progress.held``; then no time can be promised.
    ``phones``: e-mail -> telephone of those in ``able`` who have one.
    """

    parts: tuple[Part, ...]
    digest: str
    people: int
    sentence: str
    magnitude: str
    last: datetime | None
    first: datetime | None
    segments: int
    cost: float | None
    may: frozenset[str]
    why_not: str
    able: tuple[str, ...]
    told: tuple[Mapping[str, Any], ...]
    correction: bool
    held: tuple[str, ...]
    phones: Mapping[str, str]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all parts, each once."""
        return tuple(dict.fromkeys(one for part in self.parts for one in part.findings))

    @property
    def alert(self) -> Alert:
        """The first of them, which gives the whole its name."""
        return self.parts[0].alert


def reviewing(system: System, actor: Actor, alert_id: str, seen: Mapping[str, str] | None = None) -> Reviewing:
    """``seen``: alert id -> digest of what an older page showed; then ``Text.was`` says what changed since that.

    Raises NotFound.
    """
    with system.database.read() as connection:
        at = system.now()
        held = parts_with(connection, store.get(connection, alert_id))
        limits = limits_of(system, connection)
        parts = tuple(_part(system, connection, alert, limits, seen or {}) for alert in held)
        digests = [digest(alert, store.messages_of(connection, alert.id)) for alert in held]
        whole = digest_of(digests) if held[0].bundle else digests[0]
        told = _people(system, connection, held, limits)
        may, why_not = _may(system, connection, actor, held, whole, at)
        ends = [one for part in parts for one in part.arrivals.values()]
        segments = sum(_segments(part, limits) for part in parts)
        price = system.config.policy.price_per_segment
        able = tuple(notices.able(system, connection, _not_this(connection, held)))
        return Reviewing(
            parts=parts,
            digest=whole,
            people=told,
            sentence=confirm_sentence(told, held[0].mode),
            magnitude=magnitude(told),
            first=at + timedelta(seconds=min(one.first for one in ends)) if ends else None,
            last=at + timedelta(seconds=max(one.last for one in ends)) if ends else None,
            segments=segments,
            cost=round(segments * price, 2) if price else None,
            may=may,
            why_not=why_not,
            able=able,
            told=tuple(notices.told_of(system, connection, held)),
            correction=all(correction(alert) for alert in held),
            held=held_back(system, connection, dict.fromkeys(name for part in parts for name in part.arrivals)),
            phones={row.email: row.phone for row in staff(connection) if row.phone and row.email in able},
        )


# --- one alert ----------------------------------------------------------------------------------------------------
def _part(
    system: System, connection: Connection, alert: Alert, limits: Mapping[str, Limits], seen: Mapping[str, str]
) -> Part:
    own = {name: limit for name, limit in limits.items() if name in alert.channels}
    people = counted_people(connection, alert, own, system.config.policy)
    messages = store.messages_of(connection, alert.id)
    since, before = _before(connection, alert, seen)
    threads = Counter((one.channel, one.language) for one in messages)
    return Part(
        alert=alert,
        level=_level(alert),
        texts=tuple(_text(one, own, before, threads[one.channel, one.language]) for one in messages),
        places=tuple(_places(system, connection, alert, own)),
        people=people,
        arrivals=_arrivals(system, connection, alert, messages, people, own),
        findings=store.findings_of(connection, alert.id),
        steps=store.reviews_of(connection, alert.id),
        entries=_entries(connection, alert),
        since=since,
    )


def _entries(connection: Connection, alert: Alert) -> dict[str, int]:
    """What became this alert, and what other feeds brought of the very same message."""
    e, source = feed_entries.c, alert.source
    same = sa.and_(e.sender == source.sender, e.identifier == source.identifier, e.sent == source.sent)
    found: dict[str, int] = {}
    for row in connection.execute(sa.select(e.feed, e.id).where(sa.or_(e.alert == alert.id, same)).order_by(e.id)):
        found.setdefault(row.feed, row.id)
    return found


def _level(alert: Alert) -> str:
    info = next(iter(alert.content.infos), Info())
    return str(level(info.urgency, info.severity, info.certainty, info.response_types))


def _text(message: Message, limits: Mapping[str, Limits], before: Mapping[Key, str], thread: int) -> Text:
    limit = limits.get(message.channel)
    was = before.get((message.channel, message.language, message.number))
    changed = words_changed(was, message.text) if was is not None else ()
    shape = limit.picture if limit is not None and not message.number else ""
    most, parts = (limit.length, limit.in_parts) if limit is not None else (0, False)
    return Text(message, shown_as(limit), changed, most, shape, thread, parts)


def _before(connection: Connection, alert: Alert, seen: Mapping[str, str]) -> tuple[str, dict[Key, str]]:
    """What its texts were: as an older page showed them, as they were returned, or those of the alert it replaces."""
    entries = audit_trail.of_objects(connection, [f"alert:{alert.id}"])
    wanted = seen.get(alert.id)
    shown = [row for row in entries if row.detail.get("digest") == wanted]
    if wanted and wanted != alert.digest and shown:
        return "seen", _texts(shown[-1].detail)
    back = [row for row in entries if row.verb == f"alert.{Verb.RETURN}"]
    if back:
        return "returned", _texts(back[-1].detail)
    older = store.by_ids(connection, alert.replaces)
    if older and older[0].content.template == alert.content.template:
        texts = store.messages_of(connection, older[0].id)
        return "replaced", {(m.channel, m.language, m.number): m.text for m in texts}
    return "", {}


def _texts(detail: Mapping[str, Any]) -> dict[Key, str]:
    """An entry of an earlier version names no place in a thread: there was one post."""
    return {(m[0], m[1], m[2] if len(m) > 4 else 0): m[-1] for m in detail.get("messages", ())}


def _places(system: System, connection: Connection, alert: Alert, limits: Mapping[str, Limits]) -> Iterator[Place]:
    groups = groups_of(alert.mode, system.config.policy.exercise_group)
    rows = connection.execute(sa.select(zones.c.id, zones.c.name).where(zones.c.id.in_(alert.zones)))
    names = {row.id: row.name for row in rows}
    for zone in alert.zones:
        people = count(connection, [zone], limits, groups)
        few = max(people.values(), default=0) < FEW and alert.mode == Mode.ACTUAL
        yield Place(zone, names.get(zone, zone), people, few)


def _arrivals(
    system: System,
    connection: Connection,
    alert: Alert,
    messages: Sequence[Message],
    people: Mapping[str, int],
    limits: Mapping[str, Limits],
) -> dict[str, Arrival]:
    priority = priority_among(connection, alert) if alert.content.infos else 40
    before = queue.ahead(connection, list(people), priority)
    found = {}
    for name, told in people.items():
        if told:
            pace = pace_of(system.config.channel(name), limits[name])
            found[name] = arrival(before.get(name, 0), told * _most(messages, name), pace)
    return found


def _most(messages: Sequence[Message], channel: str) -> int:
    return max((m.segments for m in messages if m.channel == channel), default=1)


def _segments(part: Part, limits: Mapping[str, Limits]) -> int:
    """Parts of texts at most: everybody's at those of the longest language."""
    texts = [text.message for text in part.texts]
    counted = [name for name in part.people if name in limits and limits[name].in_parts]
    return sum(part.people[name] * _most(texts, name) for name in counted)


# --- the whole ----------------------------------------------------------------------------------------------------
def _people(system: System, connection: Connection, held: Sequence[Alert], limits: Mapping[str, Limits]) -> int:
    """Different people, whatever the number of channels and zones."""
    return sum(_people_of(system, connection, alert, limits) for alert in held)


def _people_of(system: System, connection: Connection, alert: Alert, limits: Mapping[str, Limits]) -> int:
    own = {n: limit for n, limit in limits.items() if n in alert.channels and limit.audience == "people"}
    if alert.ending == "cancelled":
        return max(counted_people(connection, alert, own, system.config.policy).values(), default=0)
    s = subscribers.c
    ways = [
        sa.and_(s[limit.address].is_not(None), s[f"{limit.address}_out"].is_(None), takes(name, limit.chosen))
        for name, limit in own.items()
    ]
    groups = groups_of(alert.mode, system.config.policy.exercise_group)
    query = sa.select(sa.func.count()).where(sa.or_(sa.false(), *ways), of_zones(alert.zones))
    return int(connection.execute(query.where(in_groups(connection, groups))).scalar_one())


def _not_this(connection: Connection, held: Sequence[Alert]) -> str | None:
    """Who may not decide: the submitter, or, where a signature is owed, who released it alone."""
    if not held[0].signature_owed:
        return held[0].submitted_by
    return cases(connection, held)[0].overridden_by


def _may(
    system: System, connection: Connection, actor: Actor, held: Sequence[Alert], whole: str, at: datetime
) -> tuple[frozenset[str], str]:
    """Verbs that would not be refused for who this is, once proven; and why approving would be."""
    by = Who(who(actor).person, actor.roles, True, False)
    found, why = set(), ""
    policy = system.config.policy
    try:
        for one in cases(connection, held):
            if one.alert.signature_owed:
                check_sign(one, by, whole)
            else:
                check_approve(one, by, whole, policy, at)
        found.add("sign" if held[0].signature_owed else "approve")
    except BroadcasterError as error:
        why = error.text
    try:
        for one in cases(connection, held):
            check_override(one, by, whole, "a reason", policy, at)
        found.add("override")
    except BroadcasterError:
        found.discard("override")
    if held[0].state == State.IN_REVIEW:
        found |= {"return", "reject"} if actor.roles & APPROVERS else set()
        found |= {"withdraw"} if by.is_(held[0].submitted_by) else set()
    return frozenset(found), why
