"""The watch: what needs a person first, what is live, what just happened. One read, a few queries.

It says kinds and facts; the words for them stand in the templates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import Certainty, Severity, Urgency
from broadcaster.domain.bundle import rank
from broadcaster.domain.feed_health import feed_cause
from broadcaster.domain.progress import kept_seconds
from broadcaster.domain.review import APPROVERS
from broadcaster.domain.wording import Level, level
from broadcaster.services import feed_health, health
from broadcaster.services.audit_trail import Told, tell
from broadcaster.services.deliveries import STATES
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms, arming
from broadcaster.store import switches as switch_store
from broadcaster.store import watch as store
from broadcaster.store.audit_trail import Asked, search
from broadcaster.store.switches import Stopped
from broadcaster.transport.kept import kept

ENDING_SOON = timedelta(minutes=30)
ENTRIES, RECENT, DRAFTS = 200, 20, 12
SAID_ELSEWHERE = ("signature_owed", "review_due", "switch", feed_health.KIND)  # alarms that have an item of their own
OF_REVIEWS = ("nobody", "unanswered")  # keys of alarms that belong to a review's item
ORDER = (
    "review",
    "signature",
    "returned",
    "review_due",
    "ending",
    "alarm",
    "channel",
    "entry",
    "drafted",
    "feed",
    "part",
    "factor",
)


@dataclass(frozen=True, slots=True)
class Card:
    """An alert in a line or two, ``sent`` its deliveries by state. Of a bundle: its first part, everything of all of
    them, and ``parts`` in their order (empty for an alert alone); ``place`` is the part's rank."""

    id: str
    state: str
    mode: str
    title: str
    level: str
    template: str
    zones: tuple[str, ...]
    by: str
    at: datetime
    expires: datetime | None
    until_lifted: bool
    review_at: datetime | None
    bundle: str | None = None
    feed: str = ""
    rule: str = ""  # that released it by itself
    stopped: bool = False
    signature_owed: bool = False
    sent: Mapping[str, int] = field(default_factory=dict)
    place: int = 0
    parts: tuple[Card, ...] = ()

    @property
    def total(self) -> int:
        """Messages there are to send."""
        return sum(self.sent.values())

    @property
    def gone(self) -> int:
        """Messages the providers have taken."""
        return self.sent.get("accepted", 0) + self.sent.get("delivered", 0)

    @property
    def confirmed(self) -> int:
        """Of those, how many percent were confirmed as delivered."""
        return round(100 * self.sent.get("delivered", 0) / self.gone) if self.gone else 0


