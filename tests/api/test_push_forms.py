"""Browsers join and leave by two presses, get what phones get, and are forgotten when they withdraw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from broadcaster.app import create_app
from broadcaster.channels.web_push import Options
from broadcaster.domain.audience import kind_of, masked
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.push import address_of
from broadcaster.services import channel_desk, joining, notices, subscriber_desk
from broadcaster.services.system import Actor, System
from broadcaster.store import people
from broadcaster.store.schema import alerts, subscriber_zones, subscribers
from tests.providers.base import served
from tests.providers.push import PRIVATE_KEY, Push, PushFaults
from tests.sending import go_live, states
from tests.services.texting import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def fake() -> Iterator[Push]:
    with served(Push(PushFaults(latency=0))) as made:
        yield made


@pytest.fixture
def ground(filled: System) -> System:
    """Browsers beside simulated phones."""
    options = Options(Secret(PRIVATE_KEY), "mailto:alerts@judge.example", allow_private=True)
    config = replace(
        filled.config, channels=(*filled.config.channels, ChannelConfig("push", "web_push", options=options))
    )
    return replace(filled, config=config)


@pytest.fixture
def client(ground: System) -> FlaskClient:
    return create_app(ground).test_client()


def join(client: FlaskClient, fake: Push, **more: Any) -> int:
    body = {"subscription": fake.subscription(), "language": "en", "zones": ["north"], **more}
    return client.post("/subscribe/push", json=body).status_code


def rows(system: System) -> list[Any]:
    with system.database.read() as connection:
        return list(connection.execute(sa.select(subscribers).where(subscribers.c.push.is_not(None))))


def test_a_browser_joins_once_changes_its_choice_and_leaves(client: FlaskClient, ground: System, fake: Push) -> None:
    assert (join(client, fake), join(client, fake, language="en")) == (204, 204)
    [row] = rows(ground)
    assert (row.push, row.language, row.consent_source) == (address_of(fake.subscription()), "en", "web")
    with ground.database.read() as connection:
        chosen = connection.execute(
            sa.select(subscriber_zones.c.zone).where(subscriber_zones.c.subscriber == row.id)
        ).scalars()
        assert list(chosen) == ["north"]
    for _ in range(2):
        assert client.post("/subscribe/push/leave", json={"subscription": fake.subscription()}).status_code == 204
    assert rows(ground) == []


@pytest.mark.parametrize(
    "wrong",
    [{"zones": []}, {"zones": ["nowhere"]}, {"zones": "north"}, {"language": "xx"}, {"subscription": {}}],
)
def test_what_is_not_whole_is_refused(client: FlaskClient, ground: System, fake: Push, wrong: dict[str, Any]) -> None:
    assert join(client, fake, **wrong) == 422
    assert client.post("/subscribe/push", data="[1]", content_type="application/json").status_code == 422
    assert rows(ground) == []


def test_the_button_stands_only_where_browsers_can_join(client: FlaskClient, app: Flask, fake: Push) -> None:
    page = client.get("/es/subscribe").get_data(True)
    assert f'data-key="{len(page)}"' not in page
    assert 'id="push" hidden data-key="B' in page
    assert '<script src="/push.js" defer>' in page
    assert "Recibir alertas en este dispositivo" in page
    without = app.test_client()
    assert "push.js" not in without.get("/subscribe").get_data(True)
    assert join(without, fake) == 409


def test_where_browsers_are_all_there_is_nobody_is_asked_for_an_address(ground: System) -> None:
    only = replace(ground, config=replace(ground.config, channels=ground.config.channels[-1:]))
    page = create_app(only).test_client().get("/subscribe").get_data(True)
    assert 'name="address"' not in page
    assert ('id="push" hidden' in page, "<noscript>" in page, 'name="zones"' in page) == (True, True, True)
    assert joining.ways(only) == {}


def test_an_alert_comes_to_the_browser_and_one_that_withdrew_is_forgotten(
    client: FlaskClient, ground: System, fake: Push
) -> None:
    join(client, fake)
    go_live(ground, zone_ids=["north"], channels=["push"])
    work(ground)
    assert states(ground) == {"delivered": 1}
    [said] = fake.shown.values()
    assert said["url"].endswith("/alerts/one")
    with ground.database.write() as connection:
        connection.execute(alerts.update().values(state="superseded"))
    fake.faults = PushFaults(status=410)
    go_live(ground, "two", zone_ids=["north"], channels=["push"])
    work(ground)
    assert states(ground) == {"delivered": 1, "suppressed": 1}
    assert rows(ground) == []


def test_a_browser_is_counted_but_in_no_file_and_told_nothing_of_our_own(
    client: FlaskClient, ground: System, fake: Push
) -> None:
    before = subscriber_desk.counts(ground)
    join(client, fake)
    after = subscriber_desk.counts(ground)
    assert (after.people - before.people, after.left - before.left) == (1, 0)
    assert [one.left for one in subscriber_desk.search(ground, "", "north")] == [False, False, False]
    with ground.database.read() as connection:
        assert all(stored.person.phone for stored in people.every(connection))
    assert "push" not in notices.routes(ground)
    assert channel_desk.own_address(ground, Actor("author@judge.example", frozenset()), "push") == ""
    address = address_of(fake.subscription())
    assert (kind_of(address), masked(address)) == ("push", "browser •••")
