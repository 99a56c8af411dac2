"""The map: SVG from the zones' outlines and the alerts' areas, drawn here, without tiles and small enough to inline.

Colour never stands alone: each level and evacuation level has a pattern of its own, and the legend says it in
words. Colours and strokes are the stylesheet's, so that dark mode and forced colours reach them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape
from typing import Any

from shapely import box, clip_by_rect, contains_xy, make_valid
from shapely.affinity import affine_transform
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

Json = dict[str, Any]
Name = tuple[list[str], int, float]
WIDTH, LOWEST, HIGHEST = 360, 150, 440  # units of the picture, about pixels on a phone
KEPT = 1_000  # pictures in memory
MOST = 5_000  # characters of all paths together
FONT = 13
HALO = 5  # round a name, both sides together
NARROW, BROAD = frozenset(" .,'’-/()|Iijlrtf1"), frozenset("ABCDGHMNOQUVWXmw@%&—")
# Where a name is tried, in its own widths across and its lines down.
SPOTS = [(x, y) for x in (0, -0.25, 0.25, -0.5, 0.5) for y in (0, -1, 1, -2, 2, -3, 3)]
MARGIN = {"overview": 0.03, "close": 0.25, "card": 0.16}
LEAST = 0.02  # degrees, about 2 km: what lies round a house is seen
DOT = 9  # units
FAR = 8  # times all zones together
# What is drawn over each kind's colour, in a tile of 10 by 10; none is another turned by a little.
PATTERNS = {
    "act_now": "M0 0L10 10M10 0L0 10",
    "act_soon": "M-1 1L1-1M0 10L10 0M9 11L11 9",
    "be_ready": "M3 3h.1M8 8h.1",
    "be_aware": "M0 5H10",
    "evacuation-order": "M-1 9L1 11M0 0L10 10M9-1L11 1",
    "evacuation-warning": "M5 2V8M2 5H8",
    "evacuation-shelter": "M5 0V10",
    "evacuation-ready": "M0 3H10M0 8H10",
    "ended": "M2 2h.1M7 7h.1",
}


@dataclass(frozen=True, slots=True)
class Patch:
    """An area to paint. ``kind`` is a key of PATTERNS."""

    kind: str
    geometry: BaseGeometry


@lru_cache(maxsize=2)
def chart(places: str) -> Chart:
    """The chart of a bundle's places (JSON), kept from version to version."""
    return Chart(json.loads(places))


