"""The parts of a CAP alert below its head: info, area, resource (CAP 1.2 sections 3.2.2 to 3.2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from alert_feeds.document import children, local
from alert_feeds.values import Notes, Word, circle, moment, number, parameter, ring, word
from broadcaster.domain.alert import Area, Certainty, Info, Pair, Resource, Severity, Urgency

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8})*")
_NAMES = {  # what some senders write where a code of two letters should stand
    **dict.fromkeys(("english", "eng"), "en"),
    **dict.fromkeys(("spanish", "español", "spa"), "es"),
    **dict.fromkeys(("french", "français", "fra", "fre"), "fr"),
    **dict.fromkeys(("german", "deutsch", "deu", "ger"), "de"),
    **dict.fromkeys(("portuguese", "português", "por"), "pt"),
}


class CapPart:
    """One CAP element and its children by local name, whatever namespace they stand in."""

    def __init__(self, element: etree._Element, name: str, notes: Notes) -> None:
        self.name = name
        self.notes = notes
        self._children: dict[str, list[etree._Element]] = {}
        for child in children(element):
            self._children.setdefault(local(child), []).append(child)

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of all children of that name that are not empty."""
        return tuple(text for text in (words(child) for child in self._children.get(name, ())) if text)

    def text(self, name: str) -> str:
        """The first text of that name, "" for none; a second, different one is noted and left out."""
        found = self.texts(name)
        if len(set(found)) > 1:
            self.notes.add("repeated", f"{self.name} has several {name}; the first was taken.")
        return found[0] if found else ""

    def parts(self, name: str) -> Iterator[CapPart]:
        """Children of that name, as parts."""
        return (CapPart(child, name, self.notes) for child in self._children.get(name, ()))

    def pairs(self, name: str) -> tuple[Pair, ...]:
        """valueName and value of each child of that name; CAP 1.0's "name=value" is understood."""
        found = []
        for child in self._children.get(name, ()):
            pair = CapPart(child, name, self.notes)
            key, value = pair.text("valueName"), pair.text("value")
            if not key and not value:
                key, _, value = (half.strip() for half in words(child).partition("="))
            if key and value:
                found.append((key, value))
            else:
                self.notes.add("pair", f"A {name} of {self.name} has no name or no value and was left out.")
        return tuple(found)


def words(element: etree._Element) -> str:
    """All text inside an element, without the white space round it."""
    return "".join(str(text) for text in element.itertext()).strip()


def infos(alert: CapPart) -> tuple[Info, ...]:
    """All infos of an alert, in order."""
    return tuple(_info(part) for part in alert.parts("info"))


def _info(part: CapPart) -> Info:
    notes = part.notes
    parameters = part.pairs("parameter")
    ends = parameter(parameters, "eventEndingTime")
    return Info(
        language=_language(part.text("language"), notes),
        categories=part.texts("category"),
        event=part.text("event"),
        response_types=part.texts("responseType"),
        urgency=_word(part, "urgency", Urgency) or Urgency.UNKNOWN,
        severity=_word(part, "severity", Severity) or Severity.UNKNOWN,
        certainty=_word(part, "certainty", Certainty) or Certainty.UNKNOWN,
        audience=part.text("audience"),
        event_codes=part.pairs("eventCode"),
        effective=_time(part, "effective"),
        onset=_time(part, "onset"),
        expires=_time(part, "expires"),
        ends=moment(ends, "eventEndingTime", notes) if ends else None,
        sender_name=part.text("senderName") or parameter(parameters, "sender_langname"),  # MoWaS names it there
        headline=part.text("headline"),
        description=part.text("description"),
        instruction=part.text("instruction"),
        web=part.text("web"),
        contact=part.text("contact"),
        parameters=parameters,
        resources=tuple(_resource(child) for child in part.parts("resource")),
        areas=tuple(_area(child) for child in part.parts("area")),
    )


def _language(text: str, notes: Notes) -> str:
    if not text:
        return "en-US"  # CAP 1.2 section 3.2.2: the default
    code = _NAMES.get(text.casefold())
    if code:
        notes.add(
            "language", f"The language is written {text!r} instead of as a code of RFC 3066; it was read as {code}."
        )
        return code
    if _LANGUAGE.fullmatch(text):
        return text.replace("_", "-")
    notes.add("language", f"The language {text[:40]!r} is no code of RFC 3066; the info was read as en-US.")
    return "en-US"


def _word(part: CapPart, name: str, kind: type[Word]) -> Word | None:
    text = part.text(name)
    found = word(kind, text)
    if found is None:
        part.notes.add(name, f"{name} {text[:40]!r} is none of CAP's words; it was read as Unknown.")
    return found


def _time(part: CapPart, name: str) -> datetime | None:
    text = part.text(name)
    return moment(text, name, part.notes) if text else None


def _resource(part: CapPart) -> Resource:
    size = part.text("size")
    count = number(size, "A resource's size", part.notes) if size else None
    return Resource(
        description=part.text("resourceDesc"),
        mime_type=part.text("mimeType"),
        uri=part.text("uri"),
        size=int(count) if count is not None and count < 1e15 else None,
        digest=part.text("digest"),
    )


def _area(part: CapPart) -> Area:
    notes = part.notes
    rings = [ring(text, notes) for text in part.texts("polygon")]
    circles = [circle(text, notes) for text in part.texts("circle")]
    altitude, ceiling = part.text("altitude"), part.text("ceiling")
    return Area(
        description=part.text("areaDesc"),
        polygons=tuple(found for found in rings if found),
        circles=tuple(found for found in circles if found),
        geocodes=part.pairs("geocode"),
        altitude=number(altitude, "altitude", notes) if altitude else None,
        ceiling=number(ceiling, "ceiling", notes) if ceiling else None,
    )
