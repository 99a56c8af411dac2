"""Kill switches from the command line: sending, rules, channel:NAME."""

from __future__ import annotations

import click

from broadcaster.cli.common import as_json, login, opened, operator, password_stdin, show
from broadcaster.services import switches as service


@click.group()
def switches() -> None:
    """Stop everything, the automatic rules or one channel at once; let it go on again."""


@switches.command("list")
@as_json
def list_(json_: bool) -> None:
    """All switches, and who has stopped what."""
    with opened() as system:
        found = service.listing(system)
    lines = [f"{one.name:<20} {_words(one)}".rstrip() for one in found]
    show([one.as_json() for one in found], "\n".join(lines), json_)


def _words(one: service.Switch) -> str:
    return f"STOPPED by {one.by} at {one.at:%Y-%m-%dT%H:%M:%SZ} {one.reason}" if one.stopped else "goes"


@switches.command()
@click.argument("name")
@click.option("--reason", default="", help="Why; it stays in the record.")
@as_json
def stop(name: str, reason: str, json_: bool) -> None:
    """Stop it at once: sending, rules or channel:NAME. Whoever has this shell may."""
    with opened() as system:
        first = service.stop(system, operator(), name, reason)
    show({"name": name, "stopped": True, "first": first}, f"{name} is stopped", json_)


@switches.command()
@click.argument("name")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
@click.option("--reason", default="", help="Why; it stays in the record.")
@password_stdin
@as_json
def resume(name: str, email: str, reason: str, password_stdin: bool, json_: bool) -> None:
    """Let it go on."""
    with opened() as system:
        service.resume(system, login(system, email, password_stdin), name, reason)
    show({"name": name, "stopped": False}, f"{name} goes on", json_)
