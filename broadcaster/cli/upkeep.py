"""Commands that look after an installation: check, migrate, audit, doctor, backup, restore, init."""

from __future__ import annotations

import sys

import click

from broadcaster.services import audit as chain
from broadcaster.services import prepare
from broadcaster.settings import load_config, load_settings


@click.command()
def check() -> None:
    """Read the settings and config/*.toml; say what is wrong."""
    settings = load_settings()
    config = load_config(settings)
    click.echo(
        f"{config.agency.name}: {len(config.channels)} channels, {len(config.feeds)} feeds, {len(config.rules)} rules"
    )


@click.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    system = prepare.prepare()
    system.close()
    click.echo("the database stands at this version")


@click.group()
def audit() -> None:
    """The chain of who did what."""


@audit.command()
def verify() -> None:
    """Check every entry; exit 1 where one was changed or cut out."""
    system = prepare.prepare()
    wrong = chain.verify(system)
    system.close()
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        sys.exit(1)
    click.echo("the chain is whole")
