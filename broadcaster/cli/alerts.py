"""Alerts from the command line: the same services, rules and audit as every other door."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click

from broadcaster.cli.common import as_json, login, note, opened, password_stdin, show, terminal
from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.domain.errors import Invalid
from broadcaster.domain.hashtag import shown as with_sign
from broadcaster.services import compose
from broadcaster.services import deliveries as delivered
from broadcaster.services import show as shown
from broadcaster.services.drafting import Draft
from broadcaster.services.incident_tag import name_incident
from broadcaster.services.system import System

REASONED = {  # command -> module:function, each (system, actor, alert id, reason)
    "withdraw": "withdraw:withdraw",
    "return": "return_:return_",
    "reject": "reject:reject",
    "stop": "stop:stop",
    "cancel": "cancel:cancel",
}
SEEN = {"approve": "approve:approve", "override": "override:override"}  # need the digest of what was seen
Act = Callable[..., Alert]


@click.group()
def alerts() -> None:
    """List, show and move alerts through review."""


@alerts.command("list")
@click.option("--state", type=click.Choice([state.value for state in State]), multiple=True)
@as_json
def list_(state: tuple[str, ...], json_: bool) -> None:
    """All alerts, newest first."""
    with opened() as system:
        found = shown.listing(system, *(State(name) for name in state))
    lines = [f"{a['id']}  {a['state']:<10}  {a['mode']:<8}  {a['headline']}" for a in found["alerts"]]
    show(found, "\n".join(lines) or "no alerts", json_)


@alerts.command("show")
@click.argument("id_", metavar="ID")
@as_json
def show_(id_: str, json_: bool) -> None:
    """One alert with its texts, findings and reviews."""
    with opened() as system:
        found = shown.alert(system, id_)
    show(found, _whole(found), json_)


@alerts.command()
@click.argument("template")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
@click.option("--zone", "zones", multiple=True, metavar="ID", help="Where (repeatable).")
@click.option("--field", "fields", multiple=True, metavar="NAME=WORDS", help="What it says (repeatable).")
@click.option("--expires", help="Its end, with its zone: 2026-11-22T18:30:00-08:00. Without: the template's.")
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), default=Mode.ACTUAL.value)
@click.option("--hashtag", help="Of the incident that it begins.")
@password_stdin
@as_json
def create(
    template: str,
    email: str,
    zones: tuple[str, ...],
    fields: tuple[str, ...],
    expires: str | None,
    mode: str,
    hashtag: str | None,
    password_stdin: bool,
    json_: bool,
) -> None:
    """Write a draft by a template: every channel and language that there is."""
    said = dict(_field(one) for one in fields)
    until = None if expires is None else _moment(expires)
    with opened() as system:
        actor = login(system, email, password_stdin)
        draft = Draft(template, said, zones=zones, expires=until, mode=Mode(mode), hashtag=hashtag)
        found = shown.alert(system, compose.create(system, actor, draft).id)
    show(found, _whole(found), json_)


def _verb(name: str, where: str) -> None:
    """Add a command that needs no more than a reason."""

    @alerts.command(name, help=f"{name.capitalize()} an alert.")
    @click.argument("id_", metavar="ID")
    @click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
    @click.option("--reason", default="", help="Why; it stays in the record.")
    @password_stdin
    @as_json
    def command(id_: str, email: str, reason: str, password_stdin: bool, json_: bool) -> None:
        with opened() as system:
            actor = login(system, email, password_stdin)
            _told(_service(where)(system, actor, id_, reason), json_)


for _name, _where in REASONED.items():
    _verb(_name, _where)


def _seen_verb(name: str, where: str) -> None:
    """Add a command that puts something on air: it names the digest of what was seen."""

    @alerts.command(name, help=f"{name.capitalize()} exactly what was seen.")
    @click.argument("id_", metavar="ID")
    @click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
    @click.option("--reason", default="", help="Why; it stays in the record.")
    @click.option("--digest", help="Of what you saw (alerts show); needed where stdin is no terminal.")
    @password_stdin
    @as_json
    def command(id_: str, email: str, reason: str, digest: str | None, password_stdin: bool, json_: bool) -> None:
        if digest is None and not terminal():
            raise click.UsageError("stdin is no terminal: give --digest of what you saw (alerts show ID)")
        with opened() as system:
            actor = login(system, email, password_stdin, alone_allowed=False)
            done = _service(where)(system, actor, id_, digest or _read(system, id_, name), reason)
            _told(done, json_, _decided(system, done))


for _name, _where in SEEN.items():
    _seen_verb(_name, _where)


@alerts.command()
@click.argument("id_", metavar="ID")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
@click.option("--reason", default="", help="Accepted like everywhere; submitting needs none.")
@password_stdin
@as_json
def submit(id_: str, email: str, reason: str, password_stdin: bool, json_: bool) -> None:
    """Hand a draft to a second person."""
    if reason:
        note("a submission takes no reason; it was not kept")
    with opened() as system:
        actor = login(system, email, password_stdin)
        _told(_service("submit:submit")(system, actor, id_), json_)


@alerts.command()
@click.argument("id_", metavar="ID")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
@click.option("--reason", default="", help="Why; it stays in the record.")
@click.option("--expires", help="The new end, with its zone: 2026-11-22T18:30:00-08:00. Without: as long again.")
@password_stdin
@as_json
def extend(id_: str, email: str, reason: str, expires: str | None, password_stdin: bool, json_: bool) -> None:
    """Draft an Update with a later end, for review."""
    until = None if expires is None else _moment(expires)
    with opened() as system:
        actor = login(system, email, password_stdin)
        _told(_service("extend:extend")(system, actor, id_, reason, until), json_)


@alerts.command()
@click.argument("id_", metavar="ID")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
@click.option("--reason", default="", help="Why; it stays in the record.")
@click.option("--zone", "zones", multiple=True, help="Only this zone (repeatable); the others go on.")
@password_stdin
@as_json
def lift(id_: str, email: str, reason: str, zones: tuple[str, ...], password_stdin: bool, json_: bool) -> None:
    """Draft the all clear, for review."""
    with opened() as system:
        actor = login(system, email, password_stdin)
        _told(_service("lift:lift")(system, actor, id_, reason, zones), json_)


@alerts.command()
@click.argument("id_", metavar="ID")
@click.argument("hashtag", default="")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
@password_stdin
@as_json
def hashtag(id_: str, hashtag: str, email: str, password_stdin: bool, json_: bool) -> None:
    """Give the incident of an alert a hashtag; without one, take it away."""
    with opened() as system:
        actor = login(system, email, password_stdin)
        incident = shown.alert(system, id_)["incident"]
        tag = name_incident(system, actor, incident, hashtag)
    show({"incident": incident, "hashtag": tag}, f"{incident} {with_sign(tag) or 'has no hashtag'}", json_)


@click.command()
@click.argument("id_", metavar="ID")
@as_json
def deliveries(id_: str, json_: bool) -> None:
    """What became of an alert's messages, in numbers."""
    with opened() as system:
        found = delivered.totals(system, id_)
    rows = [("all", found["totals"]), *found["channels"].items()]
    lines = [f"{name}: " + ", ".join(f"{n} {word}" for word, n in counts.items() if n) for name, counts in rows]
    show(found, "\n".join([*lines, "settled" if found["settled"] else "not settled yet"]), json_)