class Chart:
    """All zones of a bundle, ready to be drawn again and again."""

    def __init__(self, places: Sequence[Json]) -> None:
        self._places = [place for place in places if place["shape"]]
        self._shapes = {place["id"]: shape(place["shape"]) for place in self._places}
        self._drawn: dict[str, Json | None] = {}

    def overview(self, alerts: Sequence[tuple[str, Json]], focus: str = "") -> Json | None:
        """All zones, with what is painted there: (kind, alert), worst first. ``focus`` is outlined."""
        if not self._shapes:
            return self._picture(_union(p.geometry for p in self._patches(alerts)), "overview", alerts, focus)
        return self._picture(self._all, "overview", alerts, focus)

    def close_up(self, kind: str, alert: Json, aspect: float | None = None, font: float = FONT) -> Json | None:
        """One alert's area with what lies round it. ``aspect``: height to width, else what the area wants; ``font``:
        of its names, in units of the picture."""
        patches = list(self._patches([(kind, alert)]))
        how = "close" if aspect is None else "card"
        return self._picture(_union(p.geometry for p in patches), how, [(kind, alert)], "", aspect, font)

    @cached_property
    def _all(self) -> BaseGeometry | None:
        return _union(box(*found.bounds) for found in self._shapes.values())

    def _picture(
        self,
        around: BaseGeometry | None,
        how: str,
        alerts: Sequence[tuple[str, Json]],
        focus: str,
        aspect: float | None = None,
        font: float = FONT,
    ) -> Json | None:
        """Drawn once for all languages and versions that show the same."""
        key = json.dumps([how, focus, aspect, font, [(kind, alert["zones"], alert["areas"]) for kind, alert in alerts]])
        if key not in self._drawn:
            if len(self._drawn) >= KEPT:
                self._drawn.clear()
            self._drawn[key] = self._draw(around, how, alerts, focus, aspect, font)
        return self._drawn[key]

    def _draw(
        self,
        around: BaseGeometry | None,
        how: str,
        alerts: Sequence[tuple[str, Json]],
        focus: str,
        aspect: float | None,
        font: float,
    ) -> Json | None:
        if around is None or around.is_empty:
            return None
        near = self._near(around) if how == "card" else around
        frame = Frame.around(near.bounds, MARGIN[how], aspect, LEAST if how == "card" else 0)
        patches = list(self._patches(alerts))
        painted = {zone for _, alert in alerts for zone in alert["zones"]} | {focus}
        seen = {id: frame.put(found) for id, found in self._shapes.items()}
        drawn = [Patch(p.kind, _large_enough(frame.put(p.geometry))) for p in patches]
        tolerance = _tolerance([*seen.values(), *(p.geometry for p in drawn)])
        body = [_pattern(kind) for kind in dict.fromkeys(p.kind for p in drawn)]
        body += [f'<path class="z" d="{path(found, tolerance)}"/>' for found in seen.values() if not found.is_empty]
        body += [f'<path class="a" fill="url(#{p.kind})" d="{path(p.geometry, tolerance)}"/>' for p in drawn[::-1]]
        if focus in seen:
            body.append(f'<path class="focus" d="{path(seen[focus], tolerance)}"/>')
        danger = unary_union([make_valid(p.geometry) for p in drawn])
        names = list(self._labels(frame, seen, painted, danger, font))
        shapes = "".join(body)
        whole = shapes + "".join(_label(*name) for name in names)
        return {"width": WIDTH, "height": frame.height, "body": whole, "shapes": shapes, "names": names}

    def _near(self, around: BaseGeometry) -> BaseGeometry:
        """Of what reaches far beyond our zones, our zones: else nobody finds their own."""
        own = self._all
        if own is None or not own.intersects(around) or box(*around.bounds).area < FAR * own.area:
            return around
        return own

    def _patches(self, alerts: Iterable[tuple[str, Json]]) -> Iterator[Patch]:
        for kind, alert in alerts:
            for found in self._areas(alert):
                yield Patch(kind, found)

    def _areas(self, alert: Json) -> Iterator[BaseGeometry]:
        """The drawn areas; where it has none, its zones by their outlines."""
        own = [area["geometry"] for area in alert["areas"] if area["geometry"]]
        drawn = [g for g in own if g["type"] in ("Polygon", "MultiPolygon")]
        if drawn:
            yield from (found for g in drawn if (found := shape(g)).area)
        else:
            yield from (self._shapes[zone] for zone in alert["zones"] if zone in self._shapes)

    def _labels(
        self, frame: Frame, seen: Mapping[str, BaseGeometry], painted: set[str], danger: BaseGeometry, font: float
    ) -> Iterator[Name]:
        """Names in lines with the middle of each, those of alerts first, each at its zone's first spot where it lies on
        no other; a neighbour's name never lies over what is painted from outside, for it would be read as the name of
        that. One that finds no spot, or is far larger than its zone, is left out (the list below has it)."""
        taken: list[BaseGeometry] = []
        named = [place for place in self._places if not seen[place["id"]].is_empty]
        for place in sorted(named, key=lambda p: (p["id"] not in painted, -seen[p["id"]].area, p["id"])):
            strange = place["id"] not in painted
            for lines, room in _tried(place["name"], seen[place["id"]], frame.height, font):
                hides = room.area > 2 * seen[place["id"]].area
                misleads = hides or (strange and room.intersects(danger) and _beyond(danger, seen[place["id"]], room))
                if not misleads and not any(room.intersects(other) for other in taken):
                    taken.append(room)
                    yield lines, round(room.centroid.x), room.centroid.y
                    break


@dataclass(frozen=True, slots=True)
class Frame:
    """From degrees to the picture: equirectangular, true in the middle."""

    matrix: tuple[float, float, float, float, float, float]
    height: int

    @classmethod
    def around(
        cls, bounds: tuple[float, float, float, float], margin: float, aspect: float | None = None, least: float = 0
    ) -> Frame:
        """The smallest frame round these degrees, with a margin (share of the longer side); ``least`` degrees wide."""
        west, south, east, north = bounds
        turn = max(0.1, math.cos(math.radians((south + north) / 2)))
        wide, high = (east - west) * turn, north - south
        pad = max(max(wide, high) * margin, (least - max(wide, high)) / 2) or 0.01
        scale = WIDTH / (wide + 2 * pad)
        height = (high + 2 * pad) * scale
        lowest, highest = (LOWEST, HIGHEST) if aspect is None else (WIDTH * aspect, WIDTH * aspect)
        if height > highest:
            scale, height = scale * highest / height, highest
        height = max(lowest, height)
        x, y = (west + east) / 2, (south + north) / 2
        matrix = (scale * turn, 0.0, 0.0, -scale, WIDTH / 2 - x * scale * turn, height / 2 + y * scale)
        return cls(matrix, round(height))

    def put(self, found: BaseGeometry) -> BaseGeometry:
        """A geometry in the picture, cut off a little outside of it."""
        moved = affine_transform(found, self.matrix)
        try:
            return clip_by_rect(moved, -10, -10, WIDTH + 10, self.height + 10)
        except ShapelyError:  # a tangled outline is drawn whole
            return moved


