"""Publishing: one more numbered version of what the public sees, in the transaction that changed it.

The row holds a bundle (``domain.snapshot``): data, with the next expiry boundaries as further states, whose
numbers it reserves. Web hosts make pages of it (``public.site``). Call ``publish`` just before the audit
entry, and ``tell`` after the commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection, Row

from broadcaster.domain import history
from broadcaster.domain.alert import Alert, AlertContent, CapMessage, MsgType, Scope, State, Status
from broadcaster.domain.cap_message import build
from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.domain.language import primary
from broadcaster.domain.posting import permanent
from broadcaster.domain.snapshot import (
    ALL_CLEAR,
    RECENT,
    Public,
    bundle,
    facts,
    held_back,
    says_the_same,
    stamp,
)
from broadcaster.domain.wording import IN_ERROR
from broadcaster.rendering import cap_xml
from broadcaster.rendering.templates import load
from broadcaster.rendering.typed import typed
from broadcaster.services.declared import clearings, declared
from broadcaster.services.system import System
from broadcaster.store import alerts as store_alerts
from broadcaster.store import records
from broadcaster.store import versions as store
from broadcaster.transport import announce

Json = dict[str, Any]


def publish(system: System, connection: Connection, at: datetime) -> int:
    """Write the next version in the caller's transaction and return its number; always greater than any before.

    Publishers queue on one row, so that no two take the same number and each sees what the one before wrote.
    """
    store.lock(connection, at)
    return _add(connection, _bundle(system, connection, at), at)


def checked(system: System) -> int | None:
    """The publisher's heartbeat, every 30 s: make sure that the last version says what is true, and note it.

    Returns the number of a version that was wanting (a zone imported, the boundaries ahead used up, a
    publication forgotten), else None.
    """
    at = system.now()
    with system.database.write() as connection:
        store.lock(connection, at)
        fresh = _bundle(system, connection, at)
        last = store.newest(connection)
        if last is not None and says_the_same(last.bundle, fresh, at):
            return None
        number = _add(connection, fresh, at)
    tell(system, number)
    return number


def tell(system: System, number: int) -> None:
    """Announce a version after its commit. It only hastens: web hosts look for themselves."""
    announce.tell(system.redis, "publish", version=number)


def age(connection: Connection, at: datetime) -> timedelta | None:
    """How long ago the publisher last made sure of the page; None where it never did."""
    last = store.checked(connection)
    return None if last is None else at - last


def documents(system: System, connection: Connection, ids: Iterable[str]) -> dict[str, Json]:
    """Facts of alerts that ended too long ago to be in the bundle, for their permanent pages."""
    places = store.places(connection)
    found = [a for a in store_alerts.by_ids(connection, ids) if a.identifier is not None]
    cleared = declared(connection)
    own = (replace(alert, cleared=cleared.get(alert.id, "")) for alert in _own(system, connection, found))
    return {alert.id: facts(alert, places) for alert in own}


# --- what goes in -----------------------------------------------------------------------------------------------
def _add(connection: Connection, made: Json, at: datetime) -> int:
    number: int = made["states"][0]["number"]
    store.add(connection, number, number + len(made["states"]) - 1, at, made)
    return number


def _bundle(system: System, connection: Connection, at: datetime) -> Json:
    since = at - RECENT
    places = store.places(connection)
    alerts = _own(system, connection, store.recent(connection, since))
    held, in_error = _held(connection, alerts), store.in_error(connection, IN_ERROR)
    cleared = declared(connection)
    alerts = [
        replace(alert, held=alert.id in held, in_error=alert.id in in_error, cleared=cleared.get(alert.id, ""))
        for alert in alerts
    ]
    alerts += [_shown(row, message) for row, message in store.shown_recent(connection, since) if _is_public(message)]
    archive = [
        _slim(row, at, row.id in held, row.id in in_error) | {"cleared": cleared.get(row.id, "")}
        for row in store.archive(connection)
    ]
    return bundle(store.highest(connection) + 1, at, _about(system), alerts, places, archive)


def _about(system: System) -> Json:
    """The agency's facts that pages are made of."""
    policy = system.config.policy
    return {
        "agency": asdict(system.config.agency) | {"languages": list(system.config.agency.languages)},
        "public_url": system.settings.public_url,
        "stale_after": policy.stale_after_seconds,
        "evacuation_levels": policy.evacuation_levels,
        "simulation": _simulated(system),
        "clearings": clearings(),
    }


