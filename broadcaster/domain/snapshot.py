"""What the public sees at a moment, and what it will see at the next expiries: pure, from alerts and time.

A **bundle** is JSON: facts of each alert ("alerts"), the zones, and ``states``: the first holds from the
moment of publication, each further one from an expiry boundary on, under a version number of its own. So a
web host that has the bundle drops an expired alert by itself, with everything else down.

Expired is not safe (rules.md section 1): lifted, expired, cancelled and superseded stay four things. A cancelled
alert is "sent in error" only where a person said so; one that its issuer cancelled is "called_off".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from broadcaster.domain.alert import Area, CapMessage, Info, State
from broadcaster.domain.outline import outline
from broadcaster.domain.shapes import geometry
from broadcaster.domain.text_html import for_people
from broadcaster.domain.wording import Level, level

AHEAD = timedelta(hours=24)
BOUNDARIES = 8
RECENT = timedelta(hours=24)  # how long an ended alert stays on the first page
DANGER = tuple(word.value for word in Level)  # worst first
# The worst of what ended: nobody declared the expired one safe, so it outranks an all clear for something else.
ENDED = ("expired", "called_off", "superseded", "cancelled", "lifted")
PRESSING = ("order", "shelter", "warning", "")  # which of two equal levels stands first
ALL_CLEAR = ("lifted", "cancelled")
FORMAT = 4  # of a bundle: a web host makes pages of its own format only
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A zone as the page names it. ``shape`` is GeoJSON, ``codes`` are its UGC and SAME codes."""

    id: str
    slug: str
    name: str
    shape: Mapping[str, Any] | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Public:
    """An alert that is or was live, as published.

    ``kind`` is "own", or "shown" for a trusted issuer's warning. ``ending`` is what it did to those it
    replaces (superseded, cancelled or lifted). ``cap`` is its CAP document. ``confirmed`` is when somebody
    last said that it still holds.
    """

    id: str
    slug: str
    kind: str
    state: State
    message: CapMessage
    zones: tuple[str, ...]
    expires: datetime | None = None
    until_lifted: bool = False
    confirmed: datetime | None = None
    ended_at: datetime | None = None
    ending: str | None = None
    replaces: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()  # slugs
    in_error: bool = False  # cancelled by somebody who said that it was sent in error (or it is that Cancel)
    held: bool = False  # a danger that is live now came of it, at least for some of its zones
    template: str = ""
    cleared: str = ""  # what a person declared when it was lifted: a key of about["clearings"]
    typed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # rendering.typed, by language
    cap: str = ""
    history: tuple[Json, ...] = ()  # domain.history.steps
    posts: tuple[str, ...] = ()  # addresses of its posts on accounts, for the record


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert's state at a moment; ``ended`` is when it stopped being live."""

    alert: Public
    state: State
    ended: datetime | None

    @property
    def face(self) -> str:
        """What a reader is told: live, or one of the four endings. A message that lifts or cancels speaks of
        the ending itself, also when its own time has run out: an all clear never turns into "not safe"."""
        return face(self.state.value, self.alert.ending, self.alert.in_error, self.alert.held)

    @property
    def level(self) -> str:
        """The danger's level, or the ending it speaks of."""
        if self.alert.ending in ALL_CLEAR:
            return face(State.LIVE.value, self.alert.ending, self.alert.in_error)
        return danger(self.alert.message)

    @property
    def since(self) -> datetime:
        """When it came to stand like this."""
        return self.ended or self.alert.message.sent


def face(state: str, ending: str | None, in_error: bool, held: bool = False) -> str:
    """What is told of an alert in that state. ``ending`` is what it did to those it replaced: an all clear and a
    Cancel speak of it for ever. "cancelled" means sent in error; without a person's word for that, "called_off"."""
    speaks = ending in ALL_CLEAR and state in (State.LIVE, State.EXPIRED)
    told = str(ending) if speaks else state
    told = "called_off" if told == State.CANCELLED and not in_error else told
    return told if speaks else held_back(told, held)


def held_back(state: str, held: bool) -> str:
    """The ending that may be told: nobody reads "lifted" of an order that goes on for some zones."""
    return State.SUPERSEDED.value if held and state in (*ALL_CLEAR, "called_off") else state


def danger(message: CapMessage) -> str:
    """The worst level over the infos of a message."""
    return danger_of(message.infos)


