"""Joining needs the address's own word; leaving needs one press; looking changes nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from broadcaster.app import create_app
from broadcaster.channels import smtp, twilio_voice
from broadcaster.channels.whatsapp import Options
from broadcaster.channels.whatsapp_templates import Template
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.services import joining, simulated, subscribers
from broadcaster.services.system import System
from broadcaster.store.schema import confirmations, opt_outs, subscriber_channels
from broadcaster.store.schema import subscribers as table
from tests.conftest import Clock
from tests.providers.smtp import mail_server

NEW = "+15555550188"
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what a form offers is no matter of SQL


def ask(client: FlaskClient, address: str = "+1 555 555 0188", **more: Any) -> Any:
    return client.post("/subscribe", data={"address": address, "language": "es", "zones": ["north"], **more})


def link(system: System) -> str:
    """The path in the newest text that a simulated phone got."""
    text = simulated.stages(system)[0].threads[0][0].text
    found = re.search(r"https?://[^/]+(/subscribe/confirm\?t=\S+)", text)
    assert found
    return found[1]


def person(system: System, phone: str = NEW) -> Any:
    with system.database.read() as connection:
        return connection.execute(sa.select(table).where(table.c.phone == phone)).one_or_none()


def test_a_person_joins_by_opening_the_link_that_came_to_the_phone(app: Flask, filled: System) -> None:
    client = app.test_client()
    assert "North" in client.get("/subscribe").get_data(True)
    assert ask(client).status_code == 200
    assert person(filled) is None
    path = link(filled)
    assert "Get alerts" in client.get(path).get_data(True)
    assert person(filled) is None
    assert client.post(path).status_code == 200
    row = person(filled)
    assert (row.language, row.consent_source, row.consent_at) == ("es", "web", filled.now())


def test_a_link_works_once_and_for_a_day(app: Flask, filled: System, clock: Clock) -> None:
    client = app.test_client()
    ask(client)
    first = link(filled)
    assert client.post(first).status_code == 200
    assert client.post(first).status_code == 404
    ask(client)
    second = link(filled)
    clock.forward(hours=24)
    assert client.post(second).status_code == 404
    assert client.post("/subscribe/confirm?t=guessed").status_code == 404


def test_who_left_comes_back_by_the_own_confirmed_word(app: Flask, filled: System) -> None:
    with filled.database.write() as connection:
        subscribers.opt_out(filled, connection, NEW, "text:sms", filled.now())
    client = app.test_client()
    ask(client)
    client.post(link(filled))
    assert person(filled).phone_out is None


def test_one_address_is_not_flooded(app: Flask, filled: System, clock: Clock) -> None:
    client = app.test_client()
    assert [ask(client).status_code for _ in range(4)] == [200, 200, 200, 409]
    clock.forward(hours=1)
    assert ask(client).status_code == 200


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"address": "12"}, "too short"),
        ({"address": ""}, "neither"),
        ({"zones": []}, "no zone"),
        ({"zones": ["atlantis"]}, "unknown zone"),
        ({"language": "<b>"}, "language"),
    ],
)
def test_a_mistake_is_named_beside_the_form_and_sends_nothing(
    app: Flask, filled: System, more: dict[str, Any], word: str
) -> None:
    answer = ask(app.test_client(), **more)
    assert answer.status_code == 422
    assert word in answer.get_data(True)
    assert "<b>" not in answer.get_data(True)
    assert simulated.stages(filled)[0].threads == ()


def test_an_address_that_nothing_here_can_reach_is_told_so(app: Flask, filled: System) -> None:
    answer = ask(app.test_client(), "ana@people.example")
    assert answer.status_code == 409
    assert "no mail yet" in answer.get_data(True)
    silent = replace(filled, config=replace(filled.config, channels=()))
    assert "cannot send alerts" in create_app(silent).test_client().get("/subscribe").get_data(True)


def test_a_provider_that_refuses_is_a_clear_answer(app: Flask, filled: System) -> None:
    assert ask(app.test_client(), "+15555550113").status_code == 503


def test_looking_at_the_leaving_page_changes_nothing_and_one_press_leaves(app: Flask, filled: System) -> None:
    client = app.test_client()
    path = subscribers.unsubscribe_url(filled, "+15555550100").removeprefix(filled.settings.public_url)
    assert "+15555550100" in client.get(path).get_data(True)
    assert person(filled, "+15555550100").phone_out is None
    for _ in range(2):
        assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert person(filled, "+15555550100").phone_out is not None
    with filled.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(opt_outs)).scalar_one() == 1


def test_a_link_to_leave_that_we_did_not_write_is_refused(app: Flask, filled: System) -> None:
    client = app.test_client()
    path = subscribers.unsubscribe_url(filled, "+15555550100").removeprefix(filled.settings.public_url)
    for wrong in ("/unsubscribe/x", path[:-2], path.replace("/unsubscribe/", "/unsubscribe/x")):
        assert client.get(wrong).status_code == client.post(wrong).status_code == 404
    assert person(filled, "+15555550100").phone_out is None


@ONCE
def test_who_wants_whatsapp_chooses_it_and_who_does_not_gets_what_every_phone_gets(filled: System) -> None:
    template = Template("HX" + "1" * 32, "Emergency alert for Judge County. {{1}} In danger call 911.")
    options = Options("AC1", Secret("t"), {"en": template}, from_="+15005550006")
    channels = (*filled.config.channels, ChannelConfig("whatsapp", "whatsapp", options=options))
    everyone = twilio_voice.Options("AC1", Secret("t"), "+15005550006", everyone=True)
    nobody_chooses = (*filled.config.channels, ChannelConfig("voice", "twilio_voice", options=everyone))
    for one_way in (filled.config.channels, nobody_chooses, channels[-1:]):
        assert joining.hows(replace(filled, config=replace(filled.config, channels=one_way))) == {}
    both = replace(filled, config=replace(filled.config, channels=channels))
    client = create_app(both).test_client()
    page = client.get("/subscribe").get_data(True)
    assert ('value="text" checked' in page, 'value="whatsapp"> <span>WhatsApp' in page) == (True, True)
    for hows, expected in (
        (["text", "whatsapp"], {"sms", "whatsapp"}),
        (["whatsapp"], {"whatsapp"}),
        (["text"], set()),
    ):
        client.post("/subscribe", data={"address": NEW, "language": "es", "zones": ["north"], "hows": hows})
        client.post(link(both))
        with both.database.read() as connection:
            query = sa.select(subscriber_channels.c.channel).where(subscriber_channels.c.subscriber == person(both).id)
            assert set(connection.execute(query).scalars()) == expected


@ONCE
def test_a_mail_address_comes_by_mail_whatever_is_ticked_for_phones(filled: System) -> None:
    template = Template("HX" + "1" * 32, "Emergency alert for Judge County. {{1}} In danger call 911.")
    options = Options("AC1", Secret("t"), {"en": template}, from_="+15005550006")
    with mail_server() as server:
        by_mail = smtp.Options(f"smtp://127.0.0.1:{server.port}", "Judge County <alerts@judge.example>")
        mail = ChannelConfig("mail", "smtp", options=by_mail)
        channels = (*filled.config.channels, mail, ChannelConfig("whatsapp", "whatsapp", options=options))
        made = replace(filled, config=replace(filled.config, channels=channels))
        joining.ask(made, "ana@judge.example", "es", ["north"], ["whatsapp"])
    with made.database.read() as connection:
        assert connection.execute(sa.select(confirmations.c.details)).scalar_one()["channels"] == []
