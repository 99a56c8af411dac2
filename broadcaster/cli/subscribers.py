"""Zones and subscribers in and out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from broadcaster.cli.common import as_json, note, opened, operator, show
from broadcaster.domain.errors import Refused
from broadcaster.services import subscribers_csv
from broadcaster.services import zones as areas
from broadcaster.store import zones as stored

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def zones() -> None:
    """Named areas."""


@zones.command("import")
@click.argument("file", type=FILE)
@as_json
def import_zones(file: Path, json_: bool) -> None:
    """Take a GeoJSON FeatureCollection of zones: all of it, or nothing."""
    with opened() as system:
        found = areas.import_geojson(system, operator(), file)
    show(asdict(found), f"{found.added} added, {found.updated} updated, {found.unchanged} unchanged", json_)


@zones.command("list")
@as_json
def list_zones(json_: bool) -> None:
    """All zones."""
    with opened() as system, system.database.read() as connection:
        found = [{"id": z.id, "slug": z.slug, "name": z.name} for z in stored.every(connection)]
    show(found, "\n".join(f"{z['id']}  {z['name']}" for z in found) or "no zones", json_)


@click.group()
def subscribers() -> None:
    """People who get alerts."""


@subscribers.command("import")
@click.argument("file", type=FILE)
@as_json
def import_subscribers(file: Path, json_: bool) -> None:
    """Take every good line of a CSV; bad ones go to FILE.rejected.csv with line and reason."""
    with opened() as system:
        found = subscribers_csv.import_csv(system, operator(), file)
        first = system.config.agency.languages[0]
    for language, people in sorted(found.foreign_languages.items()):
        lines = ", ".join(map(str, found.foreign_lines[language]))
        more = " ..." if people > len(found.foreign_lines[language]) else ""
        note(
            f"{people} people read {language}, which agency.toml does not have (lines {lines}{more}): they get the "
            f"text in {first}. Correct the lines, or give agency.toml the language."
        )
    if found.rejected:
        note(f"{found.rejected} lines were not taken; see {found.rejected_file}")
        for reason in found.reasons:
            note(f"  {reason}")
    if found.ignored_columns:
        note(f"not known and left alone: {', '.join(found.ignored_columns)}")
    text = (
        f"{found.added} added, {found.updated} updated, {found.unchanged} unchanged, "
        f"{found.opted_out} opted out, {found.rejected} rejected"
    )
    show(found.as_json(), text, json_)


@subscribers.command("export")
@click.argument("file", type=FILE, required=False)
def export_subscribers(file: Path | None) -> None:
    """Write everybody who has not left as CSV, to FILE or stdout."""
    with opened() as system:
        if file is None:
            count = subscribers_csv.export_csv(system, operator(), sys.stdout)
        else:
            try:
                with file.open("x", encoding="utf-8", newline="") as out:
                    count = subscribers_csv.export_csv(system, operator(), out)
            except OSError as error:
                raise Refused("export_file", f"{file} cannot be written: {error.strerror}") from error
    note(f"{count} people")