def danger_of(infos: Iterable[Info]) -> str:
    """The worst level over the words of several languages."""
    levels = [level(i.urgency, i.severity, i.certainty, i.response_types).value for i in infos]
    return min(levels, key=DANGER.index, default="be_aware")


def standing(alert: Public, at: datetime) -> Standing:
    """How an alert stands at a moment: its own state, or expired once its time has run out."""
    if alert.state is State.LIVE:
        over = alert.expires is not None and not alert.until_lifted and alert.expires <= at
        return Standing(alert, State.EXPIRED, alert.expires) if over else Standing(alert, State.LIVE, None)
    if alert.state is State.EXPIRED and alert.expires is not None:
        return Standing(alert, State.EXPIRED, alert.expires)
    return Standing(alert, alert.state, alert.ended_at)


def visible(alerts: Iterable[Public], at: datetime) -> list[Standing]:
    """Live ones, and those that ended within ``RECENT``; worst first, then newest."""
    stand = [standing(alert, at) for alert in alerts]
    seen = [s for s in stand if s.ended is None or at - s.ended < RECENT]
    return sorted(seen, key=_order)


def _order(s: Standing) -> tuple[bool, int, int, float, str]:
    """Dangers by level, of the same level orders first and weather last; then how others ended, "not safe" first."""
    rank = DANGER.index(s.level) if s.face == State.LIVE else ENDED.index(s.face)
    return s.face != State.LIVE, rank, PRESSING.index(evacuation(s.alert)), -s.since.timestamp(), s.alert.id


def zone_status(zone: str, seen: Sequence[Standing]) -> tuple[str, str | None]:
    """(status, alert id) of one zone: the worst that holds there, else how the last dangers ended, else "none"."""
    here = [s for s in seen if zone in s.alert.zones]
    dangers = [s for s in here if s.face == State.LIVE]
    if dangers:
        worst = min(dangers, key=_order)
        return worst.level, worst.alert.id
    clear = [s for s in here if s.alert.ending in ALL_CLEAR and s.state is State.LIVE]
    answered = {replaced for s in clear for replaced in s.alert.replaces}
    over = [s for s in here if s.ended is not None and s.alert.ending not in ALL_CLEAR and s.alert.id not in answered]
    ended = [s for s in clear + over if s.face in ENDED]
    if not ended:
        return "none", None
    last = min(ended, key=lambda s: (ENDED.index(s.face), -s.since.timestamp(), s.alert.id))
    return last.face, last.alert.id


def boundaries(alerts: Iterable[Public], at: datetime) -> list[datetime]:
    """When the page changes by itself within ``AHEAD``, soonest first, at most ``BOUNDARIES``."""
    times: set[datetime] = set()
    for alert in alerts:
        ends = alert.expires if alert.state is State.LIVE and not alert.until_lifted else standing(alert, at).ended
        times |= {ends, ends + RECENT} if ends else set()
    return sorted(t for t in times if at < t <= at + AHEAD)[:BOUNDARIES]


def state_at(number: int, at: datetime, alerts: Sequence[Public], places: Sequence[Place]) -> Json:
    """One numbered state of the page, from ``at`` on."""
    seen = visible(alerts, at)
    return {
        "number": number,
        "from": stamp(at),
        "alerts": [
            {"id": s.alert.id, "state": s.state.value, "face": s.face, "level": s.level, "ended": stamp(s.ended)}
            for s in seen
        ],
        "zones": [dict(zip(("id", "status", "alert"), (p.id, *zone_status(p.id, seen)), strict=True)) for p in places],
    }


def bundle(
    number: int, at: datetime, about: Json, alerts: Sequence[Public], places: Sequence[Place], archive: Sequence[Json]
) -> Json:
    """The whole of version ``number``: a pure function of what is handed in. ``about`` is the agency's facts."""
    moments = [at, *boundaries(alerts, at)]
    return {
        "format": FORMAT,
        "about": about,
        "alerts": {s.alert.id: facts(s.alert, places) for s in visible(alerts, at)},
        "places": [_place(p) for p in places],
        "states": [state_at(number + i, moment, alerts, places) for i, moment in enumerate(moments)],
        "archive": list(archive),
    }


