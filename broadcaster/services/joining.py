"""Joining from the page: asked for, then confirmed from the address itself (double opt-in)."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain import audience, push
from broadcaster.domain.audience import BadRow, NewSubscriber, kind_of
from broadcaster.domain.channel import Attempt, ChannelError, OutcomeUnknown, Pushes, Recipient
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.errors import Invalid, NotFound, Refused, Unavailable
from broadcaster.domain.message import VOICE, Message
from broadcaster.rendering.phrasebook import tables
from broadcaster.services.channels import open_channel
from broadcaster.services.subscribers import opt_in, opt_out, unsubscribe_url
from broadcaster.services.system import System
from broadcaster.store import people
from broadcaster.store import zones as zone_store
from broadcaster.store.schema import confirmations
from broadcaster.store.zones import Zone

GOOD_FOR = timedelta(hours=24)
MOST = 3  # requests for one address within an hour: nobody's phone is flooded through our form
SEND_SECONDS = 15
TEXTS = {  # brand, programme, rates, HELP and STOP, as carriers ask of an opt-in text
    "en": "{agency} emergency alerts: open {url} to confirm. Message and data rates may apply. "
    "Reply HELP for help, STOP to get none.",
    "es": "{agency}, alertas de emergencia: abra {url} para confirmar. Pueden aplicarse tarifas de mensajes y datos. "
    "Responda HELP para ayuda, STOP para no recibir.",
}
SUBJECTS = {"en": "Confirm your alerts from {agency}", "es": "Confirme sus alertas de {agency}"}


def ways(system: System) -> dict[str, ChannelConfig]:
    """By which addresses somebody can join now: phone and email -> the channel that would confirm, by a link."""
    found: dict[str, ChannelConfig] = {}
    for config in system.config.channels:
        limits = open_channel(system, config).limits()
        if config.enabled and limits.address in ("phone", "email") and limits.free:
            found.setdefault(limits.address, config)
    return found


def hows(system: System) -> dict[str, tuple[str, ...]]:
    """How alerts can come to a phone -> the channels of each: "text", "call", "whatsapp" (the page's words are under
    "how_" and these). Nothing where there is one way alone, or none that people have to choose."""
    stand_ins = {channel.fallback for channel in system.config.channels}
    found: dict[str, tuple[str, ...]] = {}
    to_choose = False
    for config in system.config.channels:
        limits = open_channel(system, config).limits()
        if config.enabled and limits.address == "phone" and config.name not in stand_ins:
            how = "text" if limits.free else "call" if limits.form == VOICE else "whatsapp"
            found[how] = (*found.get(how, ()), config.name)
            to_choose |= limits.chosen
    return found if to_choose and len(found) > 1 else {}


def application_key(system: System) -> str:
    """The key with which a browser subscribes to push messages; "" where no channel sends such."""
    channels = (open_channel(system, config) for config in system.config.channels if config.enabled)
    return next((one.application_key for one in channels if isinstance(one, Pushes)), "")


def join_by_push(system: System, given: object, language: str, zones: Sequence[str]) -> None:
    """A browser joins: its person pressed twice, here and in the browser's own question. Raises Invalid, Refused."""
    if not application_key(system):
        raise Refused("no_way", f"{system.config.agency.name} sends nothing to browsers.")
    address = push.address_of(given)
    with system.database.write() as connection:
        known = {zone.id for zone in zone_store.every(connection)}
        if not zones or not known.issuperset(zones) or language not in system.config.agency.languages:
            raise Invalid("subscribe", "choose at least one zone, and a language of the alerts")
        people.join_by_push(connection, address, language, zones, system.now())


def leave_by_push(system: System, given: object) -> None:
    """A browser leaves, and is forgotten; again changes nothing. Raises Invalid."""
    address = push.address_of(given)
    with system.database.write() as connection:
        opt_out(system, connection, address, "web", system.now())


def places(system: System) -> list[Zone]:
    """Zones to choose from, by name."""
    with system.database.read() as connection:
        return zone_store.every(connection)


