"""What concerns a county, told a second time: CAP by xml.etree, the weather service's GeoJSON by json, plain rules.

Written from the standards and docs/, on purpose without anything of ``broadcaster.domain`` or ``alert_feeds``.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle import planes

LIFETIME = timedelta(hours=72)  # of a message that does not say when it ends (policy max_expires_hours)
REQUIRED = ("identifier", "sender", "sent", "status", "msgType", "scope")
NEAR = 0.01  # of a circle's radius: so far a drawn circle may be from a true one
STATES = {
    "AL": "01",
    "AK": "02",
    "AZ": "04",
    "AR": "05",
    "CA": "06",
    "CO": "08",
    "FL": "12",
    "MD": "24",
    "MT": "30",
    "NV": "32",
    "NM": "35",
    "NY": "36",
    "OR": "41",
    "TX": "48",
    "WA": "53",
    "WY": "56",
}


@dataclass
class Place:
    """One area of a message: rings of (longitude, latitude), circles (latitude, longitude, km), codes."""

    rings: list[list[tuple[float, float]]] = field(default_factory=list)
    circles: list[tuple[float, float, float]] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Said:
    """One message, as far as it matters here."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    kind: str
    scope: str
    event: str
    ends: datetime
    names: list[tuple[str, str, datetime | None]]
    places: list[Place]
    vtec: list[str]
    has_info: bool
    green: bool = False  # MeteoAlarm's level at which nothing is to be expected, in every info


@dataclass(frozen=True)
class Zone:
    """A zone of the county's."""

    id: str
    geometry: dict[str, Any]
    ugc: tuple[str, ...] = ()
    same: tuple[str, ...] = ()


# --- reading ----------------------------------------------------------------------------------------------------
def read_cap(body: bytes) -> list[Said]:
    """All alerts in a document of CAP that have what the standard requires of their head."""
    found = [one for one in ElementTree.fromstring(body).iter() if one.tag.rpartition("}")[2] == "alert"]
    return [_cap(one) for one in found if all(_text(one, name) for name in REQUIRED)]


def _cap(alert: ElementTree.Element) -> Said:
    infos = _all(alert, "info")
    ends = [_time(_text(info, "expires")) for info in infos]
    sent = _time(_text(alert, "sent"))
    assert sent is not None
    names = [tuple(one.split(",")) for one in _text(alert, "references").split()]
    pairs = [pair for info in infos for pair in _pairs(info, "parameter")]
    return Said(
        _text(alert, "identifier"), _text(alert, "sender"), sent, _text(alert, "status"), _text(alert, "msgType"),
        _text(alert, "scope"), _text(infos[0], "event").casefold() if infos else "",
        max((end or sent + LIFETIME for end in ends), default=sent + LIFETIME),
        [(a, b, _time(c)) for a, b, c in names],
        [_place(area) for info in infos for area in _all(info, "area")],
        [code for name, value in pairs if name == "VTEC" for code in value.split() if not code.startswith("/0")],
        bool(infos),
        bool(infos) and all(("awareness_level", "1; green") in _levels(info) for info in infos),
    )  # fmt: skip


def _levels(info: ElementTree.Element) -> list[tuple[str, str]]:
    return [(name, ";".join(value.lower().split(";")[:2])) for name, value in _pairs(info, "parameter")]


def _place(area: ElementTree.Element) -> Place:
    found = Place(codes=_pairs(area, "geocode"))
    for one in _all(area, "polygon"):
        points = [pair.split(",") for pair in (one.text or "").split()]
        if len(set(map(tuple, points))) > 2:
            found.rings.append([(float(x), float(y)) for y, x in points])
    for one in _all(area, "circle"):
        centre, _, radius = (one.text or "").strip().partition(" ")
        latitude, _, longitude = centre.partition(",")
        found.circles.append((float(latitude), float(longitude), float(radius)))
    return found


def _all(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in element if one.tag.rpartition("}")[2] == name]


def _text(element: ElementTree.Element, name: str) -> str:
    return next(((one.text or "").strip() for one in _all(element, name)), "")


def _pairs(element: ElementTree.Element, name: str) -> list[tuple[str, str]]:
    return [(_text(one, "valueName"), _text(one, "value")) for one in _all(element, name)]


def _time(text: str | None) -> datetime | None:
    if text and "T" not in text:
        raise ValueError(f"no time: {text}")
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def read_nws(body: bytes) -> list[Said]:
    """The features of api.weather.gov/alerts."""
    return [_feature(one) for one in json.loads(body)["features"]]


