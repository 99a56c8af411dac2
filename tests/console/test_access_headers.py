"""Headers of every answer, and the place where browsers report what the policy stopped."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest

from broadcaster.services import csp, metrics
from broadcaster.services.system import System
from broadcaster.transport.connection import connect
from tests.console.conftest import Visitor

Visit = Callable[..., Visitor]
OLD = {"csp-report": {"violated-directive": "script-src-elem https://x", "blocked-uri": "inline", "document-uri": "/c"}}
NEW = [{"type": "csp-violation", "body": {"effectiveDirective": "style-src-attr", "blockedURL": "inline"}}]


def test_every_answer_forbids_what_the_console_never_needs(visitor: Visit) -> None:
    one = visitor("author")
    for path in ("/console/login", "/console/account", "/console/nothing", "/subscribe"):
        headers = one.get(path).headers
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "geolocation=()" in headers["Permissions-Policy"]
        assert "publickey-credentials-get=(self)" in headers["Permissions-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert policy.endswith("; report-uri /console/csp")


def test_under_tls_browsers_report_by_the_newer_way_too(production: Visitor) -> None:
    headers = production.get("/console/login").headers
    assert headers["Content-Security-Policy"].endswith("; report-uri /console/csp; report-to csp")
    assert headers["Reporting-Endpoints"] == 'csp="/console/csp"'


def test_each_answer_has_a_nonce_of_its_own(visitor: Visit) -> None:
    one = visitor()
    first, second = (one.get("/console/login").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second


def test_a_form_without_a_session_is_told_so_and_led_back(visitor: Visit) -> None:
    one = visitor()
    came = {"Referer": "http://localhost/console/new?template=tornado"}
    answer = one.client.post("/console/switches/stop", headers=came)
    page = answer.get_data(True)
    assert answer.status_code == 401
    assert "You were logged out; nothing was sent. Log in and go on: what you typed in an alert comes back." in page
    assert 'href="/console/login?next=%2Fconsole%2Fnew%3Ftemplate%3Dtornado"' in page
    assert "'nonce-'" not in answer.headers["Content-Security-Policy"]
    spanish = one.client.post("/console/switches/stop", headers={"Accept-Language": "es"}).get_data(True)
    assert "You were" not in spanish


@pytest.mark.parametrize(
    "came", ["", "https://other.example/", "http://localhost/", "http://localhost/console/switches/stop"]
)
def test_only_a_page_of_the_console_is_gone_back_to(visitor: Visit, came: str) -> None:
    page = visitor().client.post("/console/switches/stop", headers={"Referer": came}).get_data(True)
    assert 'href="/console/login?next=%2Fconsole%2F"' in page


def test_a_form_of_somebody_inside_or_of_the_login_is_only_too_old(visitor: Visit) -> None:
    for who, path in (("author", "/console/exercise"), ("", "/console/login")):
        answer = visitor(who).client.post(path)
        assert answer.status_code == 400
        assert "This form is too old" in answer.get_data(True)


def test_refused_and_missing_pages_say_so_in_our_words(visitor: Visit) -> None:
    one = visitor("author")
    missing, refused = one.get("/console/nothing"), one.get("/console/people")
    assert (missing.status_code, refused.status_code) == (404, 403)
    assert "There is no such page." in missing.get_data(True)
    assert "python -m broadcaster users add you@example.org --role admin" in refused.get_data(True)
    assert "There is no such page" not in visitor().get("/console/nothing", Accept_Language="es").get_data(True)


def test_reports_of_both_kinds_are_counted_by_directive(house: System, visitor: Visit) -> None:
    one = visitor().client
    for _ in range(2):
        assert one.post("/console/csp", data=json.dumps(OLD), content_type="application/csp-report").status_code == 204
    assert one.post("/console/csp", data=json.dumps(NEW), content_type="application/reports+json").status_code == 204
    assert csp.counts(house) == {"script-src-elem": 2, "style-src-attr": 1}
    assert b'broadcaster_csp_reports{directive="script-src-elem"} 2.0' in metrics.text(house)


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"3", b'{"csp-report": 3}', b'[3, {"body": "x"}]', b"\xff\xfe"])
def test_rubbish_is_counted_as_such_and_is_no_error(house: System, visitor: Visit, body: bytes) -> None:
    assert visitor().client.post("/console/csp", data=body).status_code == 204
    assert set(csp.counts(house)) == {"other"}


def test_an_invented_directive_makes_no_count_of_its_own(house: System, visitor: Visit) -> None:
    many = [{"body": {"effectiveDirective": f"made-up-{n}"}} for n in range(20)]
    visitor().client.post("/console/csp", data=json.dumps(many))
    assert csp.counts(house) == {"other": 10}


def test_a_report_is_at_most_16_kilobytes(house: System, visitor: Visit) -> None:
    assert visitor().client.post("/console/csp", data=b"x" * 16_384).status_code == 204
    assert visitor().client.post("/console/csp", data=b"x" * 16_385).status_code == 413
    assert csp.counts(house) == {"other": 1}


def test_a_report_cannot_write_lines_or_novels_into_the_log(house: System, caplog: pytest.LogCaptureFixture) -> None:
    body = {"csp-report": {"violated-directive": "img-src", "blocked-uri": "a\nERROR all is lost " + "x" * 5000}}
    with caplog.at_level(logging.WARNING):
        csp.note(house, json.dumps(body).encode())
    [record] = [one for one in caplog.records if one.name == csp.__name__]
    assert "\n" not in record.getMessage()
    assert len(record.getMessage()) < 600


def test_without_redis_a_report_is_logged_and_nothing_fails(house: System, caplog: pytest.LogCaptureFixture) -> None:
    from dataclasses import replace

    away = replace(house, redis=connect("unix:///nonexistent/redis.sock"))
    csp.note(away, json.dumps(OLD).encode())
    assert csp.counts(away) == {}
    assert "script-src-elem" in caplog.text
