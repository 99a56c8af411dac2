"""Machines hand alerts in and read them; they never put anything on air."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from broadcaster.api.openapi import ROUTES
from broadcaster.api.schemas import AlertOut, DeliveriesOut, Made
from broadcaster.domain.errors import Forbidden, Refused
from broadcaster.services import show, tokens, users
from broadcaster.services.approve import approve
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import alerts, idempotency_keys
from tests.api.conftest import SHELL, Machine
from tests.api.documents import cap, reference
from tests.conftest import Clock
from tests.people import hire

ORDER = {"template": "cap", "zones": ["north"], "fields": {"headline": "Leave now"}}


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem of an answer that must be one."""
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), answer.get_data(True)
    body: dict[str, Any] = answer.get_json(force=True)
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["detail"]
    return body


def counted(system: System, table: sa.Table = alerts) -> int:
    with system.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def template_draft(system: System) -> dict[str, Any]:
    """A whole draft by template and fields."""
    from broadcaster.rendering.templates import load

    fields = {name: "Highway 9" for name, field in load("severe_weather").spec.fields.items()}
    return {"template": "severe_weather", "zones": ["north"], "fields": fields}


# --- CAP ------------------------------------------------------------------------------------------------------------
def test_a_cap_document_becomes_a_draft_for_the_zones_it_overlaps(
    partner: Machine, filled: System, clock: Clock
) -> None:
    answer = partner.cap(cap(clock.at))
    assert answer.status_code == 201
    made = Made.model_validate(answer.get_json())
    assert made.state == "draft"
    assert answer.headers["Location"] == f"/api/v1/alerts/{made.id}"
    found = AlertOut.model_validate(partner.get(f"/api/v1/alerts/{made.id}").get_json())
    assert (found.zones, found.people, found.source.token) == (["north"], {"sms": 2}, "partner")
    assert found.source.identifier == "doc-1"
    assert {message.channel for message in found.messages} == {"sms", "social"}


def test_the_same_document_again_is_the_same_alert_and_other_content_is_refused(
    partner: Machine, filled: System, clock: Clock
) -> None:
    first, again = partner.cap(cap(clock.at)), partner.cap(cap(clock.at))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json()["id"] == again.get_json()["id"]
    problem(partner.cap(cap(clock.at, headline="Something else")), 409, "content_differs")
    assert counted(filled) == 1


@pytest.mark.parametrize("status", ["System", "Test", "Draft"])
def test_what_is_not_actual_is_not_taken(partner: Machine, filled: System, clock: Clock, status: str) -> None:
    problem(partner.cap(cap(clock.at, status=status)), 422, "cap_status")
    assert counted(filled) == 0


@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_what_is_not_public_is_not_taken(partner: Machine, filled: System, clock: Clock, scope: str) -> None:
    problem(partner.cap(cap(clock.at, scope=scope)), 422, "cap_scope")
    assert counted(filled) == 0


def test_an_acknowledgement_is_no_alert(partner: Machine, clock: Clock) -> None:
    problem(partner.cap(cap(clock.at, msg_type="Ack")), 422, "cap_msg_type")


def test_an_exercise_stays_an_exercise(partner: Machine, clock: Clock) -> None:
    made = partner.cap(cap(clock.at, status="Exercise")).get_json()
    assert partner.get(f"/api/v1/alerts/{made['id']}").get_json()["mode"] == "exercise"


def test_without_an_area_it_is_kept_but_cannot_be_submitted(partner: Machine, clock: Clock) -> None:
    answer = partner.cap(cap(clock.at, area=""))
    assert answer.status_code == 201
    assert any(finding["blocking"] for finding in answer.get_json()["findings"])
    assert partner.post(f"/api/v1/alerts/{answer.get_json()['id']}/submit").status_code == 409


def test_update_and_cancel_name_what_they_replace(partner: Machine, clock: Clock) -> None:
    first = partner.cap(cap(clock.at)).get_json()["id"]
    later = clock.at + timedelta(minutes=1)
    update = partner.cap(cap(later, identifier="doc-2", msg_type="Update", references=reference(clock.at))).get_json()
    found = partner.get(f"/api/v1/alerts/{update['id']}").get_json()
    assert (found["msgType"], found["replaces"], found["state"]) == ("Update", [first], "draft")
    cancel = partner.cap(
        cap(later, identifier="doc-3", msg_type="Cancel", references=reference(clock.at), infos=False)
    ).get_json()
    found = partner.get(f"/api/v1/alerts/{cancel['id']}").get_json()
    assert (found["msgType"], found["replaces"], found["zones"]) == ("Cancel", [first], ["north"])
    assert all("Flash Flood Warning" in message["text"] for message in found["messages"])


