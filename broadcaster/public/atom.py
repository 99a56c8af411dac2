"""The Atom feed (RFC 4287): each entry links its page and its CAP file; never over 900 KB.

Feed and CAP files name a stylesheet, so that a browser shows them as pages. The feed's is CSS, and its text XHTML, so
that links work: browsers are giving up XSL. CAP's is XSL all the same: Chromium ignores CSS for CAP's namespace.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from lxml import etree

from broadcaster.domain.language import direction
from broadcaster.domain.posting import permanent
from broadcaster.public.speaker import paragraphs
from broadcaster.public.views import View
from broadcaster.rendering.phrasebook import strings

NAMESPACE = "http://www.w3.org/2005/Atom"
XHTML = "http://www.w3.org/1999/xhtml"
FEED_STYLE = 'type="text/css" href="/feed.css"'
CAP_STYLE = 'type="text/xsl" href="/cap.xsl"'
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
    root.addprevious(etree.ProcessingInstruction("xml-stylesheet", FEED_STYLE))
    document: bytes = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return document


def styled(cap: str) -> str:
    """A CAP document with the stylesheet named in it (outside of the alert, which stays as it was)."""
    head, mark, rest = cap.partition("?>")
    return f"{head}?>\n<?xml-stylesheet {CAP_STYLE}?>{rest}" if mark and head.startswith("<?xml") else cap


def _entry(alert: dict[str, Any], public_url: str, language: str) -> etree._Element:
    entry = etree.Element(_name("entry"), nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    page = permanent(public_url, alert["slug"])
    _text(entry, "id", page)
    _text(entry, "title", f"{alert['label']}: {alert['headline']}")  # level or ending before anything else
    _text(entry, "updated", alert["ended"] or alert["sent"])
    _text(entry, "published", alert["sent"])
    _text(etree.SubElement(entry, _name("author")), "name", alert["issuer"] or alert["sender"])
    _link(entry, "alternate", page, "text/html")
    _link(entry, "related", f"{public_url}/cap/{quote(alert['identifier'])}.xml", CAP_TYPE)
    etree.SubElement(entry, _name("category"), term=alert["event"] or alert["headline"])
    entry.append(_content(alert, page, language))
    return entry


def _content(alert: dict[str, Any], page: str, language: str) -> etree._Element:
    """The words, for machines and for a browser that shows the feed by its stylesheet."""
    info = alert["infos"][0] if alert["infos"] else {"language": language, "description": "", "instruction": ""}
    content = etree.Element(_name("content"), type="xhtml")
    body = etree.SubElement(content, _html("div"), nsmap={None: XHTML})  # type: ignore[dict-item]
    spoken = {"lang": info["language"], "dir": direction(info["language"])}
    for text in paragraphs(info["instruction"][:SUMMARY]) + paragraphs(info["description"][:SUMMARY]):
        etree.SubElement(body, _html("p"), spoken).text = _clean(text)
    links = etree.SubElement(body, _html("p"))
    for address, words in ((page, page), (f"/cap/{quote(alert['identifier'])}.xml", strings(language)["cap"])):
        link = etree.SubElement(links, _html("a"), href=address)
        link.text, link.tail = words, " "
    return content


def _link(parent: etree._Element, rel: str, href: str, kind: str) -> None:
    etree.SubElement(parent, _name("link"), rel=rel, href=href, type=kind)


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _name(name)).text = _clean(text)


def _clean(text: str) -> str:
    """Without the control characters that XML cannot carry."""
    return _NOT_XML.sub("", text)


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _html(local: str) -> str:
    return f"{{{XHTML}}}{local}"