def _feature(feature: dict[str, Any]) -> Said:
    said, shape = feature["properties"], feature.get("geometry")
    sent = _time(said["sent"])
    assert sent is not None
    place = Place(codes=[(name, code) for name, codes in said.get("geocode", {}).items() for code in codes])
    if shape:
        parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        place.rings = [[(x, y) for x, y, *_ in part[0]] for part in parts]
    return Said(
        said["id"], said["sender"], sent, said["status"], said["messageType"], "Public",
        said["event"].casefold(), _time(said.get("expires")) or sent + LIFETIME,
        [(one["sender"], one["identifier"], _time(one["sent"])) for one in said.get("references", [])],
        [place] if place.rings or place.codes else [], said.get("parameters", {}).get("VTEC", []), True,
    )  # fmt: skip


# --- where ------------------------------------------------------------------------------------------------------
def touched(said: Said, zones: list[Zone]) -> tuple[set[str], set[str]]:
    """(certainly touched, perhaps: within a percent of a circle's edge)."""
    sure: set[str] = set()
    perhaps: set[str] = set()
    for place in said.places:
        for zone in zones:
            found = _touches(place, zone)
            if found is True:
                sure.add(zone.id)
            elif found is None:
                perhaps.add(zone.id)
    return sure, perhaps - sure


def _touches(place: Place, zone: Zone) -> bool | None:
    if not place.rings and not place.circles:
        return any(_same_place(code, own) for code in place.codes for own in _codes(zone))
    parts = planes.zone_rings(zone.geometry)
    if any(planes.overlap([planes.ring(one)], part) for one in place.rings for part in parts):
        return True
    found: bool | None = False
    for latitude, longitude, radius in place.circles:
        away = min(planes.away_km(latitude, longitude, part) for part in parts)
        if away < radius * (1 - NEAR):
            return True
        found = None if away <= radius * (1 + NEAR) + 0.02 else found
    return found


def _codes(zone: Zone) -> list[tuple[str, str]]:
    return [*(("UGC", one) for one in zone.ugc), *(("SAME", one) for one in zone.same)]


def _same_place(theirs: tuple[str, str], ours: tuple[str, str]) -> bool:
    """The same county or forecast zone, or one of them the whole state (or country) of the other."""
    a, b = _plain(theirs), _plain(ours)
    if a is None or b is None:
        return theirs == ours
    if "00" in (a[0], b[0]):
        return True
    if a[0] != b[0]:
        return False
    return "000" in (a[2], b[2]) or a[1:] == b[1:]


def _plain(code: tuple[str, str]) -> tuple[str, str, str] | None:
    """(state, kind of place, number)."""
    name, value = code
    if name in ("SAME", "FIPS6") and len(value) in (5, 6) and value.isdigit():
        return value[-5:-3], "C", value[-3:]
    if name == "UGC" and len(value) == 6 and value[2] in "CZ":
        return STATES.get(value[:2], value[:2]), value[2], value[3:].replace("ALL", "000")
    return None


# --- what stands ------------------------------------------------------------------------------------------------
def barred(said: Said) -> str:
    """Why it is nothing for the public; "" where it is."""
    if said.status != "Actual" or (said.vtec and all(code.startswith("/T") for code in said.vtec)):
        return "not_actual"
    if said.scope != "Public":
        return "not_public"
    if said.kind in ("Ack", "Error"):
        return "not_a_warning"
    return "" if said.has_info or said.kind == "Cancel" else "no_info"


def ends_all(said: Said) -> bool:
    """A Cancel, or an Update whose every VTEC code ends its event."""
    over = [code.split(".")[1] in ("CAN", "EXP", "UPG") for code in said.vtec]
    return said.kind == "Cancel" or (said.kind == "Update" and bool(over) and all(over))


def standing(messages: list[Said], now: datetime) -> list[Said]:
    """The messages that hold at a time: for the public, not over, and replaced or ended by no other of their sender."""
    good = [one for one in messages if not barred(one)]
    warnings = [one for one in good if not ends_all(one) and not one.green]
    return [
        one for one in warnings
        if one.ends > now and not any(_takes_place_of(later, one) for later in good)
    ]  # fmt: skip


def _takes_place_of(later: Said, one: Said) -> bool:
    if later.sender != one.sender or (later.identifier, later.sent) == (one.identifier, one.sent):
        return False
    named = later.kind in ("Update", "Cancel") and (one.sender, one.identifier, one.sent) in later.names
    again = later.identifier == one.identifier and later.sent > one.sent and later.event in (one.event, "")
    return named or again
