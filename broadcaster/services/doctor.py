"""Looks at an installation as its IT person would, and says of each thing whether it is well and what to do."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from broadcaster.domain.channel import Check
from broadcaster.services import audit, health, migrate, token_life
from broadcaster.services.poll_mailbox import looked_into
from broadcaster.services.system import System
from broadcaster.store.engine import now
from broadcaster.store.schema import alarms, audit_entries

TIMEOUT = 5.0
SKEW = timedelta(seconds=2)
TLS_DAYS = 21
FREE_BYTES = 1 << 30
BACKUP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at."""

    name: str
    check: Check


def examine(system: System) -> list[Line]:
    """Every line, in order. Never raises for what it looks at: that is the finding."""
    lines = [Line(name, check) for name, look in LOOKS.items() for check in look(system)]
    return lines + [Line(f"channel {name}", check) for name, check in _channels(system)]


def _database(system: System) -> Iterator[Check]:
    try:
        waiting = migrate.pending(system.database)
    except SQLAlchemyError as error:
        yield Check(False, f"cannot be reached ({type(error).__name__})", "start it, or mend DATABASE_URL")
        return
    yield Check(not waiting, "tables of this version" if not waiting else "older than this version", "run: migrate")


def _audit(system: System) -> Iterator[Check]:
    try:
        wrong = audit.verify(system)
    except SQLAlchemyError:
        return
    yield Check(not wrong, wrong[0] if wrong else "the chain is whole", "restore a backup; find out who changed it")


def _redis(system: System) -> Iterator[Check]:
    try:
        system.redis.ping()
    except RedisError as error:
        yield Check(
            False, f"does not answer ({type(error).__name__})", "start it; sending goes on without, more slowly"
        )
        return
    yield Check(True, "answers")


def _clock(system: System) -> Iterator[Check]:
    """Three clocks side by side; leases go by the database's, pace by Redis's."""
    try:
        with system.database.read() as connection:
            yield _skew("the database", now(connection))
        seconds, micros = system.redis.time()
        yield _skew("Redis", datetime.fromtimestamp(seconds + micros / 1e6, UTC))
    except (SQLAlchemyError, RedisError):
        return


def _skew(what: str, theirs: datetime) -> Check:
    apart = abs(theirs - datetime.now(UTC))
    text = f"{apart.total_seconds():.1f} s from the clock of {what}"
    return Check(apart <= SKEW, text, "keep time with NTP (timedatectl set-ntp true)")


def _parts(system: System) -> Iterator[Check]:
    for name, found in health.readiness(system)["parts"].items():
        yield Check(found["ok"], f"{name} {found['reason'] or 'works'}", "start it, and read its log")


def _tls(system: System) -> Iterator[Check]:
    for url in {system.settings.public_url, system.settings.console_url}:
        parts = urlsplit(url)
        if parts.scheme != "https":
            yield Check(not system.settings.production, f"{url} is plain HTTP", "put a TLS proxy in front")
            continue
        yield _certificate(parts.hostname or "", parts.port or 443)


def _certificate(host: str, port: int) -> Check:
    try:
        with socket.create_connection((host, port), TIMEOUT) as raw:
            with ssl.create_default_context().wrap_socket(raw, server_hostname=host) as tls:
                expires = ssl.cert_time_to_seconds(str((tls.getpeercert() or {})["notAfter"]))
    except OSError as error:
        return Check(False, f"{host}: no good TLS ({error})", "mend the certificate or the address")
    days = int((expires - datetime.now(UTC).timestamp()) // 86400)
    return Check(
        days >= TLS_DAYS, f"{host}: certificate good for {days} days", "renew it, and let that happen by itself"
    )


def _webhooks(system: System) -> Iterator[Check]:
    """Providers call PUBLIC_URL; from here it must at least lead back to us."""
    parts = urlsplit(system.settings.public_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
        yield Check(
            status == 200, f"{system.settings.public_url}/healthz answers {status}", "set PUBLIC_URL, or the proxy"
        )
    except (OSError, http.client.HTTPException) as error:
        yield Check(False, f"{system.settings.public_url} does not answer ({error})", "set PUBLIC_URL, or start web")
    finally:
        connection.close()


def _mailboxes(system: System) -> Iterator[Check]:
    for feed in system.config.feeds:
        if feed.is_mailbox and feed.enabled:
            yield looked_into(system.config, feed)


def _disk(system: System) -> Iterator[Check]:
    free = shutil.disk_usage(system.settings.data).free
    yield Check(free >= FREE_BYTES, f"{free >> 20} MB free for {system.settings.data}", "make room")
    mode = Path(system.settings.data).stat().st_mode & 0o077
    yield Check(not mode, "the data folder is its owner's alone" if not mode else "others can read it", "chmod 700 it")


def _backups(system: System) -> Iterator[Check]:
    query = sa.select(sa.func.max(audit_entries.c.at)).where(audit_entries.c.verb == "backup")
    try:
        with system.database.read() as connection:
            last = connection.execute(query).scalar()
    except SQLAlchemyError:
        return
    hint = "run: backup FILE, daily, to another machine"
    if last is None:
        yield Check(False, "there has never been one", hint)
        return
    days = (system.now() - last).days
    yield Check(days < BACKUP_DAYS, f"the last is {days} days old", hint)


def _alarms(system: System) -> Iterator[Check]:
    try:
        with system.database.read() as connection:
            texts = connection.execute(sa.select(alarms.c.text).where(alarms.c.cleared.is_(None))).scalars().all()
    except SQLAlchemyError:
        return
    for text in texts:
        yield Check(False, text, "act on it")


def _channels(system: System) -> list[tuple[str, Check]]:
    enabled = [config for config in system.config.channels if config.enabled]
    answers = asyncio.run(token_life.asked(system, enabled))
    named = [(name, check) for name, checks in answers.items() for check in checks]
    return [(name, replace(check, text=check.text.removeprefix(f"{name}: "))) for name, check in named]


LOOKS: dict[str, Callable[[System], Iterator[Check]]] = {
    "database": _database,
    "audit": _audit,
    "redis": _redis,
    "clock": _clock,
    "part": _parts,
    "tls": _tls,
    "webhooks": _webhooks,
    "mailbox": _mailboxes,
    "disk": _disk,
    "backups": _backups,
    "alarm": _alarms,
}
