"""CAP told in other forms (elements of an Atom entry, JSON objects) as a CAP tree, which ``cap`` alone reads."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from lxml import etree

from alert_feeds import cap
from alert_feeds.cap_info import words
from alert_feeds.document import children, local
from alert_feeds.items import Item
from alert_feeds.json_parts import Json, clean
from broadcaster.domain.feed_entry import FeedEntry, Problem

SPACE = cap.NAMESPACES[0]
HEAD = ("identifier", "sender", "sent", "status", "msgType", "scope", "references")
INFO = (
    *("language", "category", "event", "responseType", "urgency", "severity", "certainty", "effective", "onset"),
    *("expires", "senderName", "headline", "description", "instruction", "web", "contact"),
)
MAX_NESTING = 8
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}")
_LISTED = ("fips6", "ugc", "same")  # the old NWS index writes several codes into one value


def read(alert: etree._Element, raw: bytes) -> FeedEntry | Problem:
    """The one alert of such a tree, with the bytes it was made from."""
    found = cap.embedded(alert)
    if found.entries:
        return replace(found.entries[0], raw=raw)
    return replace(found.problems[0], raw=raw)


def of_entry(item: Item, given: Json, without: Sequence[str] = ()) -> etree._Element:
    """CAP from an Atom entry with ``cap:`` elements; ``given`` fills what the entry has in Atom's own elements, and
    goes before those named in ``without``."""
    alert = etree.Element(_name("alert"), nsmap={None: SPACE})  # type: ignore[dict-item]
    for name in HEAD:
        for text in [given[name]] if name in without else _texts(item, name, given):
            _add(alert, name, text)
    info = etree.SubElement(alert, _name("info"))
    for name in INFO:
        for text in _texts(item, name, given):
            _add(info, name, text)
    _pairs(item, "parameter", info)
    area = etree.SubElement(info, _name("area"))
    for name in ("areaDesc", "polygon", "circle"):
        for text in _texts(item, name, given):
            _add(area, name, text)
    _pairs(item, "geocode", area)
    if not len(area):
        info.remove(area)
    return alert


def _texts(item: Item, name: str, given: Json) -> Sequence[str]:
    found = [text for element in item.elements(name, "emergency:cap") if (text := words(element))]
    return found or ([given[name]] if given.get(name) else [])


def _pairs(item: Item, name: str, parent: etree._Element) -> None:
    """Pairs of valueName and value, however many of them one element holds."""
    for element in item.elements(name, "emergency:cap"):
        parts = [(local(child), words(child)) for child in children(element)]
        for (_, key), (kind, value) in itertools.pairwise(parts):
            if kind != "value" or not key:
                continue
            for code in value.split() if key.casefold() in _LISTED else [value]:
                _add(parent, name, {"valueName": key, "value": code})


def of_json(alert: Json) -> tuple[etree._Element, list[str]]:
    """CAP from its JSON form (objects for elements, lists for repeated ones), and the names that no element has."""
    root = etree.Element(_name("alert"), nsmap={None: SPACE})  # type: ignore[dict-item]
    lost: list[str] = []
    _fill(root, alert.items(), lost, 0)
    return root, lost


def _fill(parent: etree._Element, parts: Iterable[tuple[str, Any]], lost: list[str], nesting: int) -> None:
    for name, value in parts:
        for one in value if isinstance(value, list) else [value]:
            if not _NAME.fullmatch(name) or nesting >= MAX_NESTING or isinstance(one, list):
                lost.append(clean(name)[:40])
            elif isinstance(one, dict):
                _fill(etree.SubElement(parent, _name(name)), one.items(), lost, nesting + 1)
            else:
                _add(parent, name, clean(one))


def _add(parent: etree._Element, name: str, value: str | dict[str, str]) -> None:
    if isinstance(value, dict):
        child = etree.SubElement(parent, _name(name))
        for key, text in value.items():
            _add(child, key, text)
    elif value:
        etree.SubElement(parent, _name(name)).text = value


def _name(name: str) -> str:
    return f"{{{SPACE}}}{name}"
