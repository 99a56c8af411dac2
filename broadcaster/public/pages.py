"""All files of one state of the page, from a bundle alone: path -> ``Page``. No clock, no database.

HTML carries marks that the front fills in: when the publisher last checked, the stale band, the number, the
reader's prefix, and what a search found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from broadcaster.domain.posting import SHAPES
from broadcaster.domain.wording import EVACUATION_LEVELS
from broadcaster.public import atom, views
from broadcaster.public.asking import plain
from broadcaster.public.speaker import Speaker, fill
from broadcaster.public.views import View
from broadcaster.rendering import card, card_layout, codes
from broadcaster.rendering.card_sheet import ACTION_LENGTH, Sheet, can_draw, together, where
from broadcaster.rendering.drawing import Scene, chart
from broadcaster.rendering.phrasebook import languages, strings
from broadcaster.rendering.words import sentences, when

Json = dict[str, Any]
TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "public"
HTML, JSON, GEOJSON = "text/html; charset=utf-8", "application/json", "application/geo+json"
CSS, SCRIPT, PNG = "text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/png"
ATOM, CAP = "application/atom+xml; charset=utf-8", "application/cap+xml; charset=utf-8"
CHECKED = Markup("<!--checked-->")
CLOCK = Markup('<time class="clock">') + CHECKED + Markup("</time>")
ROWS = 50  # of one page of the archive
ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#8b0000" d="M12 1 23.5 22H.5z"/></svg>'


@dataclass(frozen=True, slots=True)
class Page:
    """A file. ``language`` is set where the front writes its marks into it."""

    body: bytes
    type: str
    language: str = ""


@cache
def environment() -> Environment:
    """The templates, compiled once: autoescaped, and loud about anything undefined."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html.j2"], default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["fill"] = fill
    return made


