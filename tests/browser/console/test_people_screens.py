"""Account and people in a real browser: passkeys and apps enrolled and used, every screen by axe, no policy stopped."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from broadcaster.app import create_app
from broadcaster.domain.config import Settings
from broadcaster.services import account, csp, passkeys, proposals, tokens, users
from broadcaster.services.system import Actor, System
from tests.browser.console.conftest import LOOKS, PASSWORD, Desk, no_violations
from tests.people import hire

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
ADMIN = Actor("admin@judge.example", "console:x", frozenset({"admin"}), verified=True)


@pytest.fixture
def port() -> int:
    """A free port: passkeys are made for an origin that the settings know beforehand."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@pytest.fixture
def settings(settings: Settings, port: int) -> Settings:
    return replace(settings, demo=False, console_url=f"http://localhost:{port}")


@pytest.fixture
def app(sqlite_system: System) -> Flask:
    return create_app(sqlite_system)


@pytest.fixture
def desk(sqlite_system: System, app: Flask, browser: Browser, port: int) -> Iterator[Desk]:
    server = make_server("localhost", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made = Desk(sqlite_system, f"http://localhost:{port}", browser)
    yield made
    for context in browser.contexts:
        context.close()
    server.shutdown()
    thread.join(5)
    server.server_close()
    assert made.errors == []


def key_in(page: Page) -> None:
    """A passkey in this browser that its person unlocks at once."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    about = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    more = {"isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": about | more})


def test_a_passkey_is_added_logs_in_with_one_tap_and_proves_with_none(desk: Desk) -> None:
    page = desk.page("admin")
    key_in(page)
    desk.go(page, "/console/account/passkeys")
    page.get_by_label("Name of the new passkey").fill("my phone")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert page.locator(".codes li").count() == 10
    desk.go(page, "/console/account/passkeys")
    expect(page.locator(".item")).to_contain_text("my phone")
    desk.shoot(page, "account-passkeys-390-light")
    no_violations(page)
    page.locator("summary").filter(has_text="More").click()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(lambda address: address.endswith("/console/"))
    desk.go(page, "/console/people/author@judge.example")
    page.get_by_label("Log them out everywhere").check()
    page.get_by_role("button", name="Do it").click()
    expect(page.locator(".said")).to_contain_text("Done.")


def test_a_second_passkey_is_added_with_the_first_as_proof(desk: Desk) -> None:
    page = desk.page("admin")
    key_in(page)
    desk.go(page, "/console/account/passkeys")
    page.get_by_label("Name of the new passkey").fill("one")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    desk.go(page, "/console/account/passkeys")
    page.get_by_role("button", name="Remove one").click()
    expect(page.locator(".said")).to_contain_text("The passkey is removed.")
    assert passkeys.rows(desk.system, "admin@judge.example") == []


def test_enter_in_a_field_presses_none_of_several_buttons(desk: Desk) -> None:
    lived_in(desk.system)
    page = desk.page("admin")
    for path in ("/console/tokens", "/console/powers"):
        desk.go(page, path)
        page.locator("#password").fill(PASSWORD)
        page.locator("#password").press("Enter")
    page.wait_for_timeout(300)
    assert [one["name"] for one in tokens.listing(desk.system) if one["revoked"]] == ["old"]
    assert sum(one["waits"] for one in proposals.listing(desk.system)) == 1


def test_an_app_is_enrolled_from_the_typed_key(desk: Desk) -> None:
    page = desk.page("approver")
    desk.go(page, "/console/account/app")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Add an app").click()
    expect(page.locator("img.qr")).to_be_visible()
    assert page.evaluate("document.querySelector('img.qr').naturalWidth") > 50
    desk.shoot(page, "account-app-390-light")
    no_violations(page)
    factory = users.totp(desk.system)
    secret = factory._totp(key=page.locator("code.key").inner_text(), format="base32").to_json()
    page.locator("#confirm").fill(factory.code_at(secret, desk.system.now()))
    page.get_by_role("button", name="This app is mine").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    desk.shoot(page, "account-codes-390-light")
    no_violations(page)


def test_an_invited_person_comes_in_on_a_phone(desk: Desk) -> None:
    page = desk.page("admin", 1280)
    desk.go(page, "/console/people/new")
    page.locator("#email").fill("new@judge.example")
    page.get_by_label("author", exact=True).check()
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Add them").click()
    link = page.locator("#secret").input_value()
    desk.shoot(page, "people-done-1280-light")
    no_violations(page)
    phone = desk.page()
    phone.goto(link)
    no_violations(phone)
    desk.shoot(phone, "join-390-light")
    phone.locator("#new").fill("seven quiet otters")
    phone.locator("#again").fill("seven quiet otters")
    phone.get_by_role("button", name="Set it and come in").click()
    expect(phone.locator(".said")).to_contain_text("Welcome")


SCREENS = {
    "login": "/console/login",
    "account": "/console/account",
    "account-password": "/console/account/password",
    "account-app": "/console/account/app",
    "account-recovery": "/console/account/recovery",
    "account-passkeys": "/console/account/passkeys",
    "people": "/console/people",
    "people-new": "/console/people/new",
    "people-one": "/console/people/approver@judge.example",
    "powers": "/console/powers",
    "tokens": "/console/tokens",
}


def lived_in(system: System) -> None:
    """A second admin, something that waits, something decided, a token, somebody locked."""
    proposals.propose(system, ADMIN, "token", {"name": "cad", "scope": "submit", "owner": "author@judge.example"})
    hire(system, {"chief": ["admin", "approver"]})
    proposals.propose(system, ADMIN, "roles", {"email": "author@judge.example", "give": ["approver"], "take": []})
    tokens.add(system, ADMIN, "old", "read")
    tokens.revoke(system, ADMIN, "old")
    account.new_codes(system, ADMIN)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_screen_passes_axe(desk: Desk, width: int, dark: bool, language: str) -> None:
    lived_in(desk.system)
    stranger = desk.page(width=width, dark=dark, language=language)
    desk.go(stranger, SCREENS["login"])
    no_violations(stranger)
    desk.shoot(stranger, f"login-{width}-{'dark' if dark else 'light'}-{language}")
    page = desk.page("admin", width, dark, language)
    for name, path in SCREENS.items():
        if name != "login":
            desk.go(page, path)
            assert "/login" not in page.url
            no_violations(page)
            desk.shoot(page, f"{name}-{width}-{'dark' if dark else 'light'}-{language}")


def counts_within(desk: Desk, page: Page, seconds: int) -> dict[str, int]:
    """What was reported, as soon as anything was."""
    for _ in range(seconds * 4):
        if found := csp.counts(desk.system):
            return found
        page.wait_for_timeout(250)
    return {}


def test_no_screen_of_the_console_does_what_its_policy_stops(desk: Desk, app: Flask) -> None:
    lived_in(desk.system)
    desk.system.redis.delete(csp.KEY)
    page = desk.page("admin", 1280)
    paths = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    screens = [path for path in paths if path.startswith("/console")]
    assert len(screens) > 15
    for path in (*screens, "/console/people/approver@judge.example", "/console/alerts/none", "/console/join/none"):
        page.goto(desk.url + path)
    stopped = [error for error in desk.errors if "Content Security Policy" in error]
    desk.errors.clear()  # what is not there is said by 404 and 409
    assert stopped == []
    assert counts_within(desk, page, 3) == {}


def test_what_the_policy_stops_is_reported_and_counted(desk: Desk) -> None:
    desk.system.redis.delete(csp.KEY)
    page = desk.page("admin", 1280)
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    assert counts_within(desk, page, 40) == {"script-src-elem": 1}
    assert any("Content Security Policy" in error for error in desk.errors)
    desk.errors.clear()
