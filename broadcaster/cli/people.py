"""Who may log in, and machines' tokens."""

from __future__ import annotations

from dataclasses import replace

import click

from broadcaster.accounts.people import ROLES
from broadcaster.accounts.people import listing as everybody
from broadcaster.cli.common import as_json, new_password, opened, operator, password_stdin, show
from broadcaster.services import proposals, roster
from broadcaster.services import tokens as machine
from broadcaster.services import users as person


@click.group()
def users() -> None:
    """People who log in."""


@users.command("add")
@click.argument("email")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="Repeatable.")
@click.option("--phone", help="Where this person is reached.")
@password_stdin
@as_json
def add_user(email: str, roles: tuple[str, ...], phone: str | None, password_stdin: bool, json_: bool) -> None:
    """Add a person with one role or more."""
    password = new_password(password_stdin)
    with opened() as system:
        made = person.add(system, operator(), email, password, roles, phone)
        if weak := person.weakness(system, made.email, password):
            click.echo(f"taken, but weak: {weak}", err=True)
    show({"email": made.email, "roles": sorted(made.roles)}, made.email, json_)


@users.command("list")
@as_json
def list_users(json_: bool) -> None:
    """Everybody who may log in."""
    with opened() as system, system.database.read() as connection:
        found = [
            {"email": p.email, "roles": sorted(p.roles), "active": p.active, "second_factor": p.totp is not None}
            for p in everybody(connection)
        ]
    show(found, "\n".join(f"{p['email']}  {' '.join(p['roles'])}" for p in found) or "nobody", json_)  # type: ignore[arg-type]


@users.command()
@click.argument("email")
@as_json
def enroll(email: str, json_: bool) -> None:
    """Give a person a new second factor; prints the address for an authenticator app, once."""
    with opened() as system:
        made = person.enroll(system, operator(), email)
    show({"uri": made.uri, "secret": made.secret}, made.uri, json_)


AT_ONCE = {"disable": roster.disable, "unlock": roster.unlock, "logout": roster.end_sessions}
PROPOSED = {"enable": "enable", "reset-factor": "factor", "reset-password": "password"}


@users.command()
@click.argument("email")
@click.argument("act", type=click.Choice([*AT_ONCE, *PROPOSED]))
@as_json
def change(email: str, act: str, json_: bool) -> None:
    """Switch a login off or on, unlock it, end its sessions, or take away what its person has lost.

    Whoever has this shell needs no second admin: it is the way back in. What widens power leaves an alarm.
    """
    shell, secret = replace(operator(), verified=True), ""
    with opened() as system:
        if act in AT_ONCE:
            AT_ONCE[act](system, shell, email)
        else:
            secret = proposals.propose(system, shell, PROPOSED[act], {"email": email}).secret
    show({"email": email, "act": act, "password": secret or None}, secret or f"{email}: done", json_)


@click.group()
def tokens() -> None:
    """Tokens of machines."""


@tokens.command("add")
@click.argument("name")
@click.option("--scope", type=click.Choice(machine.SCOPES), required=True)
@click.option("--owner", metavar="EMAIL", help="The person who then counts as submitter.")
@as_json
def add_token(name: str, scope: str, owner: str | None, json_: bool) -> None:
    """Make a token; prints it alone, once."""
    with opened() as system:
        text = machine.add(system, operator(), name, scope, owner)
    show({"name": name, "token": text}, text, json_)


@tokens.command("list")
@as_json
def list_tokens(json_: bool) -> None:
    """All tokens, without their secrets."""
    with opened() as system:
        found = machine.listing(system)
    lines = [f"{t['name']}  {t['scope']}  {t['owner'] or '-'}{'  revoked' if t['revoked'] else ''}" for t in found]
    show(found, "\n".join(lines) or "no tokens", json_)


@tokens.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End a token at once."""
    with opened() as system:
        machine.revoke(system, operator(), name)
    click.echo(f"{name} revoked")
