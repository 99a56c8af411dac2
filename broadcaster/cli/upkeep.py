"""Commands that look after an installation: check, migrate, audit, doctor, backup, restore, init."""

from __future__ import annotations

import json
import os
import secrets
import sys
from contextlib import closing
from pathlib import Path

import click

from broadcaster.cli.common import counted, operator
from broadcaster.services import audit as chain
from broadcaster.services import backup as backups
from broadcaster.services import begin, prepare, users
from broadcaster.services import doctor as doctors
from broadcaster.services.poll_mailbox import looked_into
from broadcaster.settings import load_config, load_settings

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
def check() -> None:
    """Read the settings and config/*.toml, and look into mailboxes; say what is wrong."""
    config = load_config(load_settings())
    feeds = [feed for feed in config.feeds if not feed.unverified_of]
    held = (counted(len(config.channels), "channel"), counted(len(feeds), "feed"), counted(len(config.rules), "rule"))
    click.echo(f"{config.agency.name}: {', '.join(held)}")
    looks = [looked_into(config, feed) for feed in feeds if feed.is_mailbox and feed.enabled]
    for look in looks:
        click.echo(f"mailbox {look.text}" if look.ok else f"mailbox {look.text} -> {look.hint}", err=not look.ok)
    if not all(look.ok for look in looks):
        sys.exit(1)


@click.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    prepare.prepare().close()
    click.echo("the database stands at this version")


@click.group()
def audit() -> None:
    """The chain of who did what."""


@audit.command()
def verify() -> None:
    """Check every entry; exit 1 where one was changed or cut out."""
    with closing(prepare.prepare()) as system:
        wrong = chain.verify(system)
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        sys.exit(1)
    click.echo("the chain is whole")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def doctor(as_json: bool) -> None:
    """Look at TLS, clock, database, Redis, channels, disk and backups; exit 1 where something is wrong."""
    with closing(prepare.opened()) as system:
        lines = doctors.examine(system)
    if as_json:
        rows = [{"name": e.name, "ok": e.check.ok, "text": e.check.text, "hint": e.check.hint} for e in lines]
        click.echo(json.dumps(rows, indent=1))
    else:
        for line in lines:
            hint = "" if line.check.ok or not line.check.hint else f" -> {line.check.hint}"
            click.echo(f"{'ok   ' if line.check.ok else 'WRONG'} {line.name}: {line.check.text}{hint}")
    if not all(line.check.ok for line in lines):
        sys.exit(1)


@click.command()
@click.argument("file", type=FILE)
def backup(file: Path) -> None:
    """Write everything into FILE, readable by its owner alone; keep it on encrypted storage."""
    with closing(prepare.prepare()) as system:
        counts = backups.backup(system, operator(), file)
    click.echo(f"{file}: {sum(counts.values())} rows of {len(counts)} tables")


@click.command()
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace what the database holds.")
def restore(file: Path, force: bool) -> None:
    """Bring back what backup wrote, whole or not at all."""
    with closing(prepare.prepare()) as system:
        counts = backups.restore(system, operator(), file, force=force)
    click.echo(f"{sum(counts.values())} rows of {len(counts)} tables restored; the audit chain is whole")


@click.command()
@click.option("--name", prompt="Agency name", help="As people will read it.")
@click.option("--email", prompt="E-mail of the first admin", help="Who may do everything at first.")
@click.option("--cap-sender", default="", help="CAP sender; default: the admin's e-mail.")
@click.option("--timezone", prompt="Time zone", default="UTC", help="IANA name, e.g. America/Los_Angeles.")
@click.option("--languages", default="en,es", show_default=True, help="The first is what others fall back to.")
@click.option("--contact", default="", help="Sent to weather services with each request.")
@click.option("--password-stdin", is_flag=True, help="Line 1 of stdin is the admin's password.")
def init(
    name: str, email: str, cap_sender: str, timezone: str, languages: str, contact: str, password_stdin: bool
) -> None:
    """Write config/*.toml for a real agency and its first admin."""
    email = users.clean_email(email)
    spoken = tuple(word.strip() for word in languages.split(",") if word.strip())
    answers = begin.Answers(name, cap_sender or email, timezone, spoken, contact or email)
    made = "" if password_stdin else secrets.token_urlsafe(12)
    password = made or sys.stdin.readline().rstrip("\n")
    folder = Path(load_settings().config)
    with begin.written(folder, answers):
        with closing(prepare.prepare({**os.environ, "BROADCASTER_DEMO": "0"})) as system:
            begin.first_admin(system, operator(), email, password)
    click.echo(f"configuration in {folder}; admin {email}" + (f", password {made}" if made else ""))
