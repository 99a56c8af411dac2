"""All files of one state of the page, from a bundle alone: path -> ``Page``. No clock, no database.

HTML carries three marks that the front fills in: when the publisher last checked, the stale band, the number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from broadcaster.domain.snapshot import DANGER, face
from broadcaster.domain.wording import ENDINGS, EVACUATION_LEVELS, LEVEL_SHAPES, LEVEL_WORDS, Level
from broadcaster.public import atom, views
from broadcaster.public.views import View
from broadcaster.public.words import Strings, languages, strings
from broadcaster.rendering.words import pick, when

Json = dict[str, Any]
TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "public"
HTML, JSON, GEOJSON = "text/html; charset=utf-8", "application/json", "application/geo+json"
ATOM, CAP = "application/atom+xml; charset=utf-8", "application/cap+xml; charset=utf-8"
CHECKED = "<!--checked-->"


@dataclass(frozen=True, slots=True)
class Page:
    """A file. ``language`` is set where the front writes its marks into it."""

    body: bytes
    type: str
    language: str = ""


def environment() -> Environment:
    """The templates: autoescaped, and loud about anything undefined."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html.j2"], default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
    )


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

    def files(self, state: Json) -> dict[str, Page]:
        """Everything of one state, apart from alerts that ended long ago (``document``)."""
        view = View(self._bundle, state, self._published)
        made = dict(self._data(view))
        for alert in view.alerts:
            made |= self.document(alert)
        for language in self.languages:
            made |= dict(self._pages(view, language))
        return made

    def document(self, alert: Json) -> dict[str, Page]:
        """The permanent files of one alert: its page in each language, and its CAP document."""
        made = {f"/cap/{alert['identifier']}.xml": Page(alert["cap"].encode(), CAP)}
        for language in self.languages:
            speak = Speaker(self, language)
            path = f"{speak.prefix}/alerts/{alert['slug']}"
            made[path] = self._html("alert", speak, f"/alerts/{alert['slug']}", a=speak.card(alert))
        return made

    def version(self, state: Json) -> Json:
        """``/version.json`` without ``checked``."""
        return views.version(View(self._bundle, state, self._published))

    def stale(self) -> dict[str, str]:
        """The band of each language, with the mark for the time in it."""
        return {
            language: f'<p id="stale" class="stale">{self._stale_text(language).replace("{time}", CHECKED)}</p>'
            for language in self.languages
        }

    @property
    def bundle(self) -> Json:
        """What is rendered."""
        return self._bundle

    # --- files -----------------------------------------------------------------------------------------------
    def _data(self, view: View) -> Iterator[tuple[str, Page]]:
        yield "/alerts.json", Page(_json(views.alerts(view)), JSON)
        yield "/alerts.geojson", Page(_json(views.geojson(view)), GEOJSON)
        yield "/feed.atom", Page(atom.feed(view), ATOM)
        yield "/site.css", Page((_read("site.css") + self._colours()).encode(), "text/css; charset=utf-8")
        yield "/site.js", Page(_read("site.js").encode(), "text/javascript; charset=utf-8")

    def _pages(self, view: View, language: str) -> Iterator[tuple[str, Page]]:
        speak = Speaker(self, language)
        prefix = speak.prefix
        live, ended = [speak.card(a) for a in view.live], [speak.card(a) for a in view.ended]
        danger = any(a["face"] == "live" for a in view.alerts)
        yield prefix or "/", self._html("home", speak, "/", live=live, ended=ended, danger=danger)
        yield f"{prefix}/embed", self._html("embed", speak, "/embed", live=live, danger=danger)
        yield f"{prefix}/archive", self._html("archive", speak, "/archive", rows=[speak.row(r) for r in rows(view)])
        zones = [speak.zone(z, view) for z in view.zones]
        yield f"{prefix}/zones", self._html("zones", speak, "/zones", zones=zones)
        for zone in zones:
            path = f"/zones/{zone['slug']}"
            yield prefix + path, self._html("zone", speak, path, z=zone, alerts=self._in_zone(view, zone, speak))
        yield f"{prefix}/404", self._html("missing", speak, "/")

    def _in_zone(self, view: View, zone: Json, speak: Speaker) -> list[Json]:
        """What holds there, else the alert that tells how it ended."""
        here = [a for a in view.live if zone["id"] in a["zones"]]
        told = view.alert(zone["alert"])
        return [speak.card(a) for a in here or ([told] if told else [])]

    def _html(self, name: str, speak: Speaker, path: str, **context: Any) -> Page:
        key = json.dumps([name, speak.language, path, context, self._about], sort_keys=True)
        if key not in self.rendered:
            self.rendered[key] = self._earlier.get(key) or self._render(name, speak, path, context)
        return self.rendered[key]

    def _render(self, name: str, speak: Speaker, path: str, context: Json) -> Page:
        others = [
            {"code": o, "name": strings(o)["language"], "href": (self.prefix(o) + path).rstrip("/") or "/"}
            for o in self.languages
            if o != speak.language
        ]
        text = self._templates.get_template(f"{name}.html.j2").render(
            s=speak.strings,
            language=speak.language,
            prefix=speak.prefix,
            others=others,
            agency=self._agency,
            public_url=self._bundle["about"]["public_url"],
            simulation=self._bundle["about"]["simulation"],
            stale_text=self._stale_text(speak.language),
            **context,
        )
        return Page(text.encode(), HTML, speak.language)

    def prefix(self, language: str) -> str:
        """Where a language's pages stand; the agency's first has none."""
        return "" if language == self.languages[0] else f"/{language}"

    def _stale_text(self, language: str) -> str:
        s = strings(language)
        source = self._agency["other_source"] or self._agency["contact"] or s["the_agency"]
        call = s["call"].format(number=self._agency["emergency_number"])
        return f"{s['stale']} {{time}}. {s['stale_source'].format(source=source)} {call}"

    def _colours(self) -> str:
        """The place's own evacuation colours, which it taught its people."""
        table = EVACUATION_LEVELS[self._bundle["about"]["evacuation_levels"]]
        return "".join(
            f".evacuation-{key}{{background:{step.background};color:{step.text};border-color:currentColor}}\n"
            for key, step in table.items()
        )


