"""Subscribers in and out as CSV.

A file is read as a stream and written in groups, each its own transaction: a crash in the middle loses nothing,
because importing the same file again changes nothing that stands.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from broadcaster.domain import audience, text_file
from broadcaster.domain.audience import BadRow, Known, NewSubscriber
from broadcaster.domain.errors import Invalid, Refused
from broadcaster.services import audit
from broadcaster.services.channels import open_channel
from broadcaster.services.system import Actor, System
from broadcaster.store import people
from broadcaster.store.people import Stored
from broadcaster.store.schema import zones

BLOCK = 1 << 20
TRIES = 3
MOST_LINES = 20  # named of each foreign language
MOST_REASONS = 5  # said at once; all of them stand in the file of rejected lines


@dataclass
class Report:
    """What became of a file. ``rejected_file`` is empty where every line was good."""

    file: str
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    opted_out: int = 0
    rejected: int = 0
    rejected_file: str = ""
    reasons: list[str] = field(default_factory=list)  # of the first lines that were not taken: "line 3: ..."
    encoding: str = ""
    ignored_columns: list[str] = field(default_factory=list)
    foreign_languages: dict[str, int] = field(default_factory=dict)  # which the agency has not -> people taken
    foreign_lines: dict[str, list[int]] = field(default_factory=dict)  # the same -> lines of the file, the first 20

    def as_json(self) -> dict[str, Any]:
        """The shape of ``subscribers import --json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Line:
    """One good line, kept until its group is written."""

    number: int
    cells: Sequence[str]
    person: NewSubscriber


def import_csv(system: System, actor: Actor, path: Path) -> Report:
    """Take every good line, write the others with line and reason beside the file as NAME.rejected.csv.

    Raises Invalid, before anything is changed, for a file that is no such CSV.
    """
    known = _known(system)
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file, ExitStack() as closing:
        report, header, reader = _open(file, path, encoding)
        rejects = _Rejects(path, Path(system.settings.data), header, report, closing)
        for group in _groups(reader, header, known, rejects):
            taken = _merge(system, group, report, rejects)
            _note_languages(taken, known, report)
    rejects.finish()
    with system.database.write() as connection:
        detail = {key: number for key, number in report.as_json().items() if isinstance(number, int)}
        audit.record(system, connection, actor, "subscribers.import", path.name, system.now(), **detail)
    return report


