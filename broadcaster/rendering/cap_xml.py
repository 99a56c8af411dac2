"""Writes CAP 1.2 XML that passes the OASIS schema, whatever a message was read from.

Times carry a numeric offset and never Z ("-00:00" for UTC); text is escaped by the XML library; what XML
cannot carry (control characters) is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from lxml import etree

from broadcaster.domain.alert import Area, CapMessage, Circle, Info, Pair, Point, Reference, Resource, Ring

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CATEGORIES = frozenset(
    ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other")
)
RESPONSES = frozenset(("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"))
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(message: CapMessage) -> bytes:
    """The message as a UTF-8 document."""
    root = etree.Element(_name("alert"), nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    _text(root, "identifier", _code(message.identifier))
    _text(root, "sender", _code(message.sender))
    _text(root, "sent", time(message.sent))
    _text(root, "status", message.status.value)
    _text(root, "msgType", message.msg_type.value)
    _optional(root, "source", message.source)
    _text(root, "scope", message.scope.value)
    _optional(root, "restriction", message.restriction)
    _optional(root, "addresses", message.addresses)
    for code in message.codes:
        _optional(root, "code", code)
    _optional(root, "note", message.note)
    _optional(root, "references", " ".join(_reference(r) for r in message.references))
    _optional(root, "incidents", message.incidents)
    for info in message.infos:
        _info(root, info)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document


def time(at: datetime) -> str:
    """CAP's dateTime: whole seconds, numeric offset, "-00:00" for UTC (CAP-v1.2, section 3.3.2)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _info(parent: etree._Element, info: Info) -> None:
    made = etree.SubElement(parent, _name("info"))
    _text(made, "language", info.language if _LANGUAGE.fullmatch(info.language) else "en-US")
    for category in [c for c in info.categories if c in CATEGORIES] or ["Other"]:
        _text(made, "category", category)
    _text(made, "event", info.event or info.headline)
    for response in info.response_types:
        _optional(made, "responseType", response if response in RESPONSES else "")
    for name, value in (("urgency", info.urgency), ("severity", info.severity), ("certainty", info.certainty)):
        _text(made, name, value.value)
    _optional(made, "audience", info.audience)
    _pairs(made, "eventCode", info.event_codes)
    for name, at in (("effective", info.effective), ("onset", info.onset), ("expires", info.expires)):
        _optional(made, name, time(at) if at else "")
    _optional(made, "senderName", info.sender_name)
    _optional(made, "headline", info.headline)
    _optional(made, "description", info.description)
    _optional(made, "instruction", info.instruction)
    _optional(made, "web", _uri(info.web))
    _optional(made, "contact", info.contact)
    _pairs(made, "parameter", _parameters(info))
    for resource in info.resources:
        _resource(made, resource)
    for area in info.areas:
        _area(made, area)


def _parameters(info: Info) -> tuple[Pair, ...]:
    """The event's own end travels as the parameter that the weather service uses for it."""
    if info.ends is None or any(name == "eventEndingTime" for name, _ in info.parameters):
        return info.parameters
    return (*info.parameters, ("eventEndingTime", time(info.ends)))


def _resource(parent: etree._Element, resource: Resource) -> None:
    made = etree.SubElement(parent, _name("resource"))
    _text(made, "resourceDesc", resource.description)
    _text(made, "mimeType", resource.mime_type or "application/octet-stream")
    _optional(made, "size", "" if resource.size is None else str(resource.size))
    _optional(made, "uri", _uri(resource.uri))
    _optional(made, "digest", resource.digest)


def _area(parent: etree._Element, area: Area) -> None:
    made = etree.SubElement(parent, _name("area"))
    _text(made, "areaDesc", area.description)
    for ring in area.polygons:
        _text(made, "polygon", _ring(ring))
    for circle in area.circles:
        _text(made, "circle", _circle(circle))
    _pairs(made, "geocode", area.geocodes)
    _optional(made, "altitude", "" if area.altitude is None else _decimal(area.altitude))
    _optional(made, "ceiling", "" if area.ceiling is None else _decimal(area.ceiling))


def _ring(ring: Ring) -> str:
    closed = ring if ring[:1] == ring[-1:] else (*ring, ring[0])
    return " ".join(_point(p) for p in closed)


def _circle(circle: Circle) -> str:
    return f"{_point(circle.centre)} {_decimal(circle.radius_km)}"


def _point(point: Point) -> str:
    return f"{_decimal(point[0])},{_decimal(point[1])}"


def _decimal(number: float) -> str:
    """Plain digits (xs:decimal knows no exponent), six decimals: a tenth of a metre."""
    text = f"{number:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _reference(reference: Reference) -> str:
    return f"{_code(reference.sender)},{_code(reference.identifier)},{time(reference.sent)}"


def _code(text: str) -> str:
    """identifier and sender hold no space, comma, "<" or "&" (CAP-v1.2, section 3.2.1)."""
    return re.sub(r"[\s,<&]", "_", text)


def _uri(text: str) -> str:
    """xs:anyURI with what is not allowed there written as %XX; "" where it is no absolute address."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text.strip()):
        return ""
    return re.sub(r"[\s<>\"{}|\\^`\[\]]", lambda found: f"%{ord(found[0]):02X}", text.strip())


def _pairs(parent: etree._Element, name: str, pairs: Iterable[Pair]) -> None:
    for key, value in pairs:
        made = etree.SubElement(parent, _name(name))
        _text(made, "valueName", key)
        _text(made, "value", value)


def _optional(parent: etree._Element, name: str, text: str) -> None:
    if text:
        _text(parent, name, text)


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _name(name)).text = _NOT_XML.sub("", text)


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"