class Speaker:
    """Puts facts into one language's words for the templates."""

    def __init__(self, pages: Pages, language: str) -> None:
        about = pages.bundle["about"]
        self.language = language
        self.prefix = pages.prefix(language)
        self.strings: Strings = strings(language)
        self._agency: Json = about["agency"]
        self._steps = EVACUATION_LEVELS[about["evacuation_levels"]]
        self._slugs = {a["slug"]: a for a in pages.bundle["alerts"].values()}
        self._places = {p["id"]: p for p in pages.bundle["places"]}

    def card(self, alert: Json) -> Json:
        """Everything a template shows of an alert, in words."""
        info = views.words(alert, self.language)
        live = alert["face"] == "live"
        return {
            **self._look(alert["level"] if live else alert["face"]),
            "slug": alert["slug"],
            "href": f"{self.prefix}/alerts/{alert['slug']}",
            "cap": f"/cap/{quote(alert['identifier'])}.xml",
            "live": alert["state"] == "live",
            "shown": alert["kind"] == "shown",
            "headline": info["headline"],
            "language": info["language"],
            "foreign": info["foreign"],
            "instruction": info["instruction"],
            "description": _paragraphs(info["description"]),
            "issuer": alert["issuer"] or self._agency["name"],
            "contact": alert["contact"],
            "more": alert["web"] if _is_web(alert["web"]) and f"/alerts/{alert['slug']}" not in alert["web"] else "",
            "evacuation": self._evacuation(alert) if live else None,
            "until": self._until(alert) if live else "",
            "issued": self.strings["issued"].format(time=self.time(alert["sent"])),
            "ended": self.strings["ended_at"].format(time=self.time(alert["ended"])) if alert["ended"] else "",
            "holds": self._holds(alert) if live else "",
            "ending_text": "" if live else self._ending(alert),
            "replaced_by": [self._link(slug) for slug in alert["replaced_by"]],
            "areas": [area["areaDesc"] for area in alert["areas"]],
            "zones": [self._place(z) for z in alert["zones"] if z in self._places],
        }

    def row(self, row: Json) -> Json:
        """One line of the archive."""
        word = face(row["state"], row["ending"], row.get("in_error", False))
        live = word == "live"
        return {
            "href": f"{self.prefix}/alerts/{row['slug']}",
            "headline": row["headline"],
            "language": row["language"],
            "word": self.strings["now"] if live else pick(ENDINGS[word].words, self.language),
            "issued": self.strings["issued"].format(time=self.time(row["sent"])),
            "ended": self.strings["ended_at"].format(time=self.time(row["ended"])) if row["ended"] else "",
        }

    def zone(self, zone: Json, view: View) -> Json:
        """A zone with its status in words; ``partial`` where its alert went on elsewhere only."""
        look = self._look(zone["status"]) if zone["status"] != "none" else {"class": "none-here", "shape": ""}
        word = look.get("word", self.strings["status_none"])
        return {
            **zone,
            **look,
            "word": word,
            "href": self._place(zone["id"])["href"],
            "partial": zone["status"] == "superseded",
        }

    def time(self, stamp: str) -> str:
        """A bundle's time in the agency's zone: absolute, with date and zone."""
        return when(datetime.fromisoformat(stamp), self._agency["timezone"], self.language)

    def _look(self, word: str) -> Json:
        """Word, shape and class of a level or an ending."""
        if word in DANGER:
            step = Level(word)
            return {"word": pick(LEVEL_WORDS[step], self.language), "shape": LEVEL_SHAPES[step], "class": word}
        ending = ENDINGS[word]
        return {"word": pick(ending.words, self.language), "shape": ending.shape, "class": word}

    def _until(self, alert: Json) -> str:
        if alert["until_lifted"]:
            confirmed = self.strings["confirmed"].format(time=self.time(alert["confirmed"] or alert["sent"]))
            return f"{self.strings['until_lifted']} · {confirmed}"
        last = alert["ends"] if self._outlasts(alert) else alert["expires"]
        text = self.strings["until"].format(time=self.time(last)) if last else ""
        return text[:1].upper() + text[1:]

    def _outlasts(self, alert: Json) -> bool:
        """An event may outlast its message (a watch that expires at 18:00 may end at 19:00); texts name its end too."""
        return bool(alert["ends"] and alert["expires"] and alert["ends"] > alert["expires"])

    def _holds(self, alert: Json) -> str:
        return self.strings["holds"].format(time=self.time(alert["expires"])) if self._outlasts(alert) else ""

    def _ending(self, alert: Json) -> str:
        source = self._agency["contact"] or self._agency["other_source"] or self.strings["the_agency"]
        issuer = alert["issuer"] or self._agency["name"]
        text = self.strings[f"{alert['face']}_text"]
        return text.format(source=source, agency=self._agency["name"], issuer=issuer)

    def _evacuation(self, alert: Json) -> Json | None:
        step = self._steps.get(alert["evacuation"])
        if step is None:
            return None
        return {"key": step.key, "name": pick(step.name, self.language), "sentence": pick(step.sentence, self.language)}

    def _link(self, slug: str) -> Json:
        known = self._slugs.get(slug)
        text = views.words(known, self.language)["headline"] if known else self.strings["read_it"]
        return {"href": f"{self.prefix}/alerts/{slug}", "text": text}

    def _place(self, id: str) -> Json:
        place = self._places[id]
        return {"name": place["name"], "href": f"{self.prefix}/zones/{place['slug']}"}


def rows(view: View) -> list[Json]:
    """The archive's lines as they stand in this state: what expires at a boundary says so there too."""
    standing = {s["id"]: s for s in view.state["alerts"]}
    return [
        {**row, **{k: standing.get(row["id"], row)[k] for k in ("state", "ended")}} for row in view.bundle["archive"]
    ]


def clock_words(checked: datetime, timezone: str, spoken: tuple[str, ...]) -> dict[str, str]:
    """The time of the last check in each language."""
    return {language: when(checked, timezone, language) for language in spoken}


def _paragraphs(text: str) -> list[str]:
    """Feeds break lines at 69 columns: a single line end is a space, an empty line a paragraph."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _is_web(address: str) -> bool:
    return address.startswith(("https://", "http://"))


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