def _held(connection: Connection, alerts: Iterable[Public]) -> set[str]:
    """Ids of all alerts from which a danger came that is live now."""
    dangers = [a for a in alerts if a.state is State.LIVE and a.ending not in ALL_CLEAR]
    return set(store_alerts.ancestors(connection, sorted({old for a in dangers for old in a.replaces})))


def _simulated(system: System) -> bool:
    """Whether nothing leaves this machine: every page then says so."""
    kinds = {channel.kind for channel in system.config.channels if channel.enabled}
    return kinds == {"simulated"}


def _own(system: System, connection: Connection, alerts: list[Alert]) -> list[Public]:
    ids = [alert.id for alert in alerts]
    confirmed = store.confirmations(connection, ids)
    successors = store.successors(connection, ids)
    posts = records.post_addresses(connection, ids)
    longest = timedelta(hours=system.config.policy.max_expires_hours)
    made = []
    for alert in alerts:
        earlier = store.earlier(connection, alert)
        references = store.references(earlier, system.config.agency.cap_sender)
        web = permanent(system.settings.public_url, alert.slug or alert.id)
        message = build(alert, system.config.agency, references, web, longest)
        times = [t for t in (alert.sent, confirmed.get(alert.id)) if t is not None]
        made.append(
            Public(
                id=alert.id,
                slug=alert.slug or alert.id,
                kind="own",
                state=alert.state,
                message=message,
                zones=alert.zones,
                expires=alert.expires,
                until_lifted=alert.until_lifted,
                confirmed=max(times),
                ended_at=alert.ended_at,
                ending=alert.ending,
                replaces=alert.replaces,
                replaced_by=successors.get(alert.id, ()),
                template=alert.content.template,
                typed=_typed(alert.content),
                cap=cap_xml.write(message).decode(),
                history=history.steps(alert, earlier),
                posts=tuple(url for url in posts.get(alert.id, ()) if _elsewhere(system, url)),
            )
        )
    return made


def _elsewhere(system: System, url: str) -> bool:
    """A public address on the web; what a simulated account "posted" stands in our own console."""
    return url.startswith(("https://", "http://")) and not url.startswith(system.settings.public_url)


def _typed(content: AlertContent) -> dict[str, dict[str, str]]:
    """What the template can say in languages that the alert has no text in; nothing where it was taken away since."""
    try:
        spec = load(content.template).spec
    except (Invalid, ConfigError):
        return {}
    return typed(spec, content.fields, {primary(info.language) for info in content.infos})


def _shown(row: Row[Any], message: CapMessage) -> Public:
    """A trusted issuer's warning in its own words."""
    expires = row.expires or message.expires
    return Public(
        id=row.id,
        slug=_slug(message, row.id),
        kind="shown",
        state=State(row.state),
        message=message,
        zones=tuple(row.zones),
        expires=expires,
        ended_at=None if row.state == "live" else expires or row.at,
        cap=cap_xml.write(message).decode(),
    )


def _is_public(message: CapMessage) -> bool:
    real = message.status is Status.ACTUAL and message.scope is Scope.PUBLIC
    return real and message.msg_type in (MsgType.ALERT, MsgType.UPDATE)


def _slug(message: CapMessage, id: str) -> str:
    event = message.infos[0].event if message.infos else ""
    return re.sub(r"[^a-z0-9]+", "-", f"{event}-{id}".lower()).strip("-")


def _slim(row: Row[Any], at: datetime, held: bool, in_error: bool) -> Json:
    """One line of the archive."""
    over = row.state == "live" and row.expires is not None and row.expires <= at
    state = "expired" if over else held_back(row.state, held)
    return {
        "id": row.id,
        "slug": row.slug,
        "identifier": row.identifier,
        "headline": row.headline or row.event or row.id,
        "language": row.language or "en",
        "state": state,
        "ending": row.ending,
        "in_error": in_error,
        "sent": stamp(row.sent),
        "ended": stamp(row.expires if state == "expired" else row.ended_at),
    }


# --- what web hosts ask --------------------------------------------------------------------------------------------
def latest(system: System) -> tuple[int, datetime | None]:
    """(number of the newest version or 0, last heartbeat): cheap, asked several times a second."""
    with system.database.read() as connection:
        return store.newest_number(connection), store.checked(connection)


def newest(system: System) -> Json | None:
    """The newest version: {"number", "published", "bundle"}; None where nothing was published yet."""
    with system.database.read() as connection:
        row = store.newest(connection)
        return row and {"number": row.number, "published": stamp(row.published), "bundle": row.bundle}


def archived(system: System, ids: Iterable[str]) -> dict[str, Json]:
    """``documents`` on a connection of its own."""
    with system.database.read() as connection:
        return documents(system, connection, ids)