def ask(system: System, text: str, language: str, zones: Sequence[str], chosen: Collection[str] = ()) -> str:
    """Send a link to the address; returns which kind it is. Says nothing about whether it is known here.

    ``chosen``: keys of ``hows`` by which alerts are to come to a phone; none of them, or texts alone: as to everybody.

    Raises Invalid, Refused (no channel for it, too many requests) and Unavailable (it could not be sent).
    """
    wanted = _wanted(system, text, language, zones, chosen)
    address = wanted.phone or wanted.email or ""
    config = ways(system).get(kind_of(address))
    if config is None:
        word = {"phone": "text messages", "email": "mail"}[kind_of(address)]
        raise Refused("no_way", f"{system.config.agency.name} has no {word} yet, so this address cannot be confirmed.")
    token = secrets.token_urlsafe(12)
    at = system.now()
    with system.database.write() as connection:
        _not_too_often(connection, address, at)
        details = {"language": wanted.language, "zones": sorted(wanted.zones), "channels": sorted(wanted.channels)}
        row = {"hash": _hash(token), "kind": kind_of(address), "address": address, "details": details, "created": at}
        connection.execute(confirmations.insert().values(**row))
    _send(system, config, address, wanted.language, token)
    return kind_of(address)


def confirm(system: System, token: str) -> NewSubscriber:
    """The link came back from the address: now it is a subscriber. Raises NotFound for an old or used link."""
    at = system.now()
    with system.database.write() as connection:
        c = confirmations.c
        row = connection.execute(
            confirmations.update()
            .where(c.hash == _hash(token), c.used.is_(None), c.created > at - GOOD_FOR)
            .values(used=at)
            .returning(c.kind, c.address, c.details)
        ).one_or_none()
        if row is None:
            raise NotFound("confirm_link", "this link was used before, or is older than a day; ask for a new one")
        person = NewSubscriber(
            row.address if row.kind == "phone" else None,
            row.address if row.kind == "email" else None,
            row.details["language"],
            frozenset(row.details["zones"]),
            frozenset(row.details.get("channels", ())),  # a link sent before an upgrade has none
            (),
            at,
            "web",
        )
        opt_in(system, connection, row.address, "web", at)
        people.merge(connection, system.settings.secret_key, [person], at)
    return person


def _wanted(system: System, text: str, language: str, zones: Sequence[str], chosen: Collection[str]) -> NewSubscriber:
    agency = system.config.agency
    address = "email" if "@" in text else "phone"
    with system.database.read() as connection:
        known = frozenset(zone.id for zone in zone_store.every(connection))
    row = {"language": language, "zones": ";".join(zones), address: text}
    try:
        rules = audience.Known(agency.phone_region, agency.languages, agency.timezone, known, {})
        channels = _channels(system, chosen) if address == "phone" else frozenset()
        return replace(audience.parse_row(row, rules), channels=channels, consent_source="web")
    except BadRow as error:
        raise Invalid("subscribe", str(error)) from error


def _channels(system: System, chosen: Collection[str]) -> frozenset[str]:
    """Named only where somebody wants more than texts: who names none gets what every phone gets, also tomorrow's."""
    if not set(chosen) - {"text"}:
        return frozenset()
    return frozenset(name for how, names in hows(system).items() if how in chosen for name in names)


def _not_too_often(connection: Connection, address: str, at: datetime) -> None:
    c = confirmations.c
    recent = sa.select(sa.func.count()).where(c.address == address, c.created > at - timedelta(hours=1))
    if connection.execute(recent).scalar_one() >= MOST:
        raise Refused("too_often", "this address was asked several times within the hour; look there, or wait")


def _send(system: System, config: ChannelConfig, address: str, language: str, token: str) -> None:
    agency, url = system.config.agency.name, f"{system.settings.public_url}/subscribe/confirm?t={token}"
    words = language if language in TEXTS else "en"
    text = TEXTS[words].format(agency=agency, url=url)
    message = Message(config.name, words, text, SUBJECTS[words].format(agency=agency), 1, len(text))
    leave = unsubscribe_url(system, address) if kind_of(address) == "email" else ""
    to = Recipient(address, words, leave, tables(words)["forms"]["leave"])
    attempt = Attempt(uuid.uuid4().hex, system.now(), int(GOOD_FOR.total_seconds() // 24))
    try:
        asyncio.run(_sent(system, config, message, to, attempt))
    except (ChannelError, OutcomeUnknown, TimeoutError) as error:
        raise Unavailable("not_sent", "the message with the link could not be sent; try again in a moment") from error


async def _sent(
    system: System, config: ChannelConfig, message: Message, recipient: Recipient, attempt: Attempt
) -> None:
    channel = open_channel(system, config)
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await channel.send(message, recipient, attempt)
    finally:
        await channel.close()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
