"""Bodies and paths that once were answered with 500, 503 or no problem document."""

from __future__ import annotations

import gzip
import json

import pytest
from flask import Flask

from broadcaster.services.system import System
from tests.api.conftest import Machine
from tests.api.test_alerts import counted, problem, template_draft


def test_the_cap_template_needs_a_document(partner: Machine, filled: System) -> None:
    body = {"template": "cap", "zones": ["north"]}
    problem(partner.post("/api/v1/alerts", json=body), 422, "cap_document")
    assert counted(filled) == 0


@pytest.mark.parametrize("packed", ["gzip", "deflate, gzip", "br", "GZIP"])
def test_a_packed_body_is_refused_with_what_to_do(partner: Machine, filled: System, packed: str) -> None:
    body = gzip.compress(json.dumps(template_draft(filled)).encode())
    answer = partner.post("/api/v1/alerts", body, "application/json", Content_Encoding=packed)
    told = problem(answer, 415, "unsupported_media_type")
    assert packed.lower() in told["detail"]
    assert "without Content-Encoding" in told["detail"]
    assert counted(filled) == 0


@pytest.mark.parametrize("plain", ["identity", "", " Identity "])
def test_a_body_that_says_it_is_as_it_is_is_read(partner: Machine, filled: System, plain: str) -> None:
    body = json.dumps(template_draft(filled)).encode()
    assert partner.post("/api/v1/alerts", body, "application/json", Content_Encoding=plain).status_code == 201


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_end_beyond_the_calendar_is_refused(partner: Machine, filled: System, end: str) -> None:
    problem(partner.post("/api/v1/alerts", json=template_draft(filled) | {"expires": end}), 422, "expires")
    assert counted(filled) == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_coordinates_are_numbers(partner: Machine, filled: System, number: str) -> None:
    ring = f"[[{number},{number}],[1,2],[2,2],[{number},{number}]]"
    area = '{"areaDesc":"x","geometry":{"type":"Polygon","coordinates":[' + ring + "]}}"
    body = '{"template":"severe_weather","areas":[' + area + "]}"
    answer = partner.post("/api/v1/alerts", data=body, content_type="application/json")
    problem(answer, 422, "json_fields")
    assert counted(filled) == 0


@pytest.mark.parametrize("door", ["", "/deliveries"])
def test_a_nul_in_a_path_finds_nothing_and_blames_no_database(partner: Machine, filled: System, door: str) -> None:
    answer = partner.get(f"/api/v1/alerts/%00{door}")
    assert answer.status_code in (404, 422)
    problem(answer, answer.status_code, "no_alert" if answer.status_code == 404 else "unreadable_text")


def test_a_login_with_a_nul_is_no_failure_of_ours(app: Flask, filled: System) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post("/console/login", data={"email": "a\0@b.example", "password": "x\0"})
    assert answer.status_code < 500
