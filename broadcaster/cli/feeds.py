"""Feeds: what is configured and how it goes, polling now, and documents from files through the same path."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from broadcaster.cli.common import as_json, note, opened, origin, show
from broadcaster.domain.errors import Invalid, NotFound
from broadcaster.services import poll as polling
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor


@click.group()
def feeds() -> None:
    """Warnings of others."""


@feeds.command("list")
@as_json
def list_(json_: bool) -> None:
    """All configured feeds with their last polls."""
    with opened() as system:
        found = polling.listing(system)
    lines = ["  ".join(f"{key}={value}" for key, value in row.items() if value not in (None, "")) for row in found]
    show(found, "\n".join(lines) or "no feeds", json_)


@feeds.command("poll")
@click.argument("name", required=False)
@as_json
def poll(name: str | None, json_: bool) -> None:
    """Fetch one feed now, or all that are enabled."""
    with opened() as system:
        if name is not None and system.config.feed(name) is None:
            raise NotFound("feed", f"there is no feed {name}; feeds list names them")
        names = [name] if name else [feed.name for feed in system.config.feeds if feed.enabled]
        found = {each: polling.poll(system, each) for each in names}
    show(found, "\n".join(f"{each}: {result}" for each, result in found.items()) or "no feed is enabled", json_)
    wrong = [f"{each}: {result['error']}" for each, result in found.items() if result["status"] == "error"]
    for line in wrong:
        note(line)
    if wrong:
        sys.exit(1)


@feeds.command("ingest")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@as_json
def ingest_(name: str, files: tuple[Path, ...], json_: bool) -> None:
    """Take documents as if the feed had brought them, in this process, also where it is not enabled."""
    bodies = [(str(file), _bytes(file)) for file in files]
    with opened() as system:
        feed = system.config.feed(name)
        if feed is None:
            raise NotFound("feed", f"there is no feed {name}; feeds list names them")
        actor = Actor(f"feed:{name}", origin())
        found = {"files": [ingest(system, feed, body, {}, actor).as_dict(file) for file, body in bodies]}
    lines = []
    for file in found["files"]:
        lines += [f"{file['file']}: {len(file['entries'])} entries, {len(file['problems'])} problems"]
        lines += [
            f"  {e['decision']} {e['identifier']} {e['alert'] or ''} {e['reason']}".rstrip() for e in file["entries"]
        ]
        lines += [f"  problem {p['code']}: {p['text']}" for p in file["problems"]]
    show(found, "\n".join(lines), json_)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Invalid("file_unreadable", f"{file} cannot be read: {error.strerror}; nothing was taken") from error
