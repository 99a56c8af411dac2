"""The copy sheet: an alert for what this system does not reach (federal gateway, radio, doors), to copy or print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain import ipaws
from broadcaster.domain.alert import Alert, CapMessage, Info
from broadcaster.domain.cap_message import build
from broadcaster.domain.errors import ConfigError, Invalid, Refused
from broadcaster.domain.language import primary
from broadcaster.domain.text_html import for_people
from broadcaster.domain.wording import drill_label
from broadcaster.rendering import cap_xml
from broadcaster.rendering.codes import square
from broadcaster.rendering.copy_sheet import Words, words
from broadcaster.rendering.phrasebook import strings
from broadcaster.rendering.templates import load
from broadcaster.rendering.words import when
from broadcaster.services.postings import permanent
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import versions
from broadcaster.store import zones as zone_store


@dataclass(frozen=True, slots=True)
class CopySheet:
    """``words`` by language with the ``infos`` they are made of; ``link`` and its QR ``code``; ``event``: SAME code;
    ``lacking``: why the gateway would refuse the file (``ipaws.lacking``), None while the alert is not on air."""

    alert: Alert
    zones: tuple[str, ...]
    infos: tuple[Info, ...]
    words: tuple[Words, ...]
    until: Mapping[str, str]
    drills: Mapping[str, str]
    link: str
    code: tuple[int, str]
    event: str
    lacking: tuple[str, ...] | None


def sheet(system: System, alert_id: str) -> CopySheet:
    """Raises NotFound."""
    with system.database.read() as connection:
        alert = store.get(connection, alert_id)
        named = {zone.id: zone.name for zone in zone_store.every(connection)}
        message = _message(system, connection, alert) if alert.identifier else None
    link = permanent(system, alert)
    until = {_language(info): _until(system, alert, _language(info)) for info in alert.content.infos}
    drills = {_language(info): drill_label(alert.mode, _language(info)) for info in alert.content.infos}
    return CopySheet(
        alert=alert,
        zones=tuple(named.get(zone, zone) for zone in alert.zones),
        infos=tuple(map(for_people, alert.content.infos)),
        words=tuple(_words(system, alert, info, until, drills, link) for info in alert.content.infos),
        until=until,
        drills=drills,
        link=link,
        code=square(link),
        event=_event(alert),
        lacking=ipaws.lacking(message) if message else None,
    )


def gateway_file(system: System, alert_id: str) -> bytes:
    """CAP by the federal profile. Raises NotFound; Refused where it is not on air (it has no identifier yet)."""
    with system.database.read() as connection:
        alert = store.get(connection, alert_id)
        if alert.identifier is None:
            raise Refused("never_live", "This alert was never on air: it has no identifier yet. Approve it first.")
        return cap_xml.write(_message(system, connection, alert))


def _message(system: System, connection: Connection, alert: Alert) -> CapMessage:
    longest = timedelta(hours=system.config.policy.max_expires_hours)
    references = versions.references(versions.earlier(connection, alert), system.config.agency.cap_sender)
    link = permanent(system, alert)
    message = build(alert, system.config.agency, references, link, longest)
    places = {zone.id: tuple(zone.same) for zone in zone_store.every(connection) if zone.id in alert.zones}
    phones = {}
    for info in alert.content.infos:
        language = _language(info)
        made = words(info, _until(system, alert, language), link, drill_label(alert.mode, language))
        phones[language] = (made.short, made.long)
    return ipaws.by_profile(message, _event(alert), places, phones)


def _words(system: System, alert: Alert, info: Info, until: Any, drills: Any, link: str) -> Words:
    return words(info, until[_language(info)], link, drills[_language(info)])


def _until(system: System, alert: Alert, language: str) -> str:
    """Its end as the page says it, with a full stop; nothing for what ends a danger."""
    said = strings(language)
    if alert.ending in ("cancelled", "lifted"):
        return ""
    if alert.until_lifted or alert.expires is None:
        return f"{said['until_lifted']}."
    return f"{said['until'].format(time=when(alert.expires, system.config.agency.timezone, language))}."


def _event(alert: Alert) -> str:
    """A document's own code, else the template's."""
    own = [value for info in alert.content.infos for name, value in info.event_codes if name == "SAME"]
    if own and own[0] in ipaws.EVENT_CODES:
        return own[0]
    try:
        return load(alert.content.template).spec.cap.same
    except (Invalid, ConfigError):  # the template was taken away since
        return "CEM"


def _language(info: Info) -> str:
    return primary(info.language)
