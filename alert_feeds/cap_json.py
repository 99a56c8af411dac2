"""CAP told as JSON (objects for elements, lists for repeated ones) as a CAP tree, which ``cap`` alone reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from alert_feeds.json_parts import Json, clean

SPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MAX_NESTING = 8
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}")
_HEAD = ("identifier", "sender", "sent", "status", "msgType")


def parts(value: Any) -> Iterator[str | Json]:
    """Every text and every alert of a JSON value, in its order; what stands in an alert is the alert's."""
    todo = [value]
    while todo:
        here = todo.pop()
        if isinstance(here, str) or is_alert(here):
            yield here
        elif isinstance(here, dict):
            todo.extend(reversed(here.values()))
        elif isinstance(here, list):
            todo.extend(reversed(here))


def is_alert(value: Any) -> bool:
    """Is it an object with the head of a CAP alert?"""
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in _HEAD)


def tree(alert: Json) -> tuple[etree._Element, str]:
    """The alert's tree, and what to say of names that no element has ("" for nothing)."""
    root = etree.Element(name_of("alert"), nsmap={None: SPACE})  # type: ignore[dict-item]
    lost: list[str] = []
    _fill(root, alert.items(), lost, 0)
    said = f"These parts are none of CAP's and were left out: {', '.join(lost[:10])}"[:300]
    return root, said if lost else ""


def _fill(parent: etree._Element, named: Iterable[tuple[str, Any]], lost: list[str], nesting: int) -> None:
    for name, value in named:
        for one in value if isinstance(value, list) else [value]:
            if not _NAME.fullmatch(name) or nesting >= MAX_NESTING or isinstance(one, list):
                lost.append(clean(name)[:40])
            elif isinstance(one, dict):
                _fill(etree.SubElement(parent, name_of(name)), one.items(), lost, nesting + 1)
            else:
                add(parent, name, clean(one))


def add(parent: etree._Element, name: str, value: str | dict[str, str]) -> None:
    """An element with that text, or with elements of those texts; none for an empty text."""
    if isinstance(value, dict):
        child = etree.SubElement(parent, name_of(name))
        for key, text in value.items():
            add(child, key, text)
    elif value:
        etree.SubElement(parent, name_of(name)).text = value


def name_of(name: str) -> str:
    """An element's name in CAP 1.2."""
    return f"{{{SPACE}}}{name}"
