"""The console's door: one login, counted guesses, CSRF, strict headers; and the pages behind it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broadcaster.app import create_app
from broadcaster.domain.config import Config, FeedConfig
from broadcaster.domain.errors import ConfigError
from broadcaster.domain.lockout import MAX_FAILURES
from broadcaster.services import users
from broadcaster.services.system import System
from tests.api.conftest import PASSWORD, SHELL, Machine
from tests.api.documents import cap
from tests.conftest import Clock
from tests.people import hire

EMAIL = "author@judge.example"


@pytest.fixture
def author(filled: System) -> str:
    hire(filled, {EMAIL: ["author"]}, PASSWORD)
    return EMAIL


def token(client: FlaskClient, path: str = "/console/login") -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).get_data(True))
    assert found
    return found[1]


def enter(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, code: str = "") -> TestResponse:
    form = {"email": email, "password": password, "code": code, "csrf_token": token(client)}
    return client.post("/console/login", data=form)


def test_nobody_sees_the_console_without_logging_in(app: Flask) -> None:
    for path in ("/console/", "/console/simulated"):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/console/login")


def test_login_leads_in_and_logout_leads_out(app: Flask, author: str) -> None:
    client = app.test_client()
    answer = enter(client, "Author@Judge.Example")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")
    page = client.get("/console/").get_data(True)
    assert "What needs you" in page
    assert EMAIL in page
    assert client.get("/console/logout").status_code == 302  # a form's address opened anew leads to a page
    assert client.get("/console/").status_code == 200  # and does nothing
    assert client.post("/console/logout", data={"csrf_token": token(client, "/console/")}).status_code == 302
    assert client.get("/console/").status_code == 302


def test_wrong_passwords_are_counted_at_this_door_too(app: Flask, filled: System, author: str) -> None:
    client = app.test_client()
    for _ in range(MAX_FAILURES):
        answer = enter(client, password="wrong")
        assert "is not right" in answer.get_data(True)
    assert "wait 15 minutes" in enter(client).get_data(True)
    assert client.get("/console/").status_code == 302


def test_an_enrolled_code_is_asked_for_and_works_once(app: Flask, filled: System, author: str, clock: Clock) -> None:
    users.enroll(filled, SHELL, author)
    secret = users.find(filled, author).totp
    assert secret
    code = users.totp(filled).code_at(secret, clock.at)
    assert enter(app.test_client()).status_code == 200
    assert enter(app.test_client(), code=code).status_code == 302
    assert enter(app.test_client(), code=code).status_code == 200


def test_a_form_without_its_csrf_token_changes_nothing(app: Flask, author: str) -> None:
    client = app.test_client()
    assert client.post("/console/login", data={"email": EMAIL, "password": PASSWORD}).status_code in (200, 400)
    assert client.get("/console/").status_code == 302
    assert enter(client).status_code == 302
    assert client.post("/console/logout").status_code == 400
    assert client.post("/console/samples/cap").status_code == 400
    assert client.get("/console/").status_code == 200


def test_login_never_leads_to_another_site(app: Flask, author: str) -> None:
    client = app.test_client()
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token(client)}
    answer = client.post("/console/login?next=https://evil.example/", data=form)
    assert "evil" not in answer.headers.get("Location", "")


def test_the_packages_second_password_page_is_closed(app: Flask, author: str) -> None:
    client = app.test_client()
    enter(client)
    assert client.get("/console/verify").status_code == 404


def test_pages_carry_a_strict_policy_and_no_inline_script(app: Flask, author: str) -> None:
    client = app.test_client()
    enter(client)
    for path in ("/console/", "/console/simulated", "/subscribe"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.get_data(True), re.DOTALL)
        assert all("src=" in how and not inside for how, inside in scripts)
        assert "style=" not in answer.get_data(True)
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_session_cookie_is_closed_to_scripts_and_to_plain_http_in_production(filled: System, author: str) -> None:
    system = replace(filled, settings=replace(filled.settings, production=True))
    client = create_app(system).test_client()
    answer = client.get("/console/login", base_url="https://alerts.example")
    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert answer.headers["Strict-Transport-Security"]


def test_the_first_page_names_what_is_in_review_and_live(
    app: Flask, partner: Machine, filled: System, author: str, clock: Clock
) -> None:
    made = partner.cap(cap(clock.at)).get_json()["id"]
    client = app.test_client()
    enter(client)
    assert "Drafts (1)" in client.get("/console/").get_data(True)
    partner.post(f"/api/v1/alerts/{made}/submit")
    page = client.get("/console/").get_data(True)
    assert "Drafts (0)" in page
    assert "Flash Flood Warning for North" in page
    assert f'href="/console/alerts/{made}' in page


def test_simulated_texts_are_shown_under_the_band(app: Flask, filled: System, author: str) -> None:
    import asyncio

    from broadcaster.domain.channel import Attempt, Recipient
    from broadcaster.domain.message import Message
    from broadcaster.services.channels import open_channel

    channel = open_channel(filled, filled.config.channels[0])
    message, to = Message("sms", "en", "Leave <now>"), Recipient("+15555550100", "en")
    asyncio.run(channel.send(message, to, Attempt("a1", filled.now(), 60)))
    client = app.test_client()
    enter(client)
    page = client.get("/console/simulated").get_data(True)
    assert "SIMULATION: nothing leaves this machine" in page
    assert "Leave &lt;now&gt;" in page
    assert "+15555550100" in page


def test_a_simulated_post_shows_its_card_with_its_words_its_thread_and_what_answers_it(
    app: Flask, filled: System, author: str
) -> None:
    import asyncio

    from broadcaster.domain.channel import Attempt, Recipient
    from broadcaster.domain.message import Message
    from broadcaster.services import simulated
    from broadcaster.services.channels import open_channel
    from tests.channels.graphs import CARD, PNG, posting

    channel = open_channel(filled, filled.config.channels[1])
    for id_, earlier, number in (("a1", "", 0), ("b1", "", 0), ("a2", "a1", 1), ("a3", "a2", 2), ("a4", "a1", 0)):
        tried = Attempt(id_, filled.now(), 60, earlier, posting=posting(None if earlier else CARD))
        asyncio.run(channel.send(Message("social", "en", f"Post {id_}", number=number), Recipient("en", "en"), tried))
    [_, social] = simulated.stages(filled)
    assert [[row.id for row in thread] for thread in social.threads] == [["a1", "a2", "a3", "a4"], ["b1"]]
    client = app.test_client()
    enter(client)
    page = client.get("/console/simulated").get_data(True)
    assert page.count(f'alt="{CARD.alt}"') == 2
    assert page.count("post 2 of its thread") == page.count("post 3 of its thread") == page.count('href="#a1"') == 1
    card = f"/console/simulated/social/{social.threads[0][0].picture}"
    assert (client.get(card).data, client.get(card).mimetype) == (PNG, "image/png")
    for missing in ("social/social.jsonl", "nobody/" + "0" * 32 + ".png", "social/" + "0" * 32 + ".png"):
        assert client.get(f"/console/simulated/{missing}").status_code == 404
    assert app.test_client().get(card).status_code in (302, 401)


def test_where_some_channels_are_real_the_band_says_which_are_not(filled: System, author: str) -> None:
    channels = tuple(replace(c, enabled=True) for c in filled.config.channels)
    client = create_app(replace(filled, config=replace(filled.config, channels=channels))).test_client()
    page = client.get("/console/login").get_data(True)
    assert "SIMULATION on sms, social" in page
    assert "nothing leaves" not in page


@pytest.mark.parametrize(("demo", "status"), [(True, 302), (False, 404)])
def test_a_sample_is_taken_by_one_press_in_the_demonstration_alone(
    filled: System, author: str, demo: bool, status: int
) -> None:
    config: Config = replace(filled.config, feeds=(FeedConfig("cap", "cap", trust="official", enabled=False),))
    system = replace(filled, config=config, settings=replace(filled.settings, demo=demo))
    client = create_app(system).test_client()
    enter(client)
    assert client.post("/console/samples/cap", data={"csrf_token": token(client, "/console/")}).status_code == status


def test_the_app_opens_no_connection_and_needs_a_key(filled: System, tmp_path: object) -> None:
    away = replace(filled.settings, redis_url="unix:///nowhere/redis.sock")
    assert create_app(replace(filled, settings=away)).test_client().get("/healthz").status_code == 200


def test_without_a_secret_key_the_app_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "BROADCASTER_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BROADCASTER_DATA", str(tmp_path))
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        create_app()


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "203.0.113.9")])
def test_a_forwarded_address_counts_only_where_a_proxy_is_trusted(filled: System, proxies: int, seen: str) -> None:
    app = create_app(replace(filled, settings=replace(filled.settings, trusted_proxies=proxies)))
    app.add_url_rule("/who", "who", lambda: str(request.remote_addr))
    answer = app.test_client().get("/who", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.get_data(True) == seen


def test_logins_from_one_place_are_limited_also_while_redis_is_away(filled: System) -> None:
    for url in (filled.settings.redis_url, "unix:///nowhere/redis.sock"):
        client = create_app(replace(filled, settings=replace(filled.settings, redis_url=url))).test_client()
        form = {"email": "no address", "password": "x", "csrf_token": token(client)}
        answers = [client.post("/console/login", data=form).status_code for _ in range(31)]
        assert answers[-1] == 429
        assert 429 not in answers[:30]


def test_a_broken_request_is_told_without_its_insides(filled: System) -> None:
    app = create_app(filled)

    def broken() -> str:
        raise RuntimeError("a secret")

    app.add_url_rule("/console/broken", "broken", broken)
    app.add_url_rule("/api/v1/broken", "broken_too", broken)
    for path, kind in (("/console/broken", "text/html"), ("/api/v1/broken", "application/problem+json")):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.mimetype) == (500, kind)
        assert "secret" not in answer.get_data(True)
