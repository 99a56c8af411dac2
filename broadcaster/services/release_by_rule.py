"""Release by an armed rule: everything that forbids it is asked in the transaction that would put it on air.

What the rule may not release goes to review like any other submission, and the review says why. Nothing here raises
because a release was refused: the entry's own transaction goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Info, Source, State
from broadcaster.domain.arming import unarmed
from broadcaster.domain.config import FeedConfig, RuleConfig
from broadcaster.domain.contents import folded
from broadcaster.domain.errors import BroadcasterError, Refused
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.language import primary
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.message import Finding, Message
from broadcaster.domain.releasing import HELD, Facts, Said, Thread, held
from broadcaster.domain.rules import Seen
from broadcaster.domain.switches import RULES, SENDING
from broadcaster.domain.triage import Known
from broadcaster.domain.wording import most_pressing
from broadcaster.rendering.words import when
from broadcaster.services import arm, notices, proven, steps
from broadcaster.services.measuring import measured_anew
from broadcaster.services.release import go_live
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms, alerts, switches, versions
from broadcaster.store import arming as store
from broadcaster.store.schema import zones

HOUR = timedelta(hours=1)
EVENT = timedelta(days=30)  # how long an event of VTEC is looked for


@dataclass(frozen=True, slots=True)
class Wish:
    """An entry that a rule would release. ``row`` is its record, ``actor`` its feed, ``retires`` what it replaces."""

    system: System
    connection: Connection
    actor: Actor
    feed: FeedConfig
    entry: FeedEntry
    row: int
    at: datetime
    rule: RuleConfig
    retires: tuple[Known, ...] = ()
    matched: bool = True  # it is the first rule that matches


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it: release, submit or draft; why no more; the page's new version where it was released."""

    action: str
    note: str = ""
    version: int | None = None


def locked(connection: Connection, rule: str, at: datetime) -> None:
    """Take the locks of a release before anything is written, in the order in which everybody takes them.

    The switches' first: once somebody's stop has been answered, no release that read them before can still happen.
    """
    switches.hold(connection)
    store.lock(connection, rule)
    versions.lock(connection, at)


def seen(system: System, feed: FeedConfig, entry: FeedEntry, zones: Collection[str], at: datetime) -> Seen:
    """What rules look at beside the message, the time in the agency's own zone."""
    clock = at.astimezone(ZoneInfo(system.config.agency.timezone)).time()
    return Seen(feed.name, zones, entry.vtec, clock, proven=not feed.unverified_of)


def followed(system: System, connection: Connection, live: Sequence[Alert]) -> RuleConfig | None:
    """The rule that released all of these; None where there are none, or people or several rules did."""
    found = store.rules_of(connection, [alert.id for alert in live])
    names = {found.get(alert.id, "") for alert in live}
    return system.config.rule(names.pop()) if len(names) == 1 else None


def carry_out(wish: Wish, alert_id: str) -> Done:
    """Release the draft, or hand it to people with the reasons. ``locked`` came first."""
    alert = alerts.get(wish.connection, alert_id)
    reasons = held(facts(wish, alert))
    if not reasons:
        try:
            with wish.connection.begin_nested():
                return Done("release", "", _released(wish, alert))
        except BroadcasterError as error:
            reasons = (error.text,)
    return _handed_on(wish, alert, reasons)


def facts(wish: Wish, alert: Alert) -> Facts:
    """All that is looked at, as it stands in this transaction."""
    connection, system, rule = wish.connection, wish.system, wish.rule
    arming = store.last(connection, rule.name)
    now = arm.digest_of(system, rule)
    messages = alerts.messages_of(connection, alert.id)
    return Facts(
        rule=rule,
        feed=wish.feed,
        entry=wish.entry,
        alert=alert,
        findings=measured_anew(system, connection, alert),
        texts=said(system, connection, alert, messages),
        at=wish.at,
        oldest=timedelta(minutes=system.config.policy.release_oldest_minutes),
        recent=store.released_since(connection, rule.name, wish.at - HOUR),
        stopped=[name for name in (RULES, SENDING) if switches.any_on(connection, name)],
        armed=unarmed(arming, now, wish.at),
        matched=wish.matched,
        thread=thread(connection, alert, rule.name, [*_retired(wish), *_of_event(wish)]),
        leaving=_told_to_leave(connection, alert.zones),
    )


def _retired(wish: Wish) -> list[tuple[int, str | None]]:
    return [(known.id, known.alert) for known in wish.retires]


def _of_event(wish: Wish) -> list[tuple[int, str | None]]:
    """What the same office said of the same event before, named by it or not; and itself as it came without a proof."""
    events = {".".join(code.split(".")[2:6]) for code in wish.entry.vtec}
    found = store.of_events(wish.connection, wish.entry.message.sender, events, wish.at - EVENT)
    found += proven.twins(wish.system, wish.connection, wish.feed, wish.entry)
    return [one for one in found if one[0] != wish.row]


