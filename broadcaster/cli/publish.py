"""Publishing the page anew, and one incident's records."""

from __future__ import annotations

from pathlib import Path

import click

from broadcaster.cli.common import as_json, opened, operator, show
from broadcaster.services import audit
from broadcaster.services import publish as page
from broadcaster.services.export import export_incident


@click.command()
@as_json
def publish(json_: bool) -> None:
    """Write the next version of the page from what SQL says now."""
    with opened() as system:
        with system.database.write() as connection:
            at = system.now()
            number = page.publish(system, connection, at)
            audit.record(system, connection, operator(), "publish", f"version:{number}", at)
        page.tell(system, number)
    show({"version": number}, f"version {number}", json_)


@click.command()
@click.argument("incident")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def export(incident: str, file: Path, json_: bool) -> None:
    """One incident's records as a zip file (versions, approvals, texts, totals, post addresses, audit)."""
    with opened() as system:
        names = export_incident(system, operator(), incident, file)
    show({"file": str(file), "entries": names}, f"{file}: {len(names)} files", json_)
