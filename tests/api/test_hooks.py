"""Webhooks: nothing of a request is used before it is proven to come from that channel's provider and account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from broadcaster.services.system import System
from broadcaster.store.schema import inbound_texts, opt_outs, receipts
from broadcaster.transport.receipts import LIST

SIDS = {"one": "AC" + "1" * 32, "two": "AC" + "2" * 32}
TOKENS = {"one": "token-one", "two": "token-two"}
RECEIPT = {"MessageSid": "SM1", "MessageStatus": "delivered"}
TEXT = {"MessageSid": "SM2", "From": "+15555550100", "Body": "Stop!"}


def post(
    app: Flask, system: System, path: str, form: Mapping[str, str], *, sid: str = "one", token: str = "one", **more: Any
) -> TestResponse:
    """A request as Twilio signs it for account ``sid`` with ``token``'s auth token."""
    body = {"AccountSid": SIDS[sid], **form}
    signature = RequestValidator(TOKENS[token]).compute_signature(system.settings.public_url + path, body)
    headers = {"X-Twilio-Signature": more.pop("signature", signature)}
    return app.test_client().post(path, data=more.pop("data", body), headers=headers, **more)


def kept(system: System) -> list[dict[str, Any]]:
    return [json.loads(row) for row in system.redis.lrange(LIST, 0, -1)]


def count(system: System, table: sa.Table) -> int:
    with system.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_genuine_receipt_is_kept_with_the_attempt_of_its_query(app: Flask, filled: System) -> None:
    answer = post(app, filled, "/hooks/twilio/one/status?a=abc123", RECEIPT)
    assert (answer.status_code, answer.data) == (204, b"")
    (row,) = kept(filled)
    assert (row["channel"], row["attempt"], row["status"]) == ("one", "abc123", "delivered")


def test_a_status_that_says_nothing_is_answered_and_forgotten(app: Flask, filled: System) -> None:
    assert post(app, filled, "/hooks/twilio/one/status?a=x", {"MessageSid": "SM1"}).status_code == 204
    assert kept(filled) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"signature": "bm90IGEgc2lnbmF0dXJl"},
        {"signature": ""},
        {"token": "two"},
        {"sid": "two"},
        {"sid": "two", "token": "two"},
        {"data": {"AccountSid": SIDS["one"], **RECEIPT, "MessageStatus": "failed"}},
    ],
    ids=["another signature", "none", "other channel's token", "other account", "other channel's all", "changed body"],
)
@pytest.mark.parametrize("kind", ["status?a=x", "inbound"])
def test_what_is_not_signed_for_this_channel_is_refused_unread(
    app: Flask, filled: System, wrong: dict[str, Any], kind: str
) -> None:
    answer = post(app, filled, f"/hooks/twilio/one/{kind}", {**RECEIPT, **TEXT}, **wrong)
    assert answer.status_code == 403
    assert kept(filled) == []
    assert count(filled, inbound_texts) == count(filled, receipts) == count(filled, opt_outs) == 0


def test_the_query_is_part_of_what_is_signed(app: Flask, filled: System) -> None:
    body = {"AccountSid": SIDS["one"], **RECEIPT}
    signed = f"{filled.settings.public_url}/hooks/twilio/one/status?a=mine"
    signature = RequestValidator(TOKENS["one"]).compute_signature(signed, body)
    answer = app.test_client().post(
        "/hooks/twilio/one/status?a=another", data=body, headers={"X-Twilio-Signature": signature}
    )
    assert answer.status_code == 403
    assert kept(filled) == []


@pytest.mark.parametrize("channel", ["nobody", "sms", "social"])
def test_a_channel_without_webhooks_is_not_there(app: Flask, filled: System, channel: str) -> None:
    assert post(app, filled, f"/hooks/twilio/{channel}/status?a=x", RECEIPT).status_code == 404


def test_stop_is_in_sql_before_the_answer_and_a_repeated_webhook_changes_nothing(app: Flask, filled: System) -> None:
    for _ in range(2):
        answer = post(app, filled, "/hooks/twilio/one/inbound", TEXT)
        assert (answer.status_code, answer.mimetype) == (200, "text/xml")
        assert b"<Response/>" in answer.data
        assert (count(filled, inbound_texts), count(filled, opt_outs)) == (1, 1)
    answer = post(
        app, filled, "/hooks/twilio/two/inbound", TEXT | {"Body": "start", "MessageSid": "SM3"}, sid="two", token="two"
    )
    assert answer.status_code == 200
    assert count(filled, opt_outs) == 0


def test_help_says_first_whom_to_call(app: Flask, filled: System) -> None:
    answer = post(app, filled, "/hooks/twilio/one/inbound", TEXT | {"Body": "HELP"})
    assert b"<Message>In danger call 911" in answer.data


def test_an_inbound_text_without_a_sender_is_answered_and_not_kept(app: Flask, filled: System) -> None:
    assert post(app, filled, "/hooks/twilio/one/inbound", {"MessageSid": "SM9"}).status_code == 200
    assert count(filled, inbound_texts) == 0


def test_other_methods_types_and_sizes_are_refused(app: Flask, filled: System) -> None:
    client = app.test_client()
    assert client.get("/hooks/twilio/one/status").status_code == 405
    assert client.post("/hooks/twilio/one/status", json=RECEIPT).status_code == 403
    assert post(app, filled, "/hooks/twilio/one/status?a=x", {**RECEIPT, "x": "y" * 70_000}).status_code == 413


def test_several_values_of_one_name_are_signed_together(app: Flask, filled: System) -> None:
    form = [("AccountSid", SIDS["one"]), *RECEIPT.items(), ("Media", "a"), ("Media", "b")]
    from werkzeug.datastructures import MultiDict

    path = "/hooks/twilio/one/status?a=x"
    signature = RequestValidator(TOKENS["one"]).compute_signature(filled.settings.public_url + path, MultiDict(form))
    answer = app.test_client().post(path, data=MultiDict(form), headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 204


def test_a_channel_that_makes_no_calls_answers_none(app: Flask, filled: System) -> None:
    assert post(app, filled, "/hooks/twilio/one/answer?a=x&s=said", RECEIPT).status_code == 404