def _place(place: Place) -> Json:
    shape, slack = outline(place.shape)
    return {
        "id": place.id,
        "slug": place.slug,
        "name": place.name,
        "codes": list(place.codes),
        "shape": shape,
        "slack": slack,
    }


def facts(alert: Public, places: Sequence[Place]) -> Json:
    """What does not change with time about one alert, for pages and data files."""
    message = alert.message
    info = for_people(message.infos[0] if message.infos else Info())
    return {
        "id": alert.id,
        "slug": alert.slug,
        "kind": alert.kind,
        "identifier": message.identifier,
        "sender": message.sender,
        "msgType": message.msg_type.value,
        "status": message.status.value,
        "sent": stamp(message.sent),
        "effective": stamp(info.effective),
        "onset": stamp(info.onset),
        "ends": stamp(info.ends),
        "expires": stamp(alert.expires),
        "until_lifted": alert.until_lifted,
        "confirmed": stamp(alert.confirmed),
        "event": info.event,
        "issuer": info.sender_name,
        "web": info.web,
        "contact": info.contact,
        "severity": info.severity.value,
        "urgency": info.urgency.value,
        "certainty": info.certainty.value,
        "evacuation": evacuation(alert),
        "headline": info.headline or info.event,
        "infos": [_words(i) for i in message.infos],
        "areas": _areas(alert, info.areas, places),
        "zones": list(alert.zones),
        "replaces": list(alert.replaces),
        "replaced_by": list(alert.replaced_by),
        "ending": alert.ending,
        "cleared": alert.cleared,
        "typed": {language: dict(words) for language, words in alert.typed.items()},
        "history": list(alert.history),
        "posts": list(alert.posts),
        "cap": alert.cap,
    }


def evacuation(alert: Public) -> str:
    """Which evacuation level it carries: order, warning, shelter, or "" for none (and for an all clear)."""
    info = alert.message.infos[0] if alert.message.infos else Info()
    if alert.ending in ALL_CLEAR:
        return ""
    if "shelter in place" in info.event.lower() or alert.template.startswith("shelter"):
        return "shelter"
    if "evacuat" not in info.event.lower() and not alert.template.startswith("evacuation"):
        return ""
    warned = "warning" in f"{alert.template} {info.event}".lower()
    return "warning" if warned else "order"


def _words(said: Info) -> Json:
    info = for_people(said)
    return {
        "language": info.language,
        "headline": info.headline or info.event,
        "description": info.description,
        "instruction": info.instruction,
        "event": info.event,
    }


def _areas(alert: Public, areas: Sequence[Area], places: Sequence[Place]) -> list[Json]:
    if not areas:
        areas = [Area(", ".join(p.name for p in places if p.id in alert.zones))]
    shapes = [p.shape for p in places if p.id in alert.zones and p.shape]
    collected = {"type": "GeometryCollection", "geometries": shapes} if shapes else None
    return [
        {
            "areaDesc": a.description,
            "zones": list(alert.zones),
            "geometry": geometry(a) or (collected if n == 0 else None),
        }
        for n, a in enumerate(areas)
    ]


def current(made: Json, at: datetime) -> Json:
    """The state of a bundle that holds at a moment (the first one before its time)."""
    moment = str(stamp(at))
    state: Json = [made["states"][0], *(s for s in made["states"][1:] if s["from"] <= moment)][-1]
    return state


def says_the_same(old: Json, new: Json, at: datetime) -> bool:
    """Whether readers of the old bundle see from ``at`` on what the new one would show.

    Boundaries count up to half of ``AHEAD``, so that a web host that is cut off stands at least so long and
    no version is made for what is far away.
    """
    if any(old[key] != new[key] for key in ("format", "about", "places")):
        return False
    if {row["id"] for row in old["archive"]} != {row["id"] for row in new["archive"]}:
        return False
    horizon = str(stamp(at + AHEAD / 2))
    for fresh in [s for s in new["states"] if s["from"] <= horizon]:
        then = max(fresh["from"], str(stamp(at)))
        held = [old["states"][0], *(s for s in old["states"][1:] if s["from"] <= then)][-1]
        if any(held[key] != fresh[key] for key in ("alerts", "zones")):
            return False
    return all(old["alerts"].get(key) == value for key, value in new["alerts"].items())


def stamp(at: datetime | None) -> str | None:
    """RFC 3339 with Z, whole seconds kept apart from parts of one so that texts sort like times."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
