"""Message templates: what there is, whether every language is whole, and who answers for the words."""

from __future__ import annotations

from collections.abc import Iterator

import click

from broadcaster.cli.common import as_json, counted, login, opened, password_stdin, show
from broadcaster.domain.errors import Refused
from broadcaster.rendering import bundles
from broadcaster.rendering import templates as rendering
from broadcaster.services import phrases
from broadcaster.services.phrases import Words
from broadcaster.services.templates import templates_check
from broadcaster.settings import load_config, load_settings


@click.group()
def templates() -> None:
    """Message templates."""


@templates.command("list")
@as_json
def list_(json_: bool) -> None:
    """All templates with their languages, and who signed the words."""
    with opened() as system:
        words = phrases.listing(system)
    found = [
        {
            "name": name,
            "languages": list(rendering.load(name).languages),
            "fields": list(rendering.load(name).spec.fields),
            "words": [row for row in words if row["template"] == name],
        }
        for name in rendering.names()
    ]
    show(found, "\n".join(_lines(words)), json_)


@templates.command("check")
@as_json
def check(json_: bool) -> None:
    """Fill every template with its longest values; exit 1 where one is broken, not translated or too long."""
    wrong = templates_check(load_config(load_settings()))
    if wrong:
        raise Refused("templates", "\n".join(finding.text for finding in wrong))
    whole = {"templates": list(rendering.names()), "bundles": list(bundles.bundle_names())}
    said = f"{counted(len(whole['templates']), 'template')}, {counted(len(whole['bundles']), 'bundle')}: all whole"
    show(whole, said, json_)


@templates.command("sign")
@click.argument("name")
@click.argument("language")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are; an approver or admin.")
@password_stdin
@as_json
def sign(name: str, language: str, email: str, password_stdin: bool, json_: bool) -> None:
    """Answer for a template's words in a language, as they stand now."""
    with opened() as system:
        found = phrases.sign(system, login(system, email, password_stdin), name, language)
    show(found, f"{name}\n{_said(found)}", json_)


def _lines(words: list[Words]) -> Iterator[str]:
    for name in rendering.names():
        yield f"{name}  {' '.join(rendering.load(name).languages)}"
        yield from (_said(row) for row in words if row["template"] == name)


def _said(words: Words) -> str:
    """One line: "  es  signed by chief@county.example, 2026-11-22"."""
    by = f"{words['signed_by']}, {words['signed_at']:%Y-%m-%d}" if words["signed_at"] else ""
    said = {"signed": f"signed by {by}", "changed_since": f"changed since it was signed by {by}"}
    return f"  {words['language']}  {said.get(words['state'], 'signed by nobody')}"
