"""Feeds that are not well ring once; what polls leave behind for it. One kind of database: nothing here differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, RuleConfig
from broadcaster.services import feed_health
from broadcaster.services.poll import poll, poll_due
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store.schema import feed_documents, feed_entries, feed_states
from tests.alert_feeds.loopback import says
from tests.services.agency import agency, rows
from tests.services.feed_documents import document
from tests.services.test_poll import DAY, Served, again, feed_state, history, index, make, served

__all__ = ["make", "served"]
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def config(tmp_path: object) -> Config:
    return replace(agency(tmp_path), rules=(RuleConfig("all", "show"),))  # type: ignore[arg-type]


def rings(system: System) -> list[str]:
    feed_health.ring(system)
    with system.database.read() as connection:
        return [row.text for row in alarms.open_alarms(connection) if row.kind == feed_health.KIND]


def polled(system: System) -> Any:
    poll_due(system)
    state = feed_state(system)
    again(system)
    return state


def test_a_refused_feed_rings_once_until_it_is_well_or_off(make: Callable[..., System], served: Served) -> None:
    system = make()
    served.answers["x"] = says(body=document())
    polled(system)
    served.answers["x"] = says(403)
    polled(system)
    polled(system)
    assert rings(system) == []
    polled(system)
    (text,) = rings(system)
    assert text.startswith("The feed nws is refused")
    assert len(rings(system)) == 1
    assert rings(make(enabled=False)) == []
    assert len(rings(system)) == 1
    served.answers["x"] = says(body=document())
    polled(system)
    assert rings(system) == []


def test_the_same_bytes_without_validators_are_not_read_again(make: Callable[..., System], served: Served) -> None:
    system = make()
    served.answers["x"] = says(body=document())
    first = polled(system)
    assert polled(system).changed == first.changed
    assert history(system) == [("ok", 200, 1), ("unchanged", 200, 0)]
    assert poll(system, "nws")["status"] == "ok"
    other = make(mapping={"severity": "Minor"})
    polled(other)
    assert history(system)[-1] == ("ok", 200, 1)
    kept = rows(system, sa.select(feed_documents.c.size, feed_documents.c.content_type))
    assert [size for size, _ in kept] == [len(document())]


def test_an_index_whose_links_say_nothing_of_changes_is_read_each_time(
    make: Callable[..., System], served: Served
) -> None:
    system = make(format="cap_index")
    served.answers |= {"x": says(body=index(served, ("one.xml", ""))), "one.xml": says(body=document())}
    polled(system)
    served.answers["one.xml"] = says(body=document("two", 5))
    polled(system)
    assert len(rows(system, sa.select(feed_entries.c.id))) == 2
    served.answers["x"] = says(body=index(served, ("one.xml", DAY)))
    polled(system)
    polled(system)
    assert history(system)[-1][0] == "unchanged"


def test_the_poll_is_faster_while_a_warning_of_the_feed_is_live(make: Callable[..., System], served: Served) -> None:
    system = make()
    served.answers["x"] = says(body=document())
    assert timedelta(seconds=20) < polled(system).due - system.now() <= timedelta(seconds=31)
    quiet = make(name="other")
    served.answers["x"] = says(body=document(status="Test"))
    poll_due(quiet)
    with system.database.read() as connection:
        due = connection.execute(sa.select(feed_states.c.due).where(feed_states.c.name == "other")).scalar_one()
    assert due - system.now() > timedelta(seconds=50)