def _told_to_leave(connection: Connection, zones: Collection[str]) -> tuple[str, ...]:
    """Live alerts that tell somebody in these zones to leave: all are people's, since no rule releases such."""
    live = (old for old in alerts.in_states(connection, State.LIVE) if set(old.zones) & set(zones))
    return tuple(old.id for old in live if _leaves(old))


def _leaves(alert: Alert) -> bool:
    told = any("Evacuate" in info.response_types for info in alert.content.infos)
    return told or alert.content.template.startswith("evacuation")


def thread(connection: Connection, alert: Alert, rule: str, earlier: Collection[tuple[int, str | None]] = ()) -> Thread:
    """What else there is in the incidents that it touches: this rule's untouched releases, and what is people's.

    ``earlier``: entries that it retires or that are of the same event, and their alerts. Also what people rejected,
    ended or put aside: that a thing is over by somebody's word is that person's change.
    """
    before = {*alert.replaces, *(made for _, made in earlier if made)}
    others = sorted({*store.of_incidents(connection, {alert.id, *before}), *before} - {alert.id})
    released = store.rules_of(connection, others)
    touched = store.touched(connection, others)
    own = tuple(id_ for id_ in others if released.get(id_) == rule and id_ not in touched)
    aside = [f"entry {id_}" for id_ in store.put_aside(connection, [id_ for id_, _ in earlier])]
    infos = [info for old in alerts.by_ids(connection, alert.replaces) for info in old.content.infos]
    level = most_pressing(infos) if infos else None
    return Thread(own, (*(id_ for id_ in others if id_ not in own), *aside), level)


def said(system: System, connection: Connection, alert: Alert, messages: Sequence[Message]) -> list[Said]:
    """The texts with the words by which each of the five contents is known in them."""
    names = connection.execute(sa.select(zones.c.name).where(zones.c.id.in_(alert.zones))).scalars()
    places = tuple(folded(name) for name in names)
    infos = {primary(info.language): info for info in reversed(alert.content.infos)}
    first = next(iter(alert.content.infos), Info())
    return [_said(system, alert, one, infos.get(one.language, first), places) for one in messages]


def _said(system: System, alert: Alert, message: Message, info: Info, places: tuple[str, ...]) -> Said:
    ends = [end for end in (alert.expires, info.expires, info.ends) if end is not None]
    zone = system.config.agency.timezone
    times = {folded(when(end, zone, message.language, plain)) for end in ends for plain in (False, True)}
    return Said(
        channel=message.channel,
        language=message.language,
        text=folded(f"{message.subject} {message.text}"),
        source=folded(info.sender_name),
        hazard=folded(info.event),
        places=places,
        guidance=info.instruction,
        times=tuple(sorted(times)),
    )


# --- what is done -------------------------------------------------------------------------------------------------
def _released(wish: Wish, alert: Alert) -> int:
    """On air, by the rule's name; those on duty hear of it at once."""
    connection, at, name = wish.connection, wish.at, wish.rule.name
    submit(wish.system, wish.actor, alert.id, connection, told=False)
    parts = steps.held(connection, alert.id)
    arming = store.last(connection, name)
    if arming is None:
        raise Refused("not_armed", "This rule is not armed, and nobody has signed for it.")
    store.add_release(connection, alert.id, name, wish.row, arming.id, at)
    notices.released_by_rule(wish.system, connection, parts, name, at)
    machine = Actor(f"{steps.RULE}{name}", wish.actor.origin)
    _, version = go_live(wish.system, connection, machine, parts, Verb.RELEASE, at, _reason(wish.entry, alert.source))
    return version


def _reason(entry: FeedEntry, source: Source) -> str:
    return f"{entry.message.msg_type} {entry.message.identifier} of feed {source.feed}"


def _handed_on(wish: Wish, alert: Alert, reasons: Sequence[str]) -> Done:
    """To people, with every reason as a finding of its own; those on duty are told also where it stays a draft."""
    lead = f"The rule {wish.rule.name} did not release it by itself:"
    for text in (lead, *reasons):
        alerts.add_finding(wish.connection, alert.id, Finding(HELD, text))
    note = f"{lead} {' '.join(reasons)}"
    try:
        submit(wish.system, wish.actor, alert.id, wish.connection)
    except Refused as error:
        text = f"{notices.headline(alert)}: the rule {wish.rule.name} could neither release nor submit it. Look at it."
        alarms.ring(wish.connection, f"rule_held:{alert.id}", "rule_held", text, wish.at)
        return Done("draft", f"{note} It stays a draft: {error.text}")
    return Done("submit", note)