def test_an_unknown_reference_is_kept_with_a_finding(partner: Machine, clock: Clock) -> None:
    answer = partner.cap(cap(clock.at, msg_type="Update", references=reference(clock.at, "never-seen")))
    assert answer.status_code == 201
    assert "unknown_reference" in {finding["code"] for finding in answer.get_json()["findings"]}


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"<alert/>", b"<html></html>", b"<alert", b'{"a": 1}', b"\xff\xfe\x00", b"<!DOCTYPE x><alert/>"],
)
def test_what_is_no_cap_is_refused(partner: Machine, filled: System, body: bytes) -> None:
    answer = partner.cap(body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert counted(filled) == 0


@given(st.binary(max_size=400))
@bounded(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered(partner: Machine, clock: Clock, noise: bytes) -> None:
    good = cap(clock.at).encode()
    for body in (noise, good[: len(noise) * 4] + noise):
        assert partner.cap(body).status_code in (201, 200, 409, 422)


# --- JSON -----------------------------------------------------------------------------------------------------------
def test_an_alert_by_template_becomes_a_draft(partner: Machine, filled: System, clock: Clock) -> None:
    answer = partner.post("/api/v1/alerts", json=template_draft(filled))
    assert answer.status_code == 201, answer.get_data(True)
    found = partner.get(f"/api/v1/alerts/{answer.get_json()['id']}").get_json()
    assert (found["template"], found["zones"], found["source"]["token"]) == ("severe_weather", ["north"], "partner")
    assert found["hashtag"] == ""


def test_a_partner_may_name_the_incident_that_it_begins(partner: Machine, filled: System) -> None:
    body = template_draft(filled) | {"hashtag": "Bear Creek Fire"}
    made = partner.post("/api/v1/alerts", json=body).get_json()["id"]
    assert partner.get(f"/api/v1/alerts/{made}").get_json()["hashtag"] == "BearCreekFire"
    problem(partner.post("/api/v1/alerts", json=body | {"hashtag": "911"}), 422, "hashtag")
    later = body | {"replaces": [made], "hashtag": "Other"}
    problem(partner.post("/api/v1/alerts", json=later), 422, "hashtag_of_incident")


def test_a_drill_that_no_channel_carries_says_so_and_cannot_be_submitted(partner: Machine, filled: System) -> None:
    drill = template_draft(filled) | {"mode": "exercise", "fields": {"event": "tornado", "guidance": "go_indoors"}}
    made = partner.post("/api/v1/alerts", json=drill)
    assert made.status_code == 201
    id_ = made.get_json()["id"]
    found = AlertOut.model_validate(partner.get(f"/api/v1/alerts/{id_}").get_json())
    assert (found.mode, found.messages) == ("exercise", [])
    assert [f.code for f in found.findings if f.blocking] == ["no_channels"]
    problem(partner.post(f"/api/v1/alerts/{id_}/submit"), 409, "no_channels")
    problem(partner.post("/api/v1/alerts", json=drill | {"channels": ["sms"]}), 422, "not_for_drills")
    assert counted(filled) == 1


def test_an_area_in_geojson_finds_its_zones(partner: Machine, filled: System) -> None:
    body = template_draft(filled) | {
        "zones": [],
        "areas": [
            {
                "areaDesc": "The bend",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[-120.6, 44.4], [-120.5, 44.4], [-120.5, 44.5], [-120.6, 44.4]]],
                },
            }
        ],
    }
    answer = partner.post("/api/v1/alerts", json=body)
    assert answer.status_code == 201, answer.get_data(True)
    assert partner.get(f"/api/v1/alerts/{answer.get_json()['id']}").get_json()["zones"] == ["north"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"surprise": 1}, "json_fields"),
        ({"zones": "north"}, "json_fields"),
        ({"fields": {"a": 1}}, "json_fields"),
        ({"mode": "real"}, "json_fields"),
        ({"expires": "2026-11-22T18:30:00"}, "json_fields"),
        ({"expires": "soon"}, "json_fields"),
        ({"areas": [{"areaDesc": "x"}]}, "json_fields"),
        ({"zones": ["atlantis"]}, "unknown_zone"),
        ({"channels": ["pigeon"]}, "unknown_channel"),
        ({"languages": ["xx"]}, "unknown_language"),
        ({"template": "nothing"}, "unknown_template"),
    ],
)
def test_a_wrong_field_is_named(partner: Machine, filled: System, change: dict[str, Any], code: str) -> None:
    problem(partner.post("/api/v1/alerts", json=template_draft(filled) | change), 422, code)
    assert counted(filled) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 50_000, b"null", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(partner: Machine, body: bytes) -> None:
    assert partner.post("/api/v1/alerts", body, "application/json").status_code == 422


