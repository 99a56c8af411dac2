"""A bundle's state as data: version.json, alerts.json, alerts.geojson, and what templates show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broadcaster.domain.language import primary
from broadcaster.rendering.phrasebook import ending_word, level_word

Json = dict[str, Any]
BRIEF = ("headline", "severity", "urgency", "certainty", "expires", "until_lifted", "zones")
FULL = ("identifier", "msgType", "status", "sent", "effective", "onset", "ends", "event", "issuer", "web")


@dataclass(frozen=True, slots=True)
class View:
    """One state of a bundle with everything joined."""

    bundle: Json
    state: Json
    published: str

    @property
    def alerts(self) -> list[Json]:
        """Facts and standing together, in the page's order."""
        return [self._labelled({**self.bundle["alerts"][s["id"]], **s}) for s in self.state["alerts"]]

    def _labelled(self, alert: Json) -> Json:
        """With the words of its level or ending in the agency's first language, for machines that show it."""
        about = self.bundle["about"]
        return alert | {"label": label(alert, about["agency"]["languages"][0], about["clearings"])}

    @property
    def live(self) -> list[Json]:
        """What holds now, all clears and corrections among it."""
        return [a for a in self.alerts if a["state"] == "live"]

    @property
    def ended(self) -> list[Json]:
        """What ended lately and is not told by a card already: apart from all clears whose own time ran out, and
        from what was replaced, in all its zones, by what stands here itself."""
        over = [a for a in self.alerts if a["state"] != "live" and _ended(a)]
        known, shown = {a["slug"]: a for a in over}, {a["slug"]: a for a in self.live}
        for alert in sorted(over, key=lambda a: a["sent"], reverse=True):  # what replaced it was sent later
            if not _told(alert, known, shown):
                shown[alert["slug"]] = alert
        return [a for a in over if a["slug"] in shown]

    @property
    def zones(self) -> list[Json]:
        """Places with their status, without their shape."""
        status = {z["id"]: z for z in self.state["zones"]}
        keys = ("id", "slug", "name", "codes")
        return [{**{k: place[k] for k in keys}, **status[place["id"]]} for place in self.bundle["places"]]

    def alert(self, id: str | None) -> Json | None:
        """One alert of this state."""
        return next((a for a in self.alerts if a["id"] == id), None)


def label(alert: Mapping[str, Any], language: str, clearings: Mapping[str, Any]) -> str:
    """The words of a danger's level, else of its ending, with what was declared when it was lifted."""
    if alert["face"] == "live":
        return level_word(alert["level"], language)
    return ending_word(alert["face"], language, clearings.get(alert["cleared"]))


def version(view: View) -> Json:
    """``/version.json`` without ``checked``, which the front merges in."""
    return {
        "version": view.state["number"],
        "published": max(view.published, view.state["from"]),
        "stale_after": view.bundle["about"]["stale_after"],
        "alerts": [_brief(alert) for alert in view.alerts],
        "zones": [{k: zone[k] for k in ("id", "slug", "name", "status", "alert")} for zone in view.zones],
    }


def alerts(view: View) -> Json:
    """``/alerts.json``."""
    return {
        "version": view.state["number"],
        "published": max(view.published, view.state["from"]),
        "alerts": [_full(alert) for alert in view.alerts],
    }


def geojson(view: View) -> Json:
    """``/alerts.geojson``: one feature for each area of what holds now (RFC 7946)."""
    features = [
        {
            "type": "Feature",
            "id": f"{alert['id']}/{number}",
            "geometry": area["geometry"],
            "properties": {**_brief(alert), "areaDesc": area["areaDesc"], "event": alert["event"]},
        }
        for alert in view.live
        for number, area in enumerate(alert["areas"])
    ]
    return {"type": "FeatureCollection", "features": features}


def zones(bundle: Json) -> Json:
    """``/zones.geojson``: outlines to find one's own zone by; ``slack`` is how many metres they may be off."""
    features = [
        {
            "type": "Feature",
            "id": place["id"],
            "geometry": place["shape"],
            "properties": {key: place[key] for key in ("id", "slug", "name", "codes", "slack")},
        }
        for place in bundle["places"]
    ]
    return {"type": "FeatureCollection", "features": features}


def rows(view: View) -> list[Json]:
    """The archive's lines as they stand in this state: what expires at a boundary says so there too."""
    standing = {s["id"]: s for s in view.state["alerts"]}
    return [
        {**row, **{k: standing.get(row["id"], row)[k] for k in ("state", "ended")}} for row in view.bundle["archive"]
    ]


def words(alert: Mapping[str, Any], language: str) -> Json:
    """The info for a reader of that language: its own, else the first. ``foreign`` says it is another's."""
    infos: list[Json] = alert["infos"]
    base = primary(language)
    own = next((i for i in infos if primary(i["language"]) == base), None)
    found = own or (infos[0] if infos else {"language": language, "headline": alert["headline"]})
    empty = {"description": "", "instruction": "", "event": ""}
    return {**empty, **found, "foreign": own is None}


def _ended(alert: Json) -> bool:
    return alert["face"] == alert["state"] or (alert["face"], alert["state"]) == ("called_off", "cancelled")


def _told(alert: Json, known: Mapping[str, Json], shown: Mapping[str, Json]) -> bool:
    """Whether cards of what came of it, directly or through others, speak for every zone of it."""
    slugs, zones, found = list(alert["replaced_by"]), set(alert["zones"]), False
    for slug in slugs:  # grows while it is walked
        if slug in shown:
            zones -= set(shown[slug]["zones"])
            found = True
        elif slug in known:
            slugs += [later for later in known[slug]["replaced_by"] if later not in slugs]
    return found and not zones


def _brief(alert: Json) -> Json:
    keys = ("id", "slug", "state", "level", "label", *BRIEF)
    return {key: alert[key] for key in keys}


def _full(alert: Json) -> Json:
    infos = [{k: i[k] for k in ("language", "headline", "description", "instruction")} for i in alert["infos"]]
    more = {key: alert[key] for key in FULL}
    return {**_brief(alert), **more, "infos": infos, "areas": alert["areas"], "replaces": alert["replaces"]}