class Pages:
    """Renders the states of one bundle; equal input is rendered once. ``rendered`` is what an earlier bundle's
    ``rendered`` holds, to be taken over where the input is equal."""

    def __init__(
        self, bundle: Json, published: str, templates: Environment, rendered: Mapping[str, Page] | None = None
    ) -> None:
        self._bundle = bundle
        self._published = published
        self._templates = templates
        self._agency: Json = bundle["about"]["agency"]
        self.languages = languages(tuple(self._agency["languages"]))
        self.rendered: dict[str, Page] = {}
        self._earlier = rendered or {}
        self._about = json.dumps(bundle["about"], sort_keys=True)
        self._chart = chart(json.dumps(bundle["places"]))
        self._speakers = [Speaker(bundle, language, n == 0) for n, language in enumerate(self.languages)]

    def files(self, state: Json) -> dict[str, Page]:
        """Everything of one state, apart from pictures and alerts that ended long ago (``document``)."""
        view = View(self._bundle, state, self._published)
        made = dict(self._data(view))
        for alert in view.alerts:
            made |= self.document(alert, with_picture=True)
        for speak in self._speakers:
            made |= dict(self._pages(view, speak))
        return made

    def document(self, alert: Json, with_picture: bool = False) -> dict[str, Page]:
        """The permanent files of one alert: its page in each language, and its CAP document."""
        made = {f"/cap/{alert['identifier']}.xml": Page(atom.styled(alert["cap"]).encode(), CAP)}
        for speak in self._speakers:
            path, said = f"/alerts/{alert['slug']}", speak.card(alert)
            made[self._at(speak, path)] = self._html(
                "alert",
                speak,
                path,
                a=said,
                chart=self._chart.close_up(said["kind"], alert),
                code=codes.square(said["permanent"]),
                preview=speak.facts(said),
                picture=self._picture_of(said, speak, path) if with_picture else "",
            )
        return made

    def pictures(self, state: Json) -> dict[str, Page]:
        """The alert's card, for previews of its address, in the languages that this machine has typefaces for."""
        made: dict[str, Page] = {}
        for alert in View(self._bundle, state, self._published).alerts:
            for speak in self._speakers:
                said, path = speak.card(alert), f"/alerts/{alert['slug']}"
                if self._picture_of(said, speak, path):
                    made[self._at(speak, path) + ".png"] = self._drawn(self._sheet(said, speak), said["kind"], alert)
        return made

    def version(self, state: Json) -> Json:
        """``/version.json`` without ``checked``."""
        return views.version(View(self._bundle, state, self._published))

    def stale(self) -> dict[str, str]:
        """The band of each language, with the mark for the time in it."""
        said = {speak.language: self._stale_text(speak).format(time=CHECKED) for speak in self._speakers}
        return {code: f'<p id="stale" class="stale" role="status">{text}</p>' for code, text in said.items()}

    @property
    def bundle(self) -> Json:
        """What is rendered."""
        return self._bundle

    # --- files -----------------------------------------------------------------------------------------------
    def _data(self, view: View) -> Iterator[tuple[str, Page]]:
        yield "/alerts.json", Page(_json(views.alerts(view)), JSON)
        yield "/alerts.geojson", Page(_json(views.geojson(view)), GEOJSON)
        yield "/zones.geojson", Page(_json(views.zones(self._bundle)), GEOJSON)
        yield "/feed.atom", Page(atom.feed(view), ATOM)
        yield "/site.css", Page((_read("site.css") + self._colours()).encode(), CSS)
        yield "/favicon.ico", Page(ICON, "image/svg+xml")
        yield "/cap.xsl", Page(_read("cap.xsl").encode(), "application/xml; charset=utf-8")
        yield "/feed.css", Page(_read("feed.css").encode(), CSS)
        for name in ("site.js", "place.js", "push.js", "push-worker.js"):
            yield f"/{name}", Page(_read(name).encode(), SCRIPT)

    def _pages(self, view: View, speak: Speaker) -> Iterator[tuple[str, Page]]:
        live, ended = [speak.card(a) for a in view.live], [speak.card(a) for a in view.ended]
        danger = any(a["face"] == "live" for a in view.alerts)
        painted = [(card["kind"], a) for card, a in zip(live, view.live, strict=True) if a["face"] == "live"]
        plain_pages = {
            "/": ("home", {"live": live, "ended": ended, "danger": danger, "chart": self._chart.overview(painted)}),
            "/embed": ("embed", {"live": live, "danger": danger}),
            "/data": ("data", {}),
            "/404": ("missing", {}),
        }
        for path, (name, context) in plain_pages.items():
            yield self._at(speak, path), self._html(name, speak, "/" if path == "/404" else path, **context)
        yield from self._archive(view, speak)
        yield from self._zones(view, speak)

    def _archive(self, view: View, speak: Speaker) -> Iterator[tuple[str, Page]]:
        """Pages are numbered from the oldest, so that what is full never changes its address."""
        rows = [speak.row(r) for r in views.rows(view)]
        full = max(0, len(rows) // ROWS - 1)
        for number in range(1, full + 2):
            oldest = number > full
            end = len(rows) - (number - 1) * ROWS
            page = rows[:end] if oldest else rows[end - ROWS : end]
            path = "/archive" if oldest else f"/archive/{number}"
            newer = "" if oldest else speak.prefix + ("/archive" if number == full else f"/archive/{number + 1}")
            older = speak.prefix + f"/archive/{number - 1}" if number > 1 else ""
            yield self._at(speak, path), self._html("archive", speak, path, rows=page, newer=newer, older=older)

    def _zones(self, view: View, speak: Speaker) -> Iterator[tuple[str, Page]]:
        zones = [speak.zone(z, view) for z in view.zones]
        yield self._at(speak, "/zones"), self._html("zones", speak, "/zones", zones=zones, source=speak.source())
        yield f"finder:{speak.language}", self._finder(zones, speak)
        for zone in zones:
            path = f"/zones/{zone['slug']}"
            alerts = self._in_zone(view, zone)
            cards = [speak.card(a) for a in alerts]
            painted = [(c["kind"], a) for c, a in zip(cards, alerts, strict=True) if a["face"] == "live"]
            chart = self._chart.overview(painted, zone["id"])
            yield (
                self._at(speak, path),
                self._html("zone", speak, path, z=zone, alerts=cards, chart=chart, source=speak.source()),
            )

    def _in_zone(self, view: View, zone: Json) -> list[Json]:
        """What holds there, else the alert that tells how it ended."""
        here = [a for a in view.live if zone["id"] in a["zones"]]
        told = view.alert(zone["alert"])
        return here or ([told] if told else [])

    def _finder(self, zones: list[Json], speak: Speaker) -> Page:
        """What the front answers a search with: a row for each zone, and the sentences round them."""
        row = self._templates.get_template("parts.html.j2").module.zone_row  # type: ignore[attr-defined]
        rows = [
            {"words": [plain(word) for word in (z["name"], z["slug"], *z["codes"])], "html": str(row(z, speak.strings))}
            for z in zones
        ]
        keys = ("found_one", "found_some", "found_near", "found_none")
        said = {key: speak.strings[key].replace("{source}", speak.source()) for key in keys}
        return Page(_json({"said": said, "rows": rows}), JSON)

    def _html(self, name: str, speak: Speaker, path: str, **context: Any) -> Page:
        key = json.dumps([name, speak.language, path, context, self._about], sort_keys=True)
        if key not in self.rendered:
            self.rendered[key] = self._earlier.get(key) or self._render(name, speak, path, context)
        return self.rendered[key]

    def _render(self, name: str, speak: Speaker, path: str, context: Json) -> Page:
        text = self._templates.get_template(f"{name}.html.j2").render(
            s=speak.strings,
            language=speak.language,
            direction=speak.direction,
            prefix=speak.prefix,
            home=speak.home,
            path="" if path == "/" else path,
            menu=self._menu(path),
            agency=self._agency,
            public_url=self._bundle["about"]["public_url"],
            simulation=self._bundle["about"]["simulation"],
            stale_text=self._stale_text(speak),
            clock=CLOCK,
            **context,
        )
        return Page(text.encode(), HTML, speak.language)

    def _menu(self, path: str) -> list[Json]:
        """Every language under an address of its own; what stands at the root depends on the reader's browser."""
        rest = "" if path == "/" else path
        return [
            {"code": o, "tag": strings(o)["tag"], "name": strings(o)["language"], "href": f"/{o}{rest}"}
            for o in self.languages
        ]

    def _at(self, speak: Speaker, path: str) -> str:
        """Where a page lies: the first language's at the root."""
        first = speak.language == self.languages[0]
        return path if first else f"/{speak.language}{path}".rstrip("/")

    def _picture_of(self, said: Json, speak: Speaker, path: str) -> str:
        """The address of its picture; empty where no typeface has all of its letters."""
        drawn = can_draw(self._sheet(said, speak))
        return f"{self._bundle['about']['public_url']}{self._at(speak, path)}.png" if drawn else ""

    def _sheet(self, said: Json, speak: Speaker) -> Sheet:
        headline, names = said["typed"] or said["headline"], [zone["name"] for zone in said["zones"]]
        evacuation = EVACUATION_LEVELS[self._bundle["about"]["evacuation_levels"]].get(
            said["evacuation"]["key"] if said["evacuation"] else ""
        )
        return Sheet(
            look=said["class"],
            word=said["word"],
            label=said["evacuation"]["name"] if said["evacuation"] else "",
            colours=(evacuation.background, evacuation.text) if evacuation else ("", ""),
            headline=together(said["ending_text"] if said["over"] else headline, names),
            action="" if said["over"] else said["action"] or sentences(" ".join(said["instruction"]), ACTION_LENGTH),
            where="" if said["over"] else where(headline, names, said["areas"], speak.language),
            was=together(headline, names) if said["over"] else "",
            times=speak.times(said),
            source=said["issuer"],
            link=said["permanent"],
            language=speak.language,
        )

    def _drawn(self, sheet: Sheet, kind: str, alert: Json) -> Page:
        """Drawn once; the map is a part of what makes it another one."""
        shown = kind != "ended" and alert["state"] == "live"
        scene = Scene(self._chart, kind, {key: alert[key] for key in ("zones", "areas")}) if shown else None
        svg = card_layout.write(replace(sheet, scene=scene), SHAPES["wide"])
        key = f"card:{hashlib.sha256(svg.encode()).hexdigest()}"
        if key not in self.rendered:
            self.rendered[key] = self._earlier.get(key) or Page(card.paint(svg, replace(sheet, scene=scene)), PNG)
        return self.rendered[key]

    def _stale_text(self, speak: Speaker) -> str:
        s = speak.strings
        source = self._agency["other_source"] or self._agency["contact"] or s["the_agency"]
        call = s["call"].format(number=self._agency["emergency_number"])
        return f"{s['stale']} {s['stale_source'].format(source=source)} {call}"

    def _colours(self) -> str:
        """The place's own evacuation colours, which it taught its people."""
        table = EVACUATION_LEVELS[self._bundle["about"]["evacuation_levels"]]
        return "".join(
            f".evacuation-{key}{{background:{step.background};color:{step.text}}}"
            f"path.b.evacuation-{key}{{fill:{step.background}}}path.s.evacuation-{key}{{stroke:{step.text}}}\n"
            for key, step in table.items()
        )


def clock_words(checked: datetime, timezone: str, spoken: tuple[str, ...]) -> dict[str, str]:
    """The time of the last check in each language."""
    return {language: when(checked, timezone, language) for language in spoken}


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
