"""What changed from one alert to the next of the same chain: pure, from the alerts themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from broadcaster.domain.alert import Alert, Info
from broadcaster.domain.snapshot import danger_of, stamp

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Before:
    """What all alerts that one replaced said together."""

    zones: frozenset[str]
    first: Alert


def steps(alert: Alert, earlier: Sequence[Alert]) -> tuple[Json, ...]:
    """The chain before an alert, newest first: for each alert of it that replaced something, what it changed.

    Each step: {"slug", "sent", "headlines": {language: words} of what was replaced, "changes": [{"what", ...}]}.
    """
    known = {one.id: one for one in earlier}
    made, waiting, seen = [], [alert], {alert.id}
    while waiting:
        now = waiting.pop(0)
        before = [known[id] for id in now.replaces if id in known and id not in seen]
        seen |= {one.id for one in before}
        made += [_step(now, one, before) for one in before]
        waiting += before
    return tuple(made)


def _step(now: Alert, one: Alert, before: Sequence[Alert]) -> Json:
    together = _Before(frozenset(zone for each in before for zone in each.zones), one)
    return {
        "slug": one.slug or one.id,
        "sent": stamp(now.sent),
        "headlines": {info.language: info.headline or info.event for info in one.content.infos},
        "changes": [] if now.ending in ("lifted", "cancelled") else list(_changes(now, together)),
    }


def _changes(now: Alert, before: _Before) -> Iterator[Json]:
    old, new = _info(before.first), _info(now)
    if old.event != new.event:
        yield {"what": "event", "old": _events(before.first), "new": _events(now)}
    levels = danger_of(before.first.content.infos), danger_of(now.content.infos)
    if levels[0] != levels[1]:
        yield {"what": "level", "old": levels[0], "new": levels[1]}
    yield from _zones("zones_added", set(now.zones) - before.zones)
    yield from _zones("zones_removed", before.zones - set(now.zones))
    if now.until_lifted and not before.first.until_lifted:
        yield {"what": "until_lifted"}
    elif now.expires != before.first.expires and now.expires is not None:
        yield {"what": "until", "time": stamp(now.expires)}
    for what in ("instruction", "description"):
        if getattr(old, what) != getattr(new, what):
            yield {"what": what}


def _zones(what: str, ids: Iterable[str]) -> Iterator[Json]:
    found = sorted(ids)
    if found:
        yield {"what": what, "zones": found}


def _info(alert: Alert) -> Info:
    return alert.content.infos[0] if alert.content.infos else Info()


def _events(alert: Alert) -> dict[str, str]:
    return {info.language: info.event for info in alert.content.infos}
