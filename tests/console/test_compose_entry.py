"""An alert begun from a feed's entry: in its issuer's words, or in our own with its area."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from broadcaster.app import create_app
from broadcaster.demo.samples import sample
from broadcaster.domain.alert import Alert
from broadcaster.domain.config import Config, FeedConfig
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.schema import feed_entries, zones
from tests.console.compose_forms import Writer
from tests.services.agency import agency, settle_people, square

FEED = FeedConfig("cap", "cap", trust="official", enabled=False)
SECOND = replace(FEED, name="mirror")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(FEED, SECOND))


@pytest.fixture
def system(house: System) -> System:
    settle_people(house)
    with house.database.write() as connection:
        row = {"id": "sampled", "slug": "sampled", "name": "Clearwater Valley", "ugc": [], "same": []}
        connection.execute(zones.insert().values(**row, geometry=_square()))
    ingest(house, FEED, sample("cap", house.now()), {}, Actor("feed:cap", "test"))
    return house


def _square() -> dict[str, object]:
    made = square(-121.0, 44.0)
    ring = [[-121.0, 44.0], [-120.2, 44.0], [-120.2, 44.5], [-121.0, 44.5], [-121.0, 44.0]]
    return {**made, "coordinates": [ring]}


@pytest.fixture
def entry(system: System) -> int:
    with system.database.read() as connection:
        return int(connection.execute(sa.select(feed_entries.c.id)).scalar_one())


@pytest.fixture
def author(system: System) -> Writer:
    app: Flask = create_app(system)
    return Writer.of(app, "author@judge.example")


def made_of(system: System, entry: int) -> Alert:
    with system.database.read() as connection:
        id_ = connection.execute(sa.select(feed_entries.c.alert).where(feed_entries.c.id == entry)).scalar_one()
        return store.get(connection, str(id_))


def test_an_entry_becomes_an_alert_in_its_issuers_words(author: Writer, system: System, entry: int) -> None:
    page = f"/console/entries/{entry}/compose"
    form = author.form(page)
    assert len(form.getlist("kept")) >= 1
    assert form.getlist("zone") == []
    answer = author.send(page, form, "save")
    made = made_of(system, entry)
    assert answer.headers["Location"] == f"/console/alerts/{made.id}/edit"
    assert (made.content.template, made.source.feed, made.zones) == ("cap", "cap", ("sampled",))
    assert made.content.infos[0].headline != ""


def test_both_feeds_that_brought_a_warning_are_named_on_its_alert(author: Writer, system: System, entry: int) -> None:
    author.send(f"/console/entries/{entry}/compose", author.form(f"/console/entries/{entry}/compose"), "save")
    ingest(system, SECOND, sample("cap", system.now()), {}, Actor("feed:mirror", "test"))
    with system.database.read() as connection:
        first, second = connection.execute(sa.select(feed_entries.c.id).order_by(feed_entries.c.id)).scalars()
    page = author.client.get(f"/console/alerts/{made_of(system, entry).id}").get_data(True)
    assert f'<a href="/console/entries/{first}">cap</a>' in page
    assert f'<a href="/console/entries/{second}">mirror</a>' in page


def test_an_edited_draft_of_an_entry_keeps_its_words_its_source_and_its_area(
    author: Writer, system: System, entry: int
) -> None:
    page = f"/console/entries/{entry}/compose"
    author.send(page, author.form(page), "save")
    before = made_of(system, entry)
    edit = f"/console/alerts/{before.id}/edit"
    assert author.send(edit, author.form(edit), "save", zone="hills").status_code == 302
    after = made_of(system, entry)
    assert set(after.zones) == {"sampled", "hills"}
    assert (after.source, after.content.infos[0].description) == (before.source, before.content.infos[0].description)
    assert set(before.content.areas) < set(after.content.areas)


def test_our_own_words_take_the_entrys_area(author: Writer, system: System, entry: int) -> None:
    page = f"/console/entries/{entry}/compose?template=evacuation_warning"
    assert author.send(page, author.form(page), "submit", f__hazard="flood").status_code == 302
    made = made_of(system, entry)
    assert (made.content.template, made.zones, str(made.state)) == ("evacuation_warning", ("sampled",), "in_review")
    assert made.source.feed == "cap"


def test_an_area_of_the_entry_may_be_left_out(author: Writer, system: System, entry: int) -> None:
    page = f"/console/entries/{entry}/compose?template=evacuation_warning"
    author.send(page, author.form(page), "save", f__hazard="flood", kept=[], zone="hills")
    made = made_of(system, entry)
    assert made.zones == ("hills",)
    assert [area.description for area in made.content.areas] == ["Judge Hills"]


def test_the_choice_of_templates_leads_back_to_the_entry(author: Writer, entry: int) -> None:
    page = author.client.get(f"/console/new?entry={entry}").get_data(True)
    assert f"/console/entries/{entry}/compose?template=evacuation_order" in page
    assert "/console/new/bundle" not in page


def test_an_area_that_was_tampered_with_is_refused(author: Writer, entry: int) -> None:
    page = f"/console/entries/{entry}/compose?template=evacuation_warning"
    answer = author.send(page, author.form(page), "save", f__hazard="flood", kept='{"description": 3}')
    assert answer.status_code == 422
    assert "area cannot be read" in answer.get_data(True)


def test_what_is_no_entry_or_no_warning_is_said(author: Writer, system: System, entry: int) -> None:
    assert author.client.get("/console/entries/999999/compose").status_code == 404
    with system.database.write() as connection:
        connection.execute(feed_entries.update().values(raw=b"not a warning"))
    assert author.client.get(f"/console/entries/{entry}/compose").status_code == 409
