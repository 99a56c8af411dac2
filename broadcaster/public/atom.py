"""The Atom feed (RFC 4287): each entry links its page and its CAP file; never over 900 KB."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from lxml import etree

from broadcaster.domain.wording import ENDINGS
from broadcaster.public.views import View
from broadcaster.rendering.words import pick

NAMESPACE = "http://www.w3.org/2005/Atom"
LARGEST = 900_000  # bytes (Google's public alerts refused more)
SUMMARY = 2_000  # characters of a description
CAP_TYPE = "application/cap+xml"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed(view: View) -> bytes:
    """The feed of one state; where it grows too large, the entries least pressing are left out."""
    about = view.bundle["about"]
    root = etree.Element(_name("feed"), nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    _text(root, "id", f"{about['public_url']}/feed.atom")
    _text(root, "title", about["agency"]["name"])
    _text(root, "updated", max(view.published, view.state["from"]))
    _text(etree.SubElement(root, _name("author")), "name", about["agency"]["name"])
    _link(root, "self", f"{about['public_url']}/feed.atom", "application/atom+xml")
    _link(root, "alternate", f"{about['public_url']}/", "text/html")
    size = len(etree.tostring(root))
    for alert in view.alerts:
        entry = _entry(alert, about["public_url"], about["agency"]["languages"][0])
        size += len(etree.tostring(entry, encoding="UTF-8"))
        if size > LARGEST:
            break
        root.append(entry)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return document


def _entry(alert: dict[str, Any], public_url: str, language: str) -> etree._Element:
    entry = etree.Element(_name("entry"), nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    page = f"{public_url}/alerts/{quote(alert['slug'])}"
    _text(entry, "id", page)
    _text(entry, "title", _title(alert, language))
    _text(entry, "updated", alert["ended"] or alert["sent"])
    _text(entry, "published", alert["sent"])
    _text(etree.SubElement(entry, _name("author")), "name", alert["issuer"] or alert["sender"])
    _link(entry, "alternate", page, "text/html")
    _link(entry, "related", f"{public_url}/cap/{quote(alert['identifier'])}.xml", CAP_TYPE)
    etree.SubElement(entry, _name("category"), term=alert["event"] or alert["headline"])
    info = alert["infos"][0] if alert["infos"] else {"description": "", "instruction": ""}
    _text(entry, "summary", "\n\n".join(filter(None, (info["instruction"], info["description"])))[:SUMMARY])
    return entry


def _title(alert: dict[str, Any], language: str) -> str:
    """An ended alert says how it ended before anything else, in the agency's first language."""
    ending = ENDINGS.get(alert["face"])
    return f"{pick(ending.words, language)}: {alert['headline']}" if ending else str(alert["headline"])


def _link(parent: etree._Element, rel: str, href: str, kind: str) -> None:
    etree.SubElement(parent, _name("link"), rel=rel, href=href, type=kind)


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _name(name)).text = _NOT_XML.sub("", text)


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"
