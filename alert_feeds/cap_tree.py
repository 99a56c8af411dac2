"""CAP told as elements of an Atom entry, as a CAP tree, which ``cap`` alone reads."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from alert_feeds import cap
from alert_feeds.cap_info import words
from alert_feeds.cap_json import SPACE, add, name_of
from alert_feeds.document import children, local
from alert_feeds.items import Item
from alert_feeds.json_parts import Json
from broadcaster.domain.feed_entry import FeedEntry, Problem

SPACES = "emergency:cap"  # of either version
HEAD = ("identifier", "sender", "sent", "status", "msgType", "scope", "references")
INFO = (
    *("language", "category", "event", "responseType", "urgency", "severity", "certainty", "effective", "onset"),
    *("expires", "senderName", "headline", "description", "instruction", "web", "contact"),
)
_LISTED = ("fips6", "ugc", "same")  # the old NWS index writes several codes into one value


def read(alert: etree._Element, raw: bytes) -> FeedEntry | Problem:
    """The one alert of such a tree, with the bytes it was made from."""
    found = cap.embedded(alert)
    if found.entries:
        return replace(found.entries[0], raw=raw)
    return replace(found.problems[0], raw=raw)


def of_entry(item: Item, given: Json, without: Sequence[str] = ()) -> etree._Element:
    """CAP from an Atom entry with ``cap:`` elements, infos as a whole or their parts one by one; ``given`` fills what
    the entry has in Atom's own elements, and goes before those named in ``without``."""
    alert = etree.Element(name_of("alert"), nsmap={None: SPACE})  # type: ignore[dict-item]
    for name in HEAD:
        for text in [given[name]] if name in without else _texts(item, name, given):
            add(alert, name, text)
    whole = item.elements("info", SPACES)
    for info in whole:
        alert.append(copy.deepcopy(info))
    if not whole:
        _info(item, given, alert)
    return alert


def _info(item: Item, given: Json, alert: etree._Element) -> None:
    """The one info whose parts stand in the entry itself."""
    info = etree.SubElement(alert, name_of("info"))
    for name in INFO:
        for text in _texts(item, name, given):
            add(info, name, text)
    _pairs(item, "parameter", info)
    area = etree.SubElement(info, name_of("area"))
    for name in ("areaDesc", "polygon", "circle"):
        for text in _texts(item, name, given):
            add(area, name, text)
    _pairs(item, "geocode", area)
    if not len(area):
        info.remove(area)


def _texts(item: Item, name: str, given: Json) -> Sequence[str]:
    found = [text for element in item.elements(name, SPACES) if (text := words(element))]
    return found or ([given[name]] if given.get(name) else [])


def _pairs(item: Item, name: str, parent: etree._Element) -> None:
    """Pairs of valueName and value, however many of them one element holds."""
    for element in item.elements(name, SPACES):
        parts = [(local(child), words(child)) for child in children(element)]
        for (_, key), (kind, value) in itertools.pairwise(parts):
            if kind != "value" or not key:
                continue
            for code in value.split() if key.casefold() in _LISTED else [value]:
                add(parent, name, {"valueName": key, "value": code})