def export_csv(system: System, actor: Actor, out: TextIO) -> int:
    """Everybody who has not left, in the columns that ``import_csv`` reads. Returns how many; audited."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(audience.COLUMNS + audience.OPTIONAL)
    count = 0
    with system.database.read() as connection:
        for stored in people.every(connection):
            if row := _exported(stored):
                writer.writerow(row)
                count += 1
    with system.database.write() as connection:
        audit.record(system, connection, actor, "subscribers.export", "subscribers", system.now(), people=count)
    return count


def reaching(system: System) -> dict[str, str]:
    """Configured channels that reach people -> the address each needs: phone or email."""
    limits = {config.name: open_channel(system, config).limits() for config in system.config.channels}
    return {name: limit.address for name, limit in limits.items() if limit.address in ("phone", "email")}


# --- reading ------------------------------------------------------------------------------------------------------
def _known(system: System) -> Known:
    agency = system.config.agency
    with system.database.read() as connection:
        ids = frozenset(connection.execute(sa.select(zones.c.id)).scalars())
    return Known(agency.phone_region, agency.languages, agency.timezone, ids, reaching(system))


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            encoding = text_file.encoding_of(iter(lambda: file.read(BLOCK), b""))
    except OSError as error:
        raise Invalid("csv_unreadable", f"{path} cannot be read: {error.strerror}") from error
    if encoding is None:
        raise Invalid("csv_not_text", f"{path} is no text file; save it as CSV (UTF-8) and import it again")
    return encoding


def _open(file: TextIO, path: Path, encoding: str) -> tuple[Report, list[str], Any]:
    first = _first_line(file, path)
    delimiter = text_file.delimiter_of(first)
    header = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
    missing = [name for name in audience.COLUMNS if name not in header]
    if missing:
        raise Invalid(
            "csv_columns", f"{path} lacks {', '.join(missing)}; the first line names {', '.join(audience.COLUMNS)}"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise Invalid("csv_columns", f"{path} has the column {', '.join(twice)} twice")
    spare = [name for name in header if name not in audience.COLUMNS + audience.OPTIONAL]
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    return Report(str(path), encoding=encoding, ignored_columns=spare), header, reader


def _first_line(file: TextIO, path: Path) -> str:
    try:
        line = file.readline(10_000)
    except UnicodeError as error:
        raise Invalid("csv_not_text", f"{path} cannot be read as text: {error}") from error
    if not line.strip():
        raise Invalid("csv_empty", f"{path} is empty; the first line names {', '.join(audience.COLUMNS)}")
    return line


def _groups(reader: Any, header: list[str], known: Known, rejects: _Rejects) -> Iterator[list[_Line]]:
    group: list[_Line] = []
    seen: dict[str, int] = {}
    for number, cells in _lines(reader, rejects):
        try:
            line = _Line(number, cells, _person(cells, header, known))
            _once(line, seen)
        except BadRow as bad:
            rejects.add(number, cells, str(bad))
            continue
        group.append(line)
        if len(group) == people.PAGE:
            yield group
            group = []
    if group:
        yield group


def _lines(reader: Any, rejects: _Rejects) -> Iterator[tuple[int, list[str]]]:
    """Line number in the file (the header is 1) and cells; empty lines are nothing."""
    while True:
        number = reader.line_num + 2
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeError) as error:
            rejects.add(number, [], f"cannot be read as CSV up to line {reader.line_num + 1}: {error}")
            if isinstance(error, UnicodeError):
                return
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            rejects.report.rows += 1
            yield number, cells


def _person(cells: list[str], header: list[str], known: Known) -> NewSubscriber:
    if any("\n" in cell for cell in cells):
        raise BadRow("a cell goes over several lines; is a quotation mark not closed?")
    if len(cells) != len(header):
        raise BadRow(f"has {len(cells)} cells, the first line has {len(header)}")
    if any("\0" in cell for cell in cells):
        raise BadRow("holds a NUL character")
    return audience.parse_row(dict(zip(header, cells, strict=True)), known)


def _once(line: _Line, seen: dict[str, int]) -> None:
    own = [address for address in (line.person.phone, line.person.email) if address]
    for address in own:
        if address in seen:
            raise BadRow(f"{address} stands in line {seen[address]} already")
    seen.update(dict.fromkeys(own, line.number))


# --- writing ------------------------------------------------------------------------------------------------------
def _merge(system: System, group: list[_Line], report: Report, rejects: _Rejects) -> list[_Line]:
    """Write a group; the lines that were taken."""
    merged = _merge_once(system, [line.person for line in group])
    report.added += merged.added
    report.updated += merged.updated
    report.unchanged += merged.unchanged
    report.opted_out += merged.left_out
    for place in merged.clashes:
        rejects.add(group[place].number, group[place].cells, "phone and email belong to two different people")
    return [line for place, line in enumerate(group) if place not in merged.clashes]


def _note_languages(taken: list[_Line], known: Known, report: Report) -> None:
    """Somebody whose language we do not speak is told in another: they are taken, and whoever imports hears of it."""
    foreign = [line for line in taken if line.person.language not in known.languages]
    for line in foreign:
        language = line.person.language
        report.foreign_languages[language] = report.foreign_languages.get(language, 0) + 1
        lines = report.foreign_lines.setdefault(language, [])
        if len(lines) < MOST_LINES:
            lines.append(line.number)


def _merge_once(system: System, group: list[NewSubscriber]) -> people.Merged:
    for tries in range(1, TRIES + 1):
        try:
            with system.database.write() as connection:
                return people.merge(connection, system.settings.secret_key, group, system.now())
        except IntegrityError as error:  # somebody else added one of them, or removed a zone, this moment
            if tries == TRIES:
                raise Refused("import_collides", "another import is writing the same people; try again") from error
    raise AssertionError("unreachable")


def _exported(stored: Stored) -> list[str]:
    person = stored.person
    phone = person.phone if stored.phone_out is None else None
    email = person.email if stored.email_out is None else None
    if not phone and not email:
        return []
    return [
        phone or "",
        email or "",
        person.language,
        ";".join(sorted(person.zones)),
        ";".join(sorted(person.channels)),
        ";".join(person.groups),
        person.consent_at.isoformat().replace("+00:00", "Z") if person.consent_at else "",
        person.consent_source,
    ]


class _Rejects:
    """FILE.rejected.csv: made at the first bad line, removed where an earlier import left one and none is bad now."""

    def __init__(self, path: Path, data: Path, header: list[str], report: Report, closing: ExitStack) -> None:
        self.report = report
        self._paths = [path.with_suffix(".rejected.csv"), data / f"{path.stem}.rejected.csv"]
        self._header = header
        self._closing = closing
        self._writer: Any = None

    def add(self, number: int, cells: Sequence[str], reason: str) -> None:
        """Write one bad line down."""
        if self._writer is None:
            self._writer = csv.writer(self._file(), lineterminator="\n")
            self._writer.writerow(["line", "reason", *self._header])
        self._writer.writerow([number, reason, *cells])
        if len(self.report.reasons) < MOST_REASONS:
            self.report.reasons.append(f"line {number}: {reason}")
        self.report.rejected += 1

    def finish(self) -> None:
        """No bad line: a list of an earlier import would lie."""
        if self._writer is None:
            self._paths[0].unlink(missing_ok=True)

    def _file(self) -> io.TextIOBase:
        for path in self._paths:
            try:
                file = self._closing.enter_context(path.open("w", encoding="utf-8", newline=""))
            except OSError:
                continue  # beside a file that may only be read: the data folder takes it
            self.report.rejected_file = str(path)
            return file
        raise Refused("rejects_unwritable", f"neither {self._paths[0]} nor {self._paths[1]} can be written")
