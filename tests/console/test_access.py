"""Who may open what: every route of the console says so itself, and every role is tried at every one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.console.conftest import STAFF, Visitor

Visit = Callable[..., Visitor]
ROLES = {"author", "approver", "admin"}
OPEN = {  # without a login, and why
    "console.login": "it is the login",
    "console.login_passkey": "it is the login",
    "console.passkey_login": "what a passkey has to sign to log in",
    "console.join": "the link in an invitation is the proof",
    "console.language": "the login page has it too",
    "console.csp": "browsers report without cookies",
    "console.strength": "who is invited has no login yet",
    "console.vendor": "style and script",
    "console.static": "style and script",
}


def rules(app: Flask) -> list[Any]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/console")]


def path_of(rule: Any) -> str:
    """An address of the rule, of things that are not there."""
    made = rule.rule
    for name in rule.arguments:
        kind = type(rule._converters[name]).__name__
        made = made.replace(
            f"<{name}>" if f"<{name}>" in made else next(p for p in made.split("/") if name in p),
            "999999" if kind == "IntegerConverter" else "x",
        )
    return str(made)


def test_every_route_of_the_console_carries_its_mark(site: Flask) -> None:
    found = {rule.endpoint: getattr(site.view_functions[rule.endpoint], "access", None) for rule in rules(site)}
    found.pop("console.static")
    assert [name for name, access in found.items() if not access] == []
    assert {name for name, access in found.items() if access == ("anybody",)} == set(OPEN) - {"console.static"}
    assert [name for name, access in found.items() if access != ("anybody",) and not set(access) <= ROLES] == []


def test_nothing_under_console_is_served_by_anybody_else(site: Flask) -> None:
    assert {rule.endpoint.partition(".")[0] for rule in rules(site)} == {"console"}


def test_a_stranger_is_led_to_the_login_everywhere(site: Flask, visitor: Visit) -> None:
    stranger = visitor()
    token = stranger.token()
    for rule in rules(site):
        if rule.endpoint in OPEN:
            continue
        for method in rule.methods & {"GET", "POST"}:
            answer = stranger.client.open(path_of(rule), method=method, data={"csrf_token": token})
            led = (answer.status_code, answer.headers.get("Location", "").partition("?")[0])
            assert led == (302, "/console/login"), (rule.endpoint, method)


@pytest.mark.parametrize("who", sorted(STAFF))
def test_each_role_meets_its_own_doors_and_no_others(site: Flask, visitor: Visit, who: str) -> None:
    one = visitor(who)
    token = one.token("/console/account")
    for rule in rules(site):
        if rule.endpoint in OPEN or rule.endpoint == "console.logout":
            continue
        may = bool(set(STAFF[who]) & set(site.view_functions[rule.endpoint].access))
        for method in rule.methods & {"GET", "POST"}:
            status = one.client.open(path_of(rule), method=method, data={"csrf_token": token}).status_code
            assert (status != 403) or not may or method == "POST", (rule.endpoint, method, status)
            assert may or status == 403, (rule.endpoint, method, status)
            assert status < 500, (rule.endpoint, method, status)
            assert one.inside() if rule.endpoint == "console.end_others" else True


def test_no_form_is_taken_without_its_token(site: Flask, visitor: Visit) -> None:
    one = visitor("chief")
    for rule in rules(site):
        if "POST" in rule.methods and rule.endpoint != "console.csp":
            assert one.client.post(path_of(rule)).status_code == 400, rule.endpoint


def test_only_the_roles_that_need_it_see_a_screen_in_the_menu(visitor: Visit) -> None:
    page = visitor("author").get("/console/account").get_data(True)
    assert "/console/powers" in page
    assert "/console/people" not in page
    assert "/console/people" in visitor("admin").get("/console/account").get_data(True)