@dataclass(frozen=True, slots=True)
class Need:
    """Something a person must do. ``mine``: this person may; ``why_not`` says in one word why they may not."""

    kind: str
    id: str = ""
    at: datetime | None = None
    card: Card | None = None
    mine: bool = True
    why_not: str = ""
    text: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the installation: database, redis, sender, worker, clock, page."""

    name: str
    ok: bool
    seen: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Watch:
    """All of the first screen."""

    needs: tuple[Need, ...]
    live: tuple[Card, ...]
    drafts: tuple[Card, ...]
    more_drafts: int
    recent: tuple[Told, ...]
    parts: tuple[Part, ...]
    stopped: tuple[Stopped, ...]
    entries: int


@dataclass(frozen=True, slots=True)
class _Read:
    """What the queries found."""

    at: datetime
    cards: Mapping[str, Card]
    steps: Mapping[str, Row[Any]]
    alarms: Sequence[Row[Any]]
    entries: Sequence[Row[Any]]
    feeds: Mapping[str, Row[Any]]
    zones: Mapping[str, str]
    resting: Mapping[str, str]
    factorless: Sequence[str]


def watch(system: System, actor: Actor) -> Watch:
    """Everything for one person, now."""
    with system.database.read() as connection:
        read = _read(system, connection)
        recent = tell(connection, search(connection, Asked(), RECENT))
        stopped = switch_store.stopped(connection)
    parts = _parts(system)
    cards = read.cards.values()
    drafts = _joined(card for card in cards if card.state in ("draft", "returned") and not card.feed)
    drafts.sort(key=lambda card: card.at, reverse=True)
    live = sorted(_joined(card for card in cards if card.state == "live"), key=_pressing)
    return Watch(
        tuple(_needs(system, actor, read, parts)),
        tuple(live),
        tuple(drafts[:DRAFTS]),
        max(0, len(drafts) - DRAFTS),
        recent,
        parts,
        stopped,
        len(read.entries),
    )


def _read(system: System, connection: Connection) -> _Read:
    at = system.now()
    names = store.zone_names(connection)
    rows = store.open_alerts(connection)
    sent = _sent(system, connection, [row for row in rows if row.state == "live" and row.broadcast])
    asked = [row.id for row in rows if row.signature_owed or row.state == "returned"]
    released = arming.rules_of(connection, [row.id for row in rows if row.state == "live"])
    earlier = store.earlier(connection, [row.id for row in rows if row.bundle])
    return _Read(
        at=at,
        cards={
            row.id: replace(
                _card(row, names, sent.get(row.broadcast, {}), earlier.get(row.id, ())), rule=released.get(row.id, "")
            )
            for row in rows
        },
        steps=store.last_steps(connection, asked, ("override", "return")),
        alarms=alarms.open_alarms(connection),
        entries=store.entries(connection, at, ENTRIES),
        feeds=store.feeds(connection),
        zones=names,
        resting=alarms.paused(connection, at),
        factorless=store.without_factor(connection, APPROVERS),
    )


def _sent(system: System, connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, dict[str, int]]:
    """Broadcast -> state -> messages. Those of a large one are counted once for all who watch (``kept_seconds``)."""
    large = {row.broadcast: seconds for row in rows if (seconds := kept_seconds(sum(row.people.values())))}
    found = store.totals(connection, [row.broadcast for row in rows if row.broadcast not in large])
    for id_, seconds in large.items():
        found |= kept(system.redis, f"sent:{id_}", seconds, partial(store.totals, connection, [id_]))
    return found


def _card(row: Row[Any], names: Mapping[str, str], sent: Mapping[str, int], earlier: Iterable[str]) -> Card:
    info = row.info or {}
    made_by = row.created_by or ""
    counted = {state: sent[state] for state in ("leased", *STATES) if sent.get(state)}
    return Card(
        id=row.id,
        state=row.state,
        mode=row.mode,
        title=info.get("headline") or info.get("event") or (row.template or row.id).replace("_", " "),
        level=_level(info),
        template=row.template or "",
        zones=tuple(names.get(zone, zone) for zone in row.zones),
        by=row.submitted_by or made_by,
        at=(row.sent if row.state == "live" else row.submitted_at) or row.created,
        expires=row.expires,
        until_lifted=row.until_lifted,
        review_at=row.review_at,
        bundle=row.bundle,
        feed=made_by.removeprefix("feed:") if made_by.startswith("feed:") else "",
        stopped=row.stopped is not None,
        signature_owed=row.signature_owed,
        sent=counted,
        place=rank(row.template or "", earlier),
    )


def _joined(cards: Iterable[Card]) -> list[Card]:
    """One card for the parts of a bundle."""
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.bundle or card.id, []).append(card)
    return [_one(sorted(some, key=lambda card: card.place)) for some in groups.values()]


def _one(parts: Sequence[Card]) -> Card:
    first = parts[0]
    if len(parts) == 1:
        return first
    return replace(
        first,
        level=min((part.level for part in parts), key=lambda level: Level(level).order),
        zones=tuple(dict.fromkeys(zone for part in parts for zone in part.zones)),
        expires=min((part.expires for part in parts if part.expires), default=None),
        until_lifted=all(part.until_lifted for part in parts),
        stopped=any(part.stopped for part in parts),
        sent=sum((Counter(part.sent) for part in parts), Counter()),
        parts=tuple(parts),
    )


def _level(info: Mapping[str, Any]) -> str:
    found = level(
        Urgency(info.get("urgency", "Unknown")),
        Severity(info.get("severity", "Unknown")),
        Certainty(info.get("certainty", "Unknown")),
        info.get("response_types", ()),
    )
    return str(found)


def _pressing(card: Card) -> tuple[bool, int, float]:
    return card.mode != "actual", Level(card.level).order, -card.at.timestamp()


# --- what needs somebody ----------------------------------------------------------------------------------------
def _needs(system: System, actor: Actor, read: _Read, parts: Sequence[Part]) -> list[Need]:
    """All of it: the real thing before exercises, then by kind, what this person may do first, the oldest first."""
    found = [
        *_bundled(_of_alerts(actor, read)),
        *_of_alarms(read),
        *_of_channels(system, read),
        *_of_entries(actor, read),
        *_of_feeds(system, read),
        *(Need("part", part.name, text=part.reason) for part in parts if not part.ok),
        *_of_people(actor, read),
    ]
    return sorted(found, key=_first)


def _first(need: Need) -> tuple[bool, bool, int, bool, int, float]:
    others = need.kind == "signature" and not need.mine
    drill = need.card is not None and need.card.mode != "actual"
    urgency = Level(need.card.level).order if need.card and need.kind != "review" else 0
    return drill, others, ORDER.index(need.kind), not need.mine, urgency, need.at.timestamp() if need.at else 0.0


def _bundled(needs: Iterable[Need]) -> list[Need]:
    """What is needed alike for parts of one bundle is one need: they are decided, and mostly asked about, together."""
    groups: dict[tuple[str, str], list[Need]] = {}
    for need in needs:
        bundle = need.card.bundle if need.card else None
        groups.setdefault((need.kind, bundle or need.id), []).append(need)
    return [_one_need(some) for some in groups.values()]


def _one_need(needs: Sequence[Need]) -> Need:
    cards = [need.card for need in needs if need.card]
    if len(needs) == 1 or not cards:
        return needs[0]
    (card,) = _joined(cards)
    first = next(need for need in needs if need.id == card.id)
    facts = {key: next((need.facts[key] for need in needs if need.facts[key]), "") for key in first.facts}
    return replace(first, at=min(need.at for need in needs if need.at), card=card, facts=facts)


def _of_alerts(actor: Actor, read: _Read) -> Iterator[Need]:
    by, may = who(actor), bool(actor.roles & APPROVERS)
    told = {alarm.key.partition(":")[2]: alarm.kind for alarm in read.alarms if _of_review(alarm)}
    for card in read.cards.values():
        if card.state == "in_review":
            own = by.is_(card.by)
            why = "own" if own else "" if may else "role"
            facts = {"alarm": told.get(card.id, "")}
            yield Need("review", card.id, card.at, card, may and not own, why, facts=facts)
        step = read.steps.get(card.id)
        if card.state == "returned" and step is not None and by.is_(card.by):
            yield Need("returned", card.id, step.at, card, facts={"by": step.by, "reason": step.reason})
        elif card.state in ("draft", "returned") and card.feed:
            yield Need("drafted", card.id, card.at, card)
        if card.state == "live" and card.signature_owed:
            own = step is not None and by.is_(step.by)
            facts = {"by": step.by, "reason": step.reason} if step is not None else {}
            why = "own" if own else "" if may else "role"
            yield Need("signature", card.id, card.at, card, may and not own, why, facts=facts)
        yield from _near_its_end(card, read.at)


def _near_its_end(card: Card, at: datetime) -> Iterator[Need]:
    if card.state != "live":
        return
    if card.until_lifted and card.review_at is not None and card.review_at <= at:
        yield Need("review_due", card.id, card.review_at, card)
    elif not card.until_lifted and card.expires is not None and card.expires - at <= ENDING_SOON:
        yield Need("ending", card.id, card.expires, card)


def _of_alarms(read: _Read) -> Iterator[Need]:
    for alarm in read.alarms:
        if alarm.kind not in SAID_ELSEWHERE and not _of_review(alarm):
            yield Need("alarm", alarm.key, alarm.at, text=alarm.text, facts={"about": alarm.kind})


def _of_review(alarm: Row[Any]) -> bool:
    return str(alarm.key).partition(":")[0] in OF_REVIEWS


def _of_channels(system: System, read: _Read) -> Iterator[Need]:
    for channel in system.config.channels:
        if channel.name in read.resting:
            facts = {"fallback": channel.fallback}
            yield Need("channel", channel.name, text=read.resting[channel.name], facts=facts)


def _of_entries(actor: Actor, read: _Read) -> Iterator[Need]:
    """The most pressing entries; the screen says how many more there are."""
    order = {str(one): one.order for one in Level}
    for row in sorted(read.entries, key=lambda row: order.get(row.level or "", len(order)))[:5]:
        facts = {"feed": row.feed, "event": row.event, "level": row.level, "ends": row.ends}
        facts["zones"] = [read.zones.get(zone, zone) for zone in row.zones or ()]
        yield Need("entry", str(row.id), row.awaits, facts=facts)


def _of_feeds(system: System, read: _Read) -> Iterator[Need]:
    for feed in system.config.feeds:
        state = read.feeds.get(feed.name)
        if state is not None and (fault := feed_health.fault(system, feed, state)):
            facts = {"fault": fault, "cause": feed_cause(state.last_error)}
            yield Need("feed", feed.name, state.last_ok, text=state.last_error, facts=facts)


def _of_people(actor: Actor, read: _Read) -> Iterator[Need]:
    """For an admin: the other approvers without a second factor (everybody is told of their own beside the list)."""
    people = [name for name in read.factorless if name != actor.name]
    if people and "admin" in actor.roles:
        yield Need("factor", facts={"people": people})


def _parts(system: System) -> tuple[Part, ...]:
    found = health.readiness(system)["parts"]
    return tuple(Part(name, part["ok"], part["seen"], part["reason"]) for name, part in found.items())
