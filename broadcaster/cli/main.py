"""``python -m broadcaster``: the commands as data, each imported only when it is called.

stdout carries the result alone; reasons go to stderr. Exit 0 done, 1 refused or failed and nothing changed, 2 usage.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

from broadcaster.domain.errors import BroadcasterError, ConfigError

COMMANDS = {  # name -> module:function
    "serve": "broadcaster.cli.process:serve",
    "part": "broadcaster.cli.process:part",
    "sweep": "broadcaster.cli.process:sweep",
    "init": "broadcaster.cli.upkeep:init",
    "doctor": "broadcaster.cli.upkeep:doctor",
    "check": "broadcaster.cli.upkeep:check",
    "migrate": "broadcaster.cli.upkeep:migrate",
    "backup": "broadcaster.cli.upkeep:backup",
    "restore": "broadcaster.cli.upkeep:restore",
    "audit": "broadcaster.cli.upkeep:audit",
    "users": "broadcaster.cli.people:users",
    "tokens": "broadcaster.cli.people:tokens",
    "zones": "broadcaster.cli.subscribers:zones",
    "subscribers": "broadcaster.cli.subscribers:subscribers",
    "feeds": "broadcaster.cli.feeds:feeds",
    "rules": "broadcaster.cli.rules:rules",
    "switches": "broadcaster.cli.switches:switches",
    "templates": "broadcaster.cli.templates:templates",
    "alerts": "broadcaster.cli.alerts:alerts",
    "deliveries": "broadcaster.cli.alerts:deliveries",
    "publish": "broadcaster.cli.publish:publish",
    "export": "broadcaster.cli.publish:export",
}


class LazyGroup(click.Group):
    """Commands by dotted name; our errors become one clear line and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BroadcasterError as error:
            reason = f"{error.code}: {error.text}"
        except ConfigError as error:
            reason = f"{error.id} {error.where}: {error.text}. Hint: {error.hint}"
        click.echo(reason, err=True)
        return ctx.exit(1)


@click.group(cls=LazyGroup)
def cli() -> None:
    """Crisis broadcaster: alerts reviewed by two people, out by SMS, social accounts and a live page."""


def run() -> None:
    """The entry point."""
    cli(prog_name="python -m broadcaster")
