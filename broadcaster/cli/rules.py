"""Rules from the command line: what each does, testing one on the last month, arming and disarming it."""

from __future__ import annotations

from typing import Any

import click

from broadcaster.cli.common import as_json, login, opened, operator, password_stdin, show
from broadcaster.services import arm as arming
from broadcaster.services import rule_test


@click.group()
def rules() -> None:
    """What becomes of entries of feeds; which rules release by themselves."""


@rules.command("list")
@as_json
def list_(json_: bool) -> None:
    """All rules in the order in which they are asked."""
    with opened() as system:
        found = [_told(one) for one in arming.listing(system)]
    lines = [f"{one['name']:<20} {one['action']:<8} {one['armed'] or one['why']}".rstrip() for one in found]
    show(found, "\n".join(lines) or "no rules", json_)


def _told(one: arming.RuleState) -> dict[str, Any]:
    releases = one.rule.action == "release"
    until = one.arming.until if one.armed and one.arming else None
    armed = f"armed until {until:%Y-%m-%dT%H:%M:%SZ}" if until else ""
    why = one.why if releases else ""
    return {"name": one.rule.name, "action": one.rule.action, "armed": armed, "why": why, "digest": one.digest}


@rules.command()
@click.argument("name")
@as_json
def test(name: str, json_: bool) -> None:
    """What the rule would have done with the entries of the last 30 days; nothing is armed without it."""
    with opened() as system:
        found = rule_test.run(system, operator(), name)
    lines = [f"{name} would have released {found.released}, submitted {found.submitted}"]
    for one in found.outcomes:
        reasons = " ".join(one["reasons"])
        lines.append(f"  {one['action']:<8} {one['received']} {one['identifier']} {one['event']} {reasons}".rstrip())
    if found.left_out:
        lines.append(f"  {found.left_out} older entries were not looked at")
    told = {"rule": name, "digest": found.digest, "released": found.released, "submitted": found.submitted}
    show({**told, "left_out": found.left_out, "outcomes": list(found.outcomes)}, "\n".join(lines), json_)


@rules.command()
@click.argument("name")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who you are.")
@click.option("--digest", required=True, metavar="D", help="Of what you read: rules list --json, rules test.")
@password_stdin
@as_json
def arm(name: str, email: str, digest: str, password_stdin: bool, json_: bool) -> None:
    """Sign for the rule; the second signature, of another approver, arms it."""
    with opened() as system:
        actor = login(system, email, password_stdin, alone_allowed=False)
        done = arming.arm(system, actor, name, digest)
    words = f"{name} is armed" if done else f"{name}: signed; another approver must sign"
    show({"name": name, "armed": done}, words, json_)


@rules.command()
@click.argument("name")
@click.option("--reason", default="", help="Why; it stays in the record.")
@as_json
def disarm(name: str, reason: str, json_: bool) -> None:
    """Disarm it at once. Whoever has this shell may."""
    with opened() as system:
        arming.disarm(system, operator(), name, reason)
    show({"name": name, "armed": False}, f"{name} is disarmed", json_)