# --- once only --------------------------------------------------------------------------------------------------------
def test_one_key_makes_one_alert_and_another_body_under_it_is_refused(partner: Machine, filled: System) -> None:
    body = template_draft(filled)
    first = partner.post("/api/v1/alerts", json=body, Idempotency_Key="k1")
    again = partner.post("/api/v1/alerts", json=body, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json()["id"] == again.get_json()["id"]
    problem(
        partner.post("/api/v1/alerts", json=body | {"mode": "test"}, Idempotency_Key="k1"),
        422,
        "idempotency_key_reused",
    )
    assert (counted(filled), counted(filled, idempotency_keys)) == (1, 1)
    assert partner.post("/api/v1/alerts", json=body, Idempotency_Key="k2").get_json()["id"] != first.get_json()["id"]


def test_one_key_in_many_requests_at_once_makes_one_alert(partner: Machine, app: Flask, filled: System) -> None:
    body, made = template_draft(filled), []

    def ask() -> None:
        machine = Machine(app.test_client(), partner.token)
        answer = machine.post("/api/v1/alerts", json=body, Idempotency_Key="k")
        made.append((answer.status_code, answer.get_json()["id"]))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len(set(made)) == 1
    assert counted(filled) == 1


def test_a_key_belongs_to_its_token(partner: Machine, app: Flask, filled: System) -> None:
    other = Machine(app.test_client(), tokens.add(filled, SHELL, "other", "submit"))
    body = template_draft(filled)
    made = {
        machine.post("/api/v1/alerts", json=body, Idempotency_Key="k").get_json()["id"] for machine in (partner, other)
    }
    assert len(made) == 2


def test_a_key_holds_for_cap_as_well_and_must_not_be_endless(partner: Machine, filled: System, clock: Clock) -> None:
    first, again = partner.cap(cap(clock.at), Idempotency_Key="k"), partner.cap(cap(clock.at), Idempotency_Key="k")
    assert first.get_json() == again.get_json()
    problem(partner.cap(cap(clock.at, identifier="doc-2"), Idempotency_Key="k"), 422, "idempotency_key_reused")
    problem(partner.cap(cap(clock.at), Idempotency_Key="k" * 256), 422, "idempotency_key")


# --- who may ----------------------------------------------------------------------------------------------------------
def test_without_a_token_there_is_nothing_but_the_description(app: Flask) -> None:
    client = app.test_client()
    for path in ("/api/v1/alerts", "/api/v1/alerts/x", "/api/v1/alerts/x/deliveries", "/metrics"):
        answer = client.get(path)
        problem(answer, 401, "token_missing")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    problem(client.post("/api/v1/alerts", data="x", content_type="application/cap+xml"), 401, "token_missing")
    assert client.get("/api/v1/openapi.json").status_code == 200


def test_a_token_for_reading_writes_nothing(reader: Machine, partner: Machine, filled: System, clock: Clock) -> None:
    problem(reader.cap(cap(clock.at)), 403, "scope")
    made = partner.cap(cap(clock.at)).get_json()["id"]
    problem(reader.post(f"/api/v1/alerts/{made}/submit"), 403, "scope")
    assert reader.get(f"/api/v1/alerts/{made}").get_json()["state"] == "draft"


@pytest.mark.parametrize(
    "verb", ["approve", "override", "reject", "return", "withdraw", "stop", "cancel", "lift", "extend"]
)
def test_a_machine_finds_no_door_to_anything_but_submitting(partner: Machine, clock: Clock, verb: str) -> None:
    made = partner.cap(cap(clock.at)).get_json()["id"]
    problem(partner.post(f"/api/v1/alerts/{made}/{verb}"), 404, "not_found")


def test_the_owner_of_a_submitting_token_cannot_approve(
    app: Flask, filled: System, approver: Actor, clock: Clock
) -> None:
    owned = Machine(app.test_client(), tokens.add(filled, SHELL, "owned", "submit", "approver@judge.example"))
    made = owned.cap(cap(clock.at)).get_json()["id"]
    assert owned.post(f"/api/v1/alerts/{made}/submit").get_json() == {"id": made, "state": "in_review"}
    seen = show.alert(filled, made)
    assert seen["submitted_by"] == "approver@judge.example"
    with pytest.raises(Forbidden, match="four_eyes"):
        approve(filled, approver, made, seen["digest"])


def test_what_a_machine_submitted_one_person_may_approve(
    partner: Machine, filled: System, approver: Actor, clock: Clock
) -> None:
    made = partner.cap(cap(clock.at)).get_json()["id"]
    partner.post(f"/api/v1/alerts/{made}/submit")
    with pytest.raises(Refused):
        approve(filled, approver, made, "another digest")
    approve(filled, approver, made, show.alert(filled, made)["digest"])
    assert partner.get(f"/api/v1/alerts/{made}").get_json()["state"] == "live"
    totals = DeliveriesOut.model_validate(partner.get(f"/api/v1/alerts/{made}/deliveries").get_json())
    assert set(totals.channels) == {"sms", "social"}


def test_somebody_without_the_role_cannot_approve(partner: Machine, filled: System, clock: Clock) -> None:
    hire(filled, {"author": ["author"]})
    author = users.verify(filled, "author@judge.example", "right horse battery", "", "cli:x@y")
    made = partner.cap(cap(clock.at)).get_json()["id"]
    partner.post(f"/api/v1/alerts/{made}/submit")
    with pytest.raises(Forbidden, match="role"):
        approve(filled, author, made, show.alert(filled, made)["digest"])


# --- forms of requests ------------------------------------------------------------------------------------------------
def test_every_refusal_is_a_problem_document(partner: Machine) -> None:
    problem(partner.get("/api/v1/nothing"), 404, "not_found")
    problem(partner.get("/api/v1/alerts/none"), 404, "no_alert")
    problem(partner.get("/api/v1/alerts/none/deliveries"), 404, "no_alert")
    problem(partner.post("/api/v1/alerts/none/submit"), 404, "no_alert")
    answer = partner.client.delete("/api/v1/alerts", headers={"Authorization": f"Bearer {partner.token}"})
    problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
    problem(partner.post("/api/v1/alerts", "x", "text/plain"), 415, "unsupported_media_type")
    problem(partner.post("/api/v1/alerts"), 415, "unsupported_media_type")
    problem(partner.cap(b"x" * (2 * 1024 * 1024 + 1)), 413, "request_entity_too_large")
    problem(partner.get("/api/v1/alerts?state=hungry"), 422, "state")


def test_the_list_holds_alerts_without_messages_and_can_be_narrowed(partner: Machine, clock: Clock) -> None:
    partner.cap(cap(clock.at))
    (one,) = partner.get("/api/v1/alerts").get_json()["alerts"]
    assert "messages" not in one
    assert len(partner.get("/api/v1/alerts?state=draft&state=live").get_json()["alerts"]) == 1
    assert partner.get("/api/v1/alerts?state=live").get_json()["alerts"] == []


def test_the_openapi_document_names_exactly_the_routes_there_are(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    real = {
        (method, rule.rule.replace("<id_>", "{id}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert told == real == {(route.method.upper(), route.path) for route in ROUTES}
    text = str(document)
    names = {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])


def test_metrics_and_health_answer(app: Flask, reader: Machine) -> None:
    assert app.test_client().get("/healthz").status_code == 200
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert not answer.get_json()["ready"]
    assert b"broadcaster_" in reader.get("/metrics").data
