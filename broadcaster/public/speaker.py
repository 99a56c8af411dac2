"""Puts a bundle's facts into one language's words for the templates. No clock, no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from broadcaster.domain.language import direction, primary
from broadcaster.domain.posting import permanent
from broadcaster.domain.snapshot import DANGER, face
from broadcaster.domain.wording import ENDINGS, EVACUATION_LEVELS, LEVEL_SHAPES, Level
from broadcaster.public import views
from broadcaster.public.views import View
from broadcaster.rendering.phrasebook import (
    Strings,
    ending_word,
    evacuation_words,
    language_name,
    level_word,
    strings,
)
from broadcaster.rendering.words import places as listed
from broadcaster.rendering.words import sentences, when

Json = dict[str, Any]
PREFIX = Markup("<!--prefix-->")  # the agency's first language stands at the root and under its own name
DANGER_LENGTH = 200  # characters of what the danger is, in whole sentences
PRESSING = ("act_now", "act_soon")  # of these the first page gives all of what to do


def fill(text: str, **values: Any) -> Markup:
    """A phrase with its blanks filled in, everything escaped but what is markup already."""
    return Markup(escape(text)).format(**values)  # noqa: S704 - escaped in the same breath


class Speaker:
    """``prefix`` opens every address of its language."""

    def __init__(self, bundle: Json, language: str, first: bool) -> None:
        about = bundle["about"]
        self.language = language
        self.prefix = PREFIX if first else Markup("/{}").format(quote(language))
        self.home = self.prefix + "/" if first else self.prefix
        self.strings: Strings = strings(language)
        self.direction = direction(language)
        self.agency: Json = about["agency"]
        self._public_url: str = about["public_url"]
        self._practice: str = about["evacuation_levels"]
        self._clearings: Json = about["clearings"]
        self._slugs = {a["slug"]: a for a in bundle["alerts"].values()}
        self._places = {p["id"]: p for p in bundle["places"]}

    # --- alerts ---------------------------------------------------------------------------------------------------
    def card(self, alert: Json) -> Json:
        """Everything a template shows of an alert, in words."""
        info = views.words(alert, self.language)
        live = alert["face"] == "live"
        evacuation = self._evacuation(alert, info) if live else None
        own = alert["typed"].get(primary(self.language), {}) if info["foreign"] else {}
        return {
            **self._look(alert["level"] if live else alert["face"], alert["cleared"]),
            "slug": alert["slug"],
            "href": self.prefix + f"/alerts/{quote(alert['slug'])}",
            "permanent": permanent(self._public_url, alert["slug"]),
            "cap": f"/cap/{quote(alert['identifier'])}.xml",
            "live": alert["state"] == "live",
            "shown": alert["kind"] == "shown",
            "headline": info["headline"],
            "typed": self._typed(alert, evacuation, own) if info["foreign"] else "",
            "action": _stopped(own.get("action", "")) if live else "",
            "language": info["language"],
            "direction": direction(info["language"]),
            "foreign": self._foreign(info),
            "instruction": paragraphs(info["instruction"]),
            "hazard": self._hazard(alert, info) if live else "",
            "description": paragraphs(info["description"]),
            "pressing": bool(evacuation) or alert["level"] in PRESSING,
            "issuer": alert["issuer"] or self.agency["name"],
            "contact": alert["contact"],
            "more": alert["web"] if _is_web(alert["web"]) and f"/alerts/{alert['slug']}" not in alert["web"] else "",
            "evacuation": evacuation,
            "danger": live,
            "over": alert["state"] != "live" and not live and alert["face"] != alert["ending"],
            "kind": (f"evacuation-{evacuation['key']}" if evacuation else alert["level"]) if live else "ended",
            "until": self._until(alert) if live else "",
            "confirmed": self._confirmed(alert) if live and alert["until_lifted"] else "",
            "issued": fill(self.strings["issued"], time=self.time(alert["sent"])),
            "ended": fill(self.strings["ended_at"], time=self.time(alert["ended"])) if alert["ended"] else "",
            "holds": self._holds(alert) if live else "",
            "ending_text": "" if live else self._ending(alert),
            "replaced_by": [self._link(slug) for slug in alert["replaced_by"]],
            "areas": self._areas(alert),
            "zones": [self._place(z) for z in alert["zones"] if z in self._places],
            "history": [self._step(step) for step in alert["history"]],
            "posts": [(url, urlsplit(url).hostname or url) for url in alert.get("posts", ())],
        }

    def row(self, row: Json) -> Json:
        """One line of the archive."""
        word = face(row["state"], row["ending"], row.get("in_error", False))
        look = {"word": self.strings["in_force"], "shape": "", "class": "now"}
        look = look if word == "live" else self._look(word, row["cleared"])
        return {
            **look,
            "href": self.prefix + f"/alerts/{quote(row['slug'])}",
            "headline": row["headline"],
            "language": row["language"],
            "direction": direction(row["language"]),
            "issued": fill(self.strings["issued"], time=self.time(row["sent"])),
            "ended": fill(self.strings["ended_at"], time=self.time(row["ended"])) if row["ended"] else "",
        }

    def zone(self, zone: Json, view: View) -> Json:
        """A zone with its status in words; ``partial`` where its alert went on elsewhere only."""
        alert = view.alert(zone["alert"])
        quiet = {"class": "none-here", "shape": "", "word": self.strings["status_none"]}
        look = quiet if zone["status"] == "none" else self._look(zone["status"], alert["cleared"] if alert else "")
        says = self.card(alert) if alert else None
        return {
            **{key: zone[key] for key in ("id", "slug", "name", "codes", "status", "alert")},
            **look,
            "href": self._place(zone["id"])["href"],
            "partial": zone["status"] == "superseded",
            "says": says and {k: says[k] for k in ("headline", "typed", "language", "direction", "evacuation")},
        }

    # --- small words --------------------------------------------------------------------------------------------------
    def clock(self, stamp: str) -> str:
        """A bundle's time in the agency's zone: absolute, with date and zone."""
        return when(datetime.fromisoformat(stamp), self.agency["timezone"], self.language)

    def time(self, stamp: str) -> Markup:
        """The same for HTML, with the day on one line; a script adds how long ago that is."""
        clock, comma, day = re.match(r"(.*?)([,،] |$)(.*)", self.clock(stamp)).groups()  # type: ignore[union-attr]
        return Markup('<time datetime="{}">{}</time>').format(stamp, clock + comma + day.replace(" ", "\u00a0"))

    def source(self) -> str:
        """Whom to ask when the page cannot tell."""
        return self.agency["contact"] or self.agency["other_source"] or self.strings["the_agency"]

    def names(self, ids: Iterable[str]) -> str:
        """Zones by name, in a row."""
        return self.joined([self._places[id]["name"] for id in ids if id in self._places])

    def joined(self, names: Sequence[str]) -> str:
        """Names in a row, as the language joins them."""
        if primary(self.language) in ("en", "es"):
            return listed(list(names), primary(self.language))
        return {"zh": "、", "ar": "، "}.get(primary(self.language), ", ").join(names)

    def facts(self, card: Json) -> str:
        """An alert in one line, for pictures and previews: level, headline, times, source."""
        return self.strings["picture"].format(
            level=card["word"],
            headline=_stopped(card["typed"] or card["headline"]),
            times=f"{self.times(card)} ·",
            source=card["issuer"],
        )

    def times(self, card: Json) -> str:
        """When an alert holds or ended, without markup."""
        keys = ("until", "confirmed") if card["until"] else ("ended",) if card["ended"] else ("issued",)
        return " · ".join(_bare(card[key]) for key in keys if card[key])

    # --- pieces -----------------------------------------------------------------------------------------------------
    def _look(self, word: str, cleared: str) -> Json:
        """Word, shape and class of a level or an ending; ``cleared`` is what was declared when it was lifted."""
        if word in DANGER:
            return {"word": level_word(word, self.language), "shape": LEVEL_SHAPES[Level(word)], "class": word}
        said = ending_word(word, self.language, self._clearings.get(cleared))
        return {"word": said, "shape": ENDINGS[word].shape, "class": word}

    def _until(self, alert: Json) -> str:
        if alert["until_lifted"]:
            return self.strings["until_lifted"]
        last = alert["ends"] if self._outlasts(alert) else alert["expires"]
        return fill(self.strings["until"], time=self.time(last)) if last else ""

    def _confirmed(self, alert: Json) -> str:
        return fill(self.strings["confirmed"], time=self.time(alert["confirmed"] or alert["sent"]))

    def _outlasts(self, alert: Json) -> bool:
        """An event may outlast its message (a watch that expires at 18:00 may end at 19:00); texts name its end too."""
        return bool(alert["ends"] and alert["expires"] and alert["ends"] > alert["expires"])

    def _holds(self, alert: Json) -> str:
        return fill(self.strings["holds"], time=self.time(alert["expires"])) if self._outlasts(alert) else ""

    def _ending(self, alert: Json) -> str:
        issuer = alert["issuer"] or self.agency["name"]
        text = self.strings[f"{alert['face']}_text"]
        return text.format(source=self.source(), agency=self.agency["name"], issuer=issuer)

    def _evacuation(self, alert: Json, info: Json) -> Json | None:
        """The step's lawful name and sentence; no sentence where what to do says it (shelter in place)."""
        step = EVACUATION_LEVELS[self._practice].get(alert["evacuation"])
        if step is None:
            return None
        name, sentence = evacuation_words(self._practice, step.key, self.language)
        said = sentence in info["instruction"] and not info["foreign"]
        return {"key": step.key, "name": name, "sentence": "" if said else sentence}

    def _hazard(self, alert: Json, info: Json) -> str:
        """What the danger is: how the description begins, without the lawful sentence, which the page says itself."""
        begun = _opening(info["description"])
        step = EVACUATION_LEVELS[self._practice].get(alert["evacuation"])
        if step is not None:
            begun = begun.partition(evacuation_words(self._practice, step.key, info["language"])[1])[0]
        return sentences(begun, DANGER_LENGTH)

    def _typed(self, alert: Json, evacuation: Json | None, own: Json) -> str:
        """The typed facts as a headline, where the issuer wrote none in this language."""
        event = evacuation["name"] if evacuation else own.get("event", "")
        names = self.names(alert["zones"])
        return f"{event}: {names}" if event and names else event

    def _foreign(self, info: Json) -> str:
        name = language_name(info["language"], self.language)
        return self.strings["only_in"].format(language=name) if info["foreign"] else ""

    def _link(self, slug: str) -> Json:
        known = self._slugs.get(slug)
        info = views.words(known, self.language) if known else {"headline": self.strings["read_it"], "language": ""}
        return {
            "href": self.prefix + f"/alerts/{quote(slug)}",
            "text": info["headline"],
            "language": info["language"] or self.language,
        }

    def _areas(self, alert: Json) -> list[str]:
        """What the areas are called; nothing where that is only the zones' names in a row, which are given anyway."""
        texts = [area["areaDesc"] for area in alert["areas"]]
        rest = "; ".join(texts)
        for name in sorted((self._places[z]["name"] for z in alert["zones"] if z in self._places), key=len)[::-1]:
            rest = rest.replace(name, "")
        return texts if set(re.findall(r"\w+", rest)) - {"and", "y"} else []

    def _place(self, id: str) -> Json:
        place = self._places[id]
        return {"name": place["name"], "href": self.prefix + f"/zones/{quote(place['slug'])}"}

    def _step(self, step: Json) -> Json:
        language, headline = self._own(step["headlines"])
        return {
            "time": self.time(step["sent"]),
            "href": self.prefix + f"/alerts/{quote(step['slug'])}",
            "headline": headline,
            "language": language,
            "changes": [self._change(change) for change in step["changes"]],
        }

    def _change(self, change: Json) -> str:
        what, text = change["what"], self.strings[f"change_{change['what']}"]
        if what.startswith("zones_"):
            return text.format(zones=self.names(change["zones"]))
        if what == "level":
            return text.format(**{key: level_word(change[key], self.language) for key in ("old", "new")})
        if what == "event":
            return fill(text, **{key: self._marked(*self._own(change[key])) for key in ("old", "new")})
        return fill(text, time=self.time(change["time"])) if what == "until" else text

    def _marked(self, language: str, words: str) -> str:
        """Words with the language that they are in, where the page speaks another."""
        if primary(language) == primary(self.language):
            return words
        return Markup('<span lang="{}" dir="{}">{}</span>').format(language, direction(language), words)

    def _own(self, words: Json) -> tuple[str, str]:
        """(language, words) of a reader: its own, else the first."""
        base = primary(self.language)
        own = next((key for key in words if primary(key) == base), next(iter(words), self.language))
        return own, str(words.get(own, ""))


def paragraphs(text: str) -> list[str]:
    """Feeds break lines at 69 columns: a single line end is a space, an empty line a paragraph."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _opening(text: str) -> str:
    """The text up to the first line that ends with a sentence: our templates go on with the place, feeds wrap lines."""
    kept: list[str] = []
    for line in text.strip().splitlines():
        if not line.strip():
            break
        kept.append(line.strip())
        if kept[-1][-1] in ".!?。":
            break
    return " ".join(kept)


def _stopped(text: str) -> str:
    """A sentence with its full stop, the ideographic one after an ideograph."""
    stop = "。" if text and text[-1] >= "\u2e80" else "."
    return text if not text or text[-1] in ".!?。" else text + stop


def _bare(text: str) -> str:
    """Without markup."""
    return str(text.striptags()) if isinstance(text, Markup) else text


def _is_web(address: str) -> bool:
    return address.startswith(("https://", "http://"))
