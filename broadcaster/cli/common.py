"""What commands share: a prepared System, who is at the keyboard, who somebody says to be, and output."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from broadcaster.domain.errors import Refused
from broadcaster.services import prepare, users
from broadcaster.services.system import Actor, System

as_json = click.option("--json", "json_", is_flag=True, help="One JSON value on stdout.")
password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Line 1 of stdin is the password, line 2 the second factor if enrolled."
)


@contextmanager
def opened() -> Iterator[System]:
    """The System of this installation, its tables up to date."""
    system = prepare.prepare()
    try:
        yield system
    finally:
        system.close()


def counted(number: int, what: str) -> str:
    """ "1 rule", "2 rules"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def origin() -> str:
    """Where a command comes from, for the audit: "cli:user@host"."""
    return f"cli:{_user()}@{socket.gethostname()}"


def _user() -> str:
    """The user's name, or the number where the system knows no name for it (a container's own uid)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid{os.getuid()}"


def operator() -> Actor:
    """Whoever has this shell, for acts that ask for no login."""
    where = origin()
    return Actor(f"shell:{where.removeprefix('cli:')}", where, frozenset({"admin"}))


def login(system: System, email: str, from_stdin: bool, alone_allowed: bool = True) -> Actor:
    """The verified person of that e-mail.

    ``alone_allowed`` False: production refuses a password from a pipe, because a script would then be one of
    the two people. Raises Refused, Unauthenticated, Forbidden (locked).
    """
    if from_stdin and system.settings.production and not alone_allowed:
        raise Refused("password_stdin", "production takes approve and override from a person at a terminal only")
    if from_stdin:
        password, factor = _line(), _line()
    elif terminal():
        password = click.prompt("Password", hide_input=True, err=True)
        factor = click.prompt("Second factor (empty if none)", default="", show_default=False, err=True)
    else:
        raise click.UsageError("stdin is no terminal: give --password-stdin")
    return users.verify(system, email, password, factor, origin())


def new_password(from_stdin: bool) -> str:
    """A password to be: line 1 of stdin, or typed twice."""
    if from_stdin:
        return _line()
    if not terminal():
        raise click.UsageError("stdin is no terminal: give --password-stdin")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def terminal() -> bool:
    """Whether somebody sits at stdin."""
    return sys.stdin.isatty()


def show(value: Any, text: str, json_: bool) -> None:
    """The result: one JSON value, or text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str) if json_ else text)


def note(text: str) -> None:
    """A word beside the result."""
    click.echo(text, err=True)


def _line() -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line.isascii() and not line.isprintable():  # bytes that are no UTF-8 arrive as surrogates, which are not
        raise click.UsageError("stdin holds what is no UTF-8 text")
    return line