# --- the parts --------------------------------------------------------------------------------------------------
def _service(where: str) -> Act:
    module, _, name = where.partition(":")
    act: Act = getattr(importlib.import_module(f"broadcaster.services.{module}"), name)
    return act


def _told(alert: Alert, json_: bool, decided: Sequence[str] = ()) -> None:
    value = {"id": alert.id, "state": str(alert.state), "signature_owed": alert.signature_owed}
    lines = [f"{id_} {alert.state}" for id_ in decided] or [f"{alert.id} {alert.state}"]
    owed = ", a second signature is owed" if alert.signature_owed else ""
    show(value | ({"decided": list(decided)} if decided else {}), "\n".join(line + owed for line in lines), json_)


def _decided(system: System, alert: Alert) -> list[str]:
    """All that one decision was about, where it was a bundle."""
    return list(shown.alert(system, alert.id)["bundle"]["alerts"]) if alert.bundle else []


def _read(system: System, id_: str, verb: str) -> str:
    """At a terminal: show what goes out, ask, and return the digest of exactly that."""
    asked = shown.alert(system, id_)
    parts = [shown.alert(system, part) for part in asked["bundle"]["alerts"]] if asked["bundle"] else [asked]
    counted: Counter[str] = Counter()
    for found in parts:
        note(_whole(found))
        counted.update(found["people"])
    people = ", ".join(f"{count} people by {name}" for name, count in counted.items()) or "nobody"
    click.confirm(f"{verb.capitalize()} this for {people}?", abort=True, err=True)
    return str((asked["bundle"] or asked)["digest"])


def _whole(found: dict[str, Any]) -> str:
    end = "until lifted" if found["until_lifted"] else f"until {found['expires']}"
    lines = [f"{found['id']}  {found['state']}  {found['mode']}  {found['msgType']}  {end}"]
    lines += [f"zones: {', '.join(found['zones'])}", f"digest: {found['digest']}"]
    if found["bundle"]:
        lines += [
            f"bundle: {', '.join(found['bundle']['alerts'])}",
            f"digest of the bundle: {found['bundle']['digest']}",
        ]
    lines += [f"people: {name} {count}" for name, count in found["people"].items()]
    lines += [
        f"--- {m['channel']} {m['language']} ({m['characters']} characters)\n{m['text']}" for m in found["messages"]
    ]
    lines += [f"{'BLOCKING' if f['blocking'] else 'note'} {f['code']}: {f['text']}" for f in found["findings"]]
    lines += [f"{r['at']} {r['verb']} by {r['by']} {r['reason']}".rstrip() for r in found["reviews"]]
    return "\n".join(lines)


def _field(text: str) -> tuple[str, str]:
    name, sign, words = text.partition("=")
    if not name or not sign:
        raise click.BadParameter(f"{text!r} is not NAME=WORDS", param_hint="--field")
    return name, words


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time", param_hint="--expires") from error
    if moment.tzinfo is None:
        raise Invalid("naive_time", "--expires has no zone; write it like 2026-11-22T18:30:00-08:00")
    return moment