@dataclass(frozen=True, slots=True)
class Scene:
    """One alert's area on a chart, to be drawn at any aspect (for the alert card)."""

    chart: Chart
    kind: str
    alert: Json

    def at(self, aspect: float, font: float = FONT) -> Json | None:
        """``Chart.close_up`` at that height to width, its names of that size."""
        return self.chart.close_up(self.kind, self.alert, round(aspect, 3), round(font, 1))


def _large_enough(found: BaseGeometry) -> BaseGeometry:
    """An area too small to be seen as a dot that is."""
    west, north, east, south = found.bounds if not found.is_empty else (0, 0, DOT, DOT)
    return found if max(east - west, south - north) >= DOT else found.centroid.buffer(DOT / 2)


def path(found: BaseGeometry, tolerance: float) -> str:
    """The outline as SVG path data, relative and in whole units."""
    parts = getattr(found.simplify(tolerance), "geoms", [found.simplify(tolerance)])
    polygons = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return "".join(_ring(ring.coords) for p in polygons for ring in (p.exterior, *p.interiors))


def _ring(corners: Iterable[Any]) -> str:
    points = [(round(corner[0]), round(corner[1])) for corner in corners]
    x, y = points[0]
    made = [f"M{x} {y}l"]
    for to_x, to_y in points[1:-1]:
        if (to_x, to_y) != (x, y):
            made.append(f"{to_x - x} {to_y - y} ".replace(" -", "-"))
            x, y = to_x, to_y
    if len(made) < 3:
        return f"M{x} {y}h2v2h-2z"  # too small to be seen otherwise
    return "".join(made).strip().replace(" -", "-") + "z"


def _tolerance(found: Sequence[BaseGeometry]) -> float:
    """How many units corners may move so that all paths together stay small."""
    tolerance = 0.5
    while sum(len(path(one, tolerance)) for one in found if not one.is_empty) > MOST and tolerance < 30:
        tolerance *= 1.7
    return tolerance


def _pattern(kind: str) -> str:
    return (
        f'<pattern id="{kind}" width="10" height="10" patternUnits="userSpaceOnUse">'
        f'<path class="b {kind}" d="M0 0h10v10H0z"/><path class="s {kind}" d="{PATTERNS[kind]}"/></pattern>'
    )


def _label(lines: Sequence[str], x: int, y: float) -> str:
    top = round(y - FONT * 1.1 * (len(lines) - 1) / 2 + FONT * 0.35)
    spans = " ".join(  # spaces for who reads it as plain text
        f'<tspan x="{x}" y="{round(top + n * FONT * 1.1)}">{escape(line)}</tspan>' for n, line in enumerate(lines)
    )
    return f"<text>{spans}</text> "


def _beyond(danger: BaseGeometry, zone: BaseGeometry, room: BaseGeometry) -> bool:
    """Whether a name lies over what is painted outside of its own zone."""
    return bool(danger.difference(make_valid(zone)).intersects(room))


def _tried(name: str, zone: BaseGeometry, height: int, font: float) -> Iterator[tuple[list[str], BaseGeometry]]:
    """A name's lines with each room for them; in two lines also where it is short enough for one."""
    first, second = _lines(name), _lines(name, 0)
    for lines in [first] if first == second else [first, second]:
        for room in _rooms(zone, lines, height, font):
            yield lines, room


def _rooms(zone: BaseGeometry, lines: Sequence[str], height: int, font: float) -> Iterator[BaseGeometry]:
    """Where a name may stand: in the middle of its zone, then up and down and to the sides, within zone and picture."""
    wide, high = max(_wide(line) for line in lines) * font + HALO, font * 1.1 * len(lines) + HALO
    middle = zone.representative_point()
    if wide >= WIDTH:
        return
    for across, down in SPOTS:
        x, y = middle.x + across * wide, middle.y + down * font
        if (across, down) == (0, 0) or contains_xy(zone, x, y):
            x = min(max(x, wide / 2), WIDTH - wide / 2)
            y = min(max(y, high / 2), height - high / 2)
            yield box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def _lines(name: str, short: int = 14) -> list[str]:
    """A name of at least so many signs in two lines, broken at the space nearest to its middle."""
    spaces = [n for n, sign in enumerate(name) if sign == " "]
    if len(name) < short or not spaces:
        return [name]
    cut = min(spaces, key=lambda n: abs(n - len(name) / 2))
    return [name[:cut], name[cut + 1 :]]


def _wide(text: str) -> float:
    """At most, in font sizes, in the typefaces of common systems (Noto Sans and DejaVu are the widest), half bold."""
    return sum(
        1.05 if sign >= "\u2e80" else 0.38 if sign in NARROW else 0.82 if sign in BROAD else 0.66 for sign in text
    )


def _union(found: Iterable[BaseGeometry]) -> BaseGeometry | None:
    known = [box(*one.bounds) for one in found if not one.is_empty]
    return unary_union(known) if known else None
