"""Message templates: what there is, and whether every language is whole."""

from __future__ import annotations

import click

from broadcaster.cli.common import as_json, show
from broadcaster.domain.errors import Refused
from broadcaster.rendering import templates as rendering
from broadcaster.services.templates import templates_check
from broadcaster.settings import load_config, load_settings


@click.group()
def templates() -> None:
    """Message templates."""


@templates.command("list")
@as_json
def list_(json_: bool) -> None:
    """All templates with their languages."""
    found = [
        {
            "name": name,
            "languages": list(rendering.load(name).languages),
            "fields": list(rendering.load(name).spec.fields),
        }
        for name in rendering.names()
    ]
    show(found, "\n".join(f"{t['name']}  {' '.join(t['languages'])}" for t in found), json_)


@templates.command("check")
@as_json
def check(json_: bool) -> None:
    """Fill every template with its longest values; exit 1 where one is broken, not translated or too long."""
    wrong = templates_check(load_config(load_settings()))
    if wrong:
        raise Refused("templates", "\n".join(finding.text for finding in wrong))
    show({"templates": list(rendering.names())}, f"{len(rendering.names())} templates are whole", json_)
