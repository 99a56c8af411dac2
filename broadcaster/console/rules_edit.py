"""The editor of rules: a form, a page that says what the change would mean, and its proposal to a second admin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_security import current_user

from broadcaster.console import rules_form, spoken
from broadcaster.console.access import allowed
from broadcaster.console.compose_view import title
from broadcaster.console.proof import actor, proven
from broadcaster.console.rules_form import Typed
from broadcaster.console.screens import Screen
from broadcaster.domain.config import RuleConfig
from broadcaster.domain.errors import BroadcasterError, NotFound, Refused
from broadcaster.domain.message import Finding
from broadcaster.domain.rule_change import Change
from broadcaster.rendering.templates import load
from broadcaster.services import proposals, rule_change, rule_lists, rule_preview
from broadcaster.services.rule_preview import Look
from broadcaster.services.rule_text import WrongRule
from broadcaster.services.rule_write import hindrance
from broadcaster.services.system import System

BOTH = ("GET", "POST")
NEW = RuleConfig("", "submit")


def screens(system: System) -> list[Screen]:
    """/console/rule/new, /console/rule/proposed/<id>, /console/rules/<name>/change, .../move, .../remove"""

    @allowed("admin")
    def new() -> ResponseReturnValue:
        """GET and POST /console/rule/new; ?proposal=<id> begins with what somebody proposed before"""
        return _form(system, None)

    @allowed("admin")
    def change(name: str) -> ResponseReturnValue:
        """GET and POST /console/rules/<name>/change; ?proposal=<id> as above"""
        return _form(system, name)

    @allowed("admin")
    def move(name: str) -> ResponseReturnValue:
        """GET and POST /console/rules/<name>/move?place=<index>"""
        return _at_once(system, Change("move", name, place=request.args.get("place", 0, type=int)))

    @allowed("admin")
    def remove(name: str) -> ResponseReturnValue:
        """GET and POST /console/rules/<name>/remove"""
        return _at_once(system, Change("remove", name))

    return [
        Screen("/rule/new", "rule_new", new, BOTH),
        Screen("/rule/proposed/<int:id>", "rule_proposed", _proposed(system)),
        Screen("/rules/<name>/change", "rule_change", change, BOTH),
        Screen("/rules/<name>/move", "rule_move", move, BOTH),
        Screen("/rules/<name>/remove", "rule_remove", remove, BOTH),
    ]


def _proposed(system: System) -> Callable[[int], ResponseReturnValue]:
    @allowed()
    def proposed(id: int) -> ResponseReturnValue:
        """GET /console/rule/proposed/<id>: what a proposal would do now; it is decided under Powers"""
        one = _proposal(system, id)
        facts: dict[str, Any] = {"proposal": one, "me": current_user.email, "again": _again(one)}
        try:
            found, same = rule_preview.proposed(system, one["detail"])
        except BroadcasterError as error:
            return _page(system, None, facts, spoken.of(error), f"/console/rule/proposed/{id}")
        return _page(system, found, {**facts, "same": same}, "", f"/console/rule/proposed/{id}")

    return proposed


# --- a rule that is written -------------------------------------------------------------------------------------
def _form(system: System, name: str | None) -> ResponseReturnValue:
    ruled, data = _now(system)
    old = _old(ruled, name) if name is not None else None
    if request.method == "GET":
        return _written(ruled, old, _begun(ruled, old, rule_change.digest(data)), [])
    given = rules_form.typed(request.form)
    found, wrong = rules_form.read(given, old)
    if wrong or request.form.get("do") == "edit":
        return _written(ruled, old, given, wrong), 422 if wrong else 200
    facts = {"pairs": given.pairs(), "meanwhile": given.base != rule_change.digest(data)}
    return _decided(system, found, facts, lambda error: _mend(ruled, old, given, error))


def _begun(ruled: System, old: RuleConfig | None, base: str) -> Typed:
    rules, events = ruled.config.rules, rule_lists.known(ruled).events
    id_ = request.args.get("proposal", type=int)
    place = rules.index(old) if old else len(rules)
    if id_ is None:
        return rules_form.shown(old or NEW, place, base, events)
    wanted = rule_change.change_of(ruled, _proposal(ruled, id_)["detail"])
    return rules_form.shown(wanted.rule or old or NEW, wanted.place, base, events)


def _mend(ruled: System, old: RuleConfig | None, given: Typed, error: WrongRule) -> ResponseReturnValue:
    about = error.key.removeprefix("match.").split(".")[0]
    about = about if about in (*rules_form.LISTS, *rules_form.TEXTS) else "name"
    return _written(ruled, old, given, [Finding(error.code, error.text, True, about=about)]), 422


def _written(ruled: System, old: RuleConfig | None, given: Typed, wrong: Sequence[Finding]) -> str:
    known = rule_lists.known(ruled)
    said: dict[str, list[Finding]] = {}
    for one in wrong:
        said.setdefault(one.about, []).append(one)
    others = [rule.name for rule in ruled.config.rules if old is None or rule.name != old.name]
    titles = {name: title(load(name).spec) for name in known.templates}
    facts = {"old": old, "given": given, "said": said, "known": known, "others": others, "titles": titles}
    with ruled.database.read() as connection:
        hindered = hindrance(ruled, connection)
    action = f"/console/rules/{quote(old.name)}/change" if old else "/console/rule/new"
    return render_template(
        "console/rule_form.html", **facts, action=action, hindered=hindered and spoken.of(hindered), choices=choices
    )


def choices(known: Sequence[str], chosen: Sequence[str]) -> list[tuple[str, bool]]:
    """What is offered, each with whether it is ticked; what is ticked and unknown stands at the end."""
    ticked = {one.casefold() for one in chosen}
    offered = {one.casefold() for one in known}
    return [
        *((one, one.casefold() in ticked) for one in known),
        *((one, True) for one in chosen if one.casefold() not in offered),
    ]


# --- a rule that moves or goes ----------------------------------------------------------------------------------
def _at_once(system: System, change: Change) -> ResponseReturnValue:
    _old(_now(system)[0], change.name)
    return _decided(system, change, {"pairs": [], "meanwhile": False}, None)


# --- what it means, and its proposal ----------------------------------------------------------------------------
def _decided(
    system: System,
    change: Change,
    facts: dict[str, Any],
    mend: Callable[[WrongRule], ResponseReturnValue] | None,
) -> ResponseReturnValue:
    """Propose it where the button asks for it; else, and where that is refused, the page that says what it means."""
    wrong, status = "", 200
    if request.method == "POST" and request.form.get("do") == "propose":
        try:
            detail = rule_change.detail_of(system, change, request.form.get("base", ""))
            done = proposals.propose(system, proven(system), "rule", detail)
            return render_template("console/people_done.html", done=done)
        except WrongRule as error:
            return mend(error) if mend else (_page(system, None, facts, spoken.of(error), request.full_path), 422)
        except BroadcasterError as error:
            wrong, status = spoken.of(error), error.status
    try:
        found = rule_preview.look(system, change)
    except WrongRule as error:
        return mend(error) if mend else (_page(system, None, facts, spoken.of(error), request.full_path), 422)
    except BroadcasterError as error:
        return _page(system, None, facts, spoken.of(error), request.full_path), error.status
    return _page(system, found, facts, wrong, request.full_path), status


def _page(system: System, found: Look | None, facts: dict[str, Any], wrong: str, to: str) -> str:
    more: dict[str, Any] = {"it": found, "wrong": wrong, "to": to, "alone": proposals.alone(system, actor())}
    if found is not None and found.hindered is not None:
        more["hindered"] = spoken.of(found.hindered)
    rules = _now(system)[0].config.rules if found is not None else ()
    zones = dict(rule_lists.known(system).zones)
    more["before"] = _before(rules, found.change) if found else ""
    return render_template("console/rule_change.html", **more, **facts, zone_names=zones)


def _before(rules: Sequence[RuleConfig], change: Change) -> str:
    """The rule after which it would be asked; "" where it would be the first."""
    others = [rule.name for rule in rules if rule.name != change.name or change.act == "add"]
    place = max(0, min(change.place, len(others)))
    return others[place - 1] if place else ""


def _now(system: System) -> tuple[System, bytes]:
    """The rules as they stand in the file; where it is broken, those in force, so that a form can still be read."""
    try:
        return rule_change.read_now(system)
    except Refused:
        return system.ruled(), b""


def _old(ruled: System, name: str) -> RuleConfig:
    found = ruled.config.rule(name)
    if found is None:
        raise NotFound("rule", f"There is no rule {name!r} in rules.toml.")
    return found


def _proposal(system: System, id_: int) -> dict[str, Any]:
    one = next((one for one in proposals.listing(system) if one["id"] == id_ and one["kind"] == "rule"), None)
    if one is None:
        raise NotFound("proposal", f"there is no proposal {id_}")
    return one


def _again(one: dict[str, Any]) -> str:
    """Where the same is proposed anew."""
    detail = one["detail"]
    base = "/console/rule/new" if detail["act"] == "add" else f"/console/rules/{quote(detail['name'])}/{detail['act']}"
    asked = {"place": detail["place"]} if detail["act"] == "move" else {"proposal": one["id"]}
    return f"{base}?{urlencode(asked)}"
