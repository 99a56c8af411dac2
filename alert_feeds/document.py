"""Bytes of unknown honesty to a tree: one guess at the encoding, no DOCTYPE, no entities, no network, bounded.

Raises only ``Unreadable``, which parsers turn into a ``Problem`` that keeps the bytes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping

from lxml import etree

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 100
SAYS = {  # what ``decode`` found wrong
    "encoding": "The encoding was not what the document says; it was guessed from its bytes.",
    "control_characters": "Characters that XML forbids were left out.",
}
_BOMS = (  # the longest first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml\s[^>]*\?>")
_PROLOG = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)[\s/>]")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_CHARSETS = frozenset(["idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"])


class Unreadable(Exception):
    """Why a document cannot be read at all: ``code`` for machines, ``text`` for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def decode(body: bytes, headers: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text without its byte-order mark, and codes of what was wrong with its encoding.

    UTF-8 is tried before what the document declares: other encodings are hardly ever valid UTF-8 by chance,
    and a false declaration is the commonest fault. What fits nothing is read as Windows-1252.
    """
    if not body.strip(b"\x00\t\r\n "):
        raise Unreadable("empty", "The document is empty. An empty answer never means that there are no alerts.")
    if len(body) > MAX_BYTES:
        raise Unreadable("too_large", f"The document has {len(body)} bytes; at most {MAX_BYTES} are read.")
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _without_controls(body.decode(name, errors="replace").removeprefix("\ufeff"), [])
    if b"\x00" in body[:64]:
        return _without_controls(body.decode(_wide(body), errors="replace"), ["encoding"])
    return _without_controls(*_guess(body, _declared(body, headers)))


def _wide(body: bytes) -> str:
    """Which UTF-16 without a mark: ``<`` has its zero byte before or after it."""
    return "utf-16-be" if body[:1] == b"\x00" else "utf-16-le"


def _declared(body: bytes, headers: Mapping[str, str]) -> list[str]:
    names = [match.group(1).decode("ascii") for match in [_DECLARED.search(body[:400])] if match]
    names += [match.group(1) for match in [_CHARSET.search(content_type(headers))] if match]
    return [codecs.lookup(name).name for name in names if _is_charset(name)]


def _guess(body: bytes, declared: list[str]) -> tuple[str, list[str]]:
    order = [*declared, "utf-8"] if b"\x1b" in body else ["utf-8", *declared]  # ISO-2022 is ASCII with escapes
    for name in order:
        try:
            text = body.decode(name)
        except UnicodeDecodeError:
            continue
        honest = not declared or name == declared[0] or body.isascii()
        return text, [] if honest else ["encoding"]
    return body.decode("cp1252", errors="replace"), ["encoding"]


def _is_charset(name: str) -> bool:
    try:
        found = codecs.lookup(name)
    except LookupError:
        return False
    return found.name.replace("_", "-") not in _NOT_CHARSETS and bool(getattr(found, "_is_text_encoding", True))


def _without_controls(text: str, wrong: list[str]) -> tuple[str, list[str]]:
    kept = _ILLEGAL.sub("", text)
    return kept, wrong if len(kept) == len(text) else [*wrong, "control_characters"]


def content_type(headers: Mapping[str, str]) -> str:
    """The Content-Type, whatever the case of its name."""
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "")


def tree(text: str) -> etree._Element:
    """The root of an XML document, comments and instructions left out. Raises ``Unreadable``."""
    text = _DECLARATION.sub("", text, count=1).strip()
    _refuse_doctype(text)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("not_well_formed", f"Not well-formed XML: {error.msg}"[:300]) from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise Unreadable("doctype", "The document has a DOCTYPE, which is refused.")
    _refuse_depth(root)
    return root


def first_tag(text: str) -> str:
    """The local name of the first element, "" where none begins."""
    match = _TAG.match(text, _after_prolog(text))
    return match.group(1) if match else ""


def _after_prolog(text: str) -> int:
    place = 0
    while match := _PROLOG.match(text, place):
        place = match.end()
    return place


def _refuse_doctype(text: str) -> None:
    place = _after_prolog(text)
    if text[place : place + 9].upper() == "<!DOCTYPE":
        raise Unreadable("doctype", "The document has a DOCTYPE, which is refused (a web page, or an entity attack).")


def _refuse_depth(root: etree._Element) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise Unreadable("too_deep", f"The document is nested more than {MAX_DEPTH} deep.")


def local(element: etree._Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: etree._Element) -> str:
    """The namespace, "" for none."""
    return str(element.tag)[1:].partition("}")[0] if str(element.tag).startswith("{") else ""


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Child elements (no comments, no instructions, no entity references)."""
    return (child for child in element if isinstance(child.tag, str))
