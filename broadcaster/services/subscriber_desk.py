"""The subscribers' desk: counts, search with masked addresses, files in and out, forgetting a person."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from broadcaster.domain.audience import COLUMNS, masked
from broadcaster.domain.errors import BroadcasterError, Forbidden, Invalid, NotFound
from broadcaster.services import audit, uploads
from broadcaster.services.steps import who
from broadcaster.services.subscribers_csv import Report, export_csv, import_csv
from broadcaster.services.system import Actor, System
from broadcaster.store import people
from broadcaster.store import subscriber_desk as store

FOUND, SHORTEST = 50, 3
NO_CSV = f"This is not a CSV file with the columns {','.join(COLUMNS)}. Its first line names each of them once."


@dataclass(frozen=True, slots=True)
class Counts:
    """People who can be reached, in all and by phone, mail, zone, language and chosen channel; how many have left."""

    people: int
    by_phone: int
    by_email: int
    left: int
    zones: tuple[tuple[str, str, int], ...]  # id, name, people
    languages: dict[str, int]
    channels: dict[str, int]


@dataclass(frozen=True, slots=True)
class Person:
    """One subscriber as a screen may show them; addresses are masked, "" where there is none."""

    id: int
    phone: str
    email: str
    left: bool
    language: str
    zones: tuple[str, ...]
    groups: tuple[str, ...]
    consent: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A file's report; ``rejected`` is the key under which its bad rows can be fetched for a day, "" where none."""

    report: Report
    rejected: str


def counts(system: System) -> Counts:
    """All figures, now."""
    with system.database.read() as connection:
        all_ = store.counts(connection)
        zones = tuple((row.id, row.name, int(row.people)) for row in store.by_zone(connection))
        languages, channels = store.by_language(connection), store.by_channel(connection)
    return Counts(all_.people, all_.by_phone, all_.by_email, all_.left, zones, languages, channels)


def search(system: System, text: str, zone: str = "") -> list[Person]:
    """At most 50 people by a part of the phone or e-mail (spaces and marks of a phone are free), or of one zone.

    Raises Invalid where less than three characters are given and no zone.
    """
    part = text.strip()
    if re.fullmatch(r"[+\d\s().-]+", part):
        part = re.sub(r"\D", "", part)
    if len(part) < SHORTEST and not (zone and not part):
        raise Invalid("search_short", "Give at least three digits or letters, or choose a zone.")
    with system.database.read() as connection:
        rows = store.find(connection, [part] if part else [], zone, FOUND)
        zones = store.zones_of(connection, [row.id for row in rows])
    return [
        Person(
            row.id,
            masked(row.phone) if row.phone else "",
            masked(row.email) if row.email else "",
            not row.push
            and (not row.phone or row.phone_out is not None)
            and (not row.email or row.email_out is not None),
            row.language,
            tuple(zones.get(row.id, ())),
            tuple(row.groups),
            row.consent_at,
            row.consent_source,
        )
        for row in rows
    ]


def take(system: System, actor: Actor, name: str, file: IO[bytes]) -> Imported:
    """Import an uploaded CSV. The upload is not kept; its bad rows are, for a day. Raises Invalid, Forbidden."""
    _admin(actor, "import subscribers")
    key, path = uploads.keep(system, name, file)
    try:
        report = import_csv(system, actor, path)
    except BroadcasterError as error:
        uploads.drop(system, key)
        if error.code.startswith("csv_"):  # the import names the file, which here is a folder of the server
            raise Invalid(error.code, NO_CSV) from error
        raise
    path.unlink()
    if not report.rejected_file:
        return Imported(report, "")
    Path(report.rejected_file).replace(path.parent / "rejected.csv")
    return Imported(report, key)


def rejected(system: System, actor: Actor, key: str) -> bytes:
    """The bad rows of an import, with line and reason. Raises NotFound, Forbidden."""
    _admin(actor, "see rejected rows")
    return uploads.find(system, key).read_bytes()


def export(system: System, actor: Actor) -> str:
    """Everybody who has not left as CSV. Raises Forbidden: an admin, proven in this very request; audited."""
    _admin(actor, "export subscribers")
    if not actor.verified:
        raise Forbidden("not_verified", "Give your password or second factor with this very request.")
    out = io.StringIO()
    export_csv(system, actor, out)
    return out.getvalue()


def remove(system: System, actor: Actor, id_: int, keep_out: bool) -> None:
    """Forget a person at once. ``keep_out``: a keyed hash of each address stays, so that no import brings them back.

    Raises NotFound, Forbidden. What is queued for them is not sent.
    """
    _admin(actor, "remove a person")
    at = system.now()
    with system.database.write() as connection:
        row = store.remove(connection, id_)
        if row is None:
            raise NotFound("no_subscriber", "This person is not there any more.")
        for address in (row.phone, row.email):
            if keep_out and address:
                people.leave(connection, system.settings.secret_key, address, f"removed:{who(actor).person}", at)
        detail = {"subscriber": id_, "kept_out": keep_out}
        audit.record(system, connection, actor, "subscribers.remove", "subscribers", at, **detail)


def _admin(actor: Actor, what: str) -> None:
    if "admin" not in actor.roles:
        raise Forbidden("role", f"Only an admin may {what}.")
