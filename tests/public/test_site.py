"""The folder that the front reads: whole versions, only newer ones, made once for each host."""

from __future__ import annotations

import json
import os
import queue
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from lxml import etree

from broadcaster.domain.alert import State
from broadcaster.public import atom
from broadcaster.public import site as site_module
from broadcaster.public.atom import LARGEST
from broadcaster.public.pages import Pages, environment
from broadcaster.public.reading import Checked, Library, Shelf
from broadcaster.public.site import KEEP, Site, Writer
from broadcaster.public.views import View
from broadcaster.services import publish
from broadcaster.services.system import System
from broadcaster.transport.announce import STREAM
from tests.public.made import alert, cancel, info, put, put_zones

# What is written, not where it is read from: one kind of database shows it.
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def county(system: System) -> System:
    with system.database.write() as connection:
        put_zones(connection)
    return system


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


def go(system: System, *found: Any) -> int:
    with system.database.write() as connection:
        put(connection, *found)
        return publish.publish(system, connection, system.now())


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "current").read_bytes())
    return found


def shelf(folder: Path, state: int = 0) -> Shelf:
    found = manifest(folder)
    return Shelf(folder, found, found["states"][state])


def text(folder: Path, path: str, state: int = 0) -> str:
    found = shelf(folder, state).get(path)
    assert found is not None, path
    return found[0].raw.decode()


def test_a_version_is_written_once_and_only_when_it_is_another(county: System, folder: Path) -> None:
    writer = Writer(folder)
    assert writer.number() == 0
    go(county, alert("a1", county.now()))
    assert writer.write(county) is True
    assert writer.number() == 1
    assert writer.write(county) is False
    assert Writer(folder).number() == 1
    number = go(county)
    assert writer.write(county) is True
    assert writer.number() == number


def test_nothing_published_is_nothing_written(county: System, folder: Path) -> None:
    assert Writer(folder).write(county) is False
    assert not (folder / "current").exists()


def test_hosts_that_write_at_once_make_it_once(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    wrote: list[bool] = []
    threads = [threading.Thread(target=lambda: wrote.append(Writer(folder).write(county))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wrote) == [False, False, False, True]


@ONCE
def test_the_states_ahead_are_there_before_their_time(county: System, folder: Path) -> None:
    now = county.now()
    number = go(county, alert("a1", now, expires=now + timedelta(hours=1)))
    Writer(folder).write(county)
    assert [s["number"] for s in manifest(folder)["states"]] == [number, number + 1]
    assert "Act now" in text(folder, "/")
    assert "Expired: not declared safe" in text(folder, "/", 1)
    assert "Expired: not declared safe" in text(folder, "/archive", 1)
    assert "Expired" not in text(folder, "/archive", 0)
    assert json.loads(text(folder, "/alerts.geojson", 1))["features"] == []


@ONCE
def test_half_a_version_is_made_again(county: System, folder: Path) -> None:
    now = county.now()
    number = go(county, alert("a1", now, expires=now + timedelta(hours=1)))
    Writer(folder).write(county)
    half = f"versions/{number}-now.json"
    assert not json.loads((folder / half).read_bytes())["complete"]
    (folder / "current").unlink()
    (folder / "current").symlink_to(half)  # as if the power had gone between the two flips
    assert Writer(folder).number() == 0
    assert Writer(folder).write(county) is True
    assert manifest(folder)["complete"]


@ONCE
def test_files_made_by_other_code_are_made_again(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)
    target = folder / os.readlink(folder / "current")
    target.write_text(json.dumps({**manifest(folder), "build": "older"}))
    assert Writer(folder).number() == 0
    assert Writer(folder).write(county) is True


def test_a_restored_record_with_a_lower_number_is_followed(county: System, folder: Path) -> None:
    for _ in range(3):
        go(county)
    writer = Writer(folder)
    writer.write(county)
    with county.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM versions WHERE number > 1")
    assert writer.write(county) is True
    assert writer.number() == 1


def test_permanent_pages_are_carried_along_without_the_record(county: System, folder: Path) -> None:
    now = county.now()
    go(county, alert("old", now - timedelta(days=9), state=State.LIFTED, ended_at=now - timedelta(days=8)))
    writer = Writer(folder)
    writer.write(county)
    with county.database.write() as connection:
        connection.exec_driver_sql('UPDATE alerts SET content = \'{"template": "broken"}\'')
        number = publish.publish(county, connection, county.now())
    writer.write(county)
    assert manifest(folder)["number"] == number
    assert "<span>Lifted</span>" in text(folder, "/alerts/evacuation-order-old")


@ONCE
def test_old_versions_and_their_objects_go(county: System, folder: Path) -> None:
    writer = Writer(folder)
    for number in range(KEEP + 2):  # two manifests each
        go(county, alert(f"a{number}", county.now(), until_lifted=True, expires=None))
        writer.write(county)
    assert len(list((folder / "versions").iterdir())) <= 2 * KEEP
    used = {
        entry[0]
        for p in (folder / "versions").iterdir()
        for s in json.loads(p.read_bytes())["states"]
        for entry in s["files"].values()
    }
    assert {p.name for p in (folder / "objects").iterdir()} <= used
    assert text(folder, "/")


def test_the_thread_follows_the_record_and_gives_notice(county: System, folder: Path) -> None:
    told: queue.Queue[int] = queue.Queue()
    settings = replace(county.settings, database_url=county.database.url)
    thread = Site(settings, county.config, folder, lambda: told.put(Writer(folder).number()))
    thread.start()
    try:
        while told.get(timeout=60) != 1:
            continue
        publish.tell(county, go(county, alert("a1", county.now())))
        while told.get(timeout=60) != 2:
            continue
    finally:
        thread.stop()
    assert not thread.is_alive()
    assert Checked.load(folder).at is not None
    assert county.redis.xlen(STREAM) >= 1


@ONCE
def test_the_thread_outlives_a_database_that_is_away(county: System, folder: Path, tmp_path: Path) -> None:
    told = threading.Event()
    settings = replace(county.settings, database_url=f"sqlite:///{tmp_path}/nowhere/x.db")
    thread = Site(settings, county.config, folder, told.set)
    thread.start()
    try:
        assert not told.wait(0.5)
        assert thread.is_alive()
    finally:
        thread.stop()


@ONCE
def test_a_feed_never_grows_over_its_limit_and_keeps_the_most_pressing(county: System) -> None:
    now = county.now()
    long = "ñ" * 1900
    many = [
        alert(f"a{n}", now, "be_aware", infos=(info("be_aware", description=long, instruction=""),), until_lifted=True)
        for n in range(300)
    ]
    go(county, *many, alert("worst", now))
    row = publish.newest(county)
    assert row is not None
    feed = atom.feed(View(row["bundle"], row["bundle"]["states"][0], row["published"]))
    assert len(feed) <= LARGEST
    titles = etree.fromstring(feed).findall("{*}entry/{*}link[@type='application/cap+xml']")
    assert titles[0].get("href") == f"{county.settings.public_url}/cap/judge-worst.xml"
    assert 100 < len(titles) < 301


@ONCE
def test_an_entry_of_an_ended_alert_says_how_it_ended(county: System, folder: Path) -> None:
    now = county.now()
    go(county, alert("a1", now, state=State.CANCELLED, ended_at=now), cancel("c1", now, "a1", "sent_in_error"))
    Writer(folder).write(county)
    assert text(folder, "/feed.atom").count("<title>Sent in error: no danger: Leave") == 2


@ONCE
def test_the_feed_speaks_the_agencys_first_language(county: System, folder: Path) -> None:
    spanish = replace(county, config=replace(county.config, agency=replace(county.config.agency, languages=("es",))))
    go(spanish, alert("a1", county.now(), state=State.LIFTED, ended_at=county.now()))
    Writer(folder).write(spanish)
    assert "<title>Levantada: Leave" in text(folder, "/feed.atom")


@pytest.mark.parametrize("days", [0, 9])
def test_what_its_issuer_cancelled_is_never_called_an_error_or_safe(county: System, folder: Path, days: int) -> None:
    at = county.now() - timedelta(days=days)
    go(county, alert("a1", at, state=State.CANCELLED, ended_at=at), cancel("c1", at, "a1", "cap"))
    Writer(folder).write(county)
    page = text(folder, "/alerts/evacuation-order-a1")
    words = "Cancelled by its issuer: not declared safe"
    assert f"<span>{words}</span>" in page
    assert f"<span>{words}</span>" in text(folder, "/alerts/evacuation-order-c1")
    assert text(folder, "/archive").count(words) == 2
    assert "Judge County has cancelled it, perhaps because it ended early. Nobody here has declared it safe." in page
    assert "la ha cancelado" in text(folder, "/es/alerts/evacuation-order-a1")
    paths = ["/", "/archive", "/zones/judge-valley", "/alerts/evacuation-order-a1", "/feed.atom"]
    assert not [path for path in paths if "error" in text(folder, path) or "no danger" in text(folder, path)]
    if not days:
        assert text(folder, "/feed.atom").count("<title>Cancelled by its issuer: not declared safe: Leave") == 2
        assert text(folder, "/").count("<span>Cancelled by its issuer: not declared safe</span>") == 1
        assert "Cancelled by its issuer: not declared safe" in text(folder, "/zones/judge-valley")


@ONCE
def test_an_identifier_with_signs_of_its_own_can_be_fetched(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now(), identifier="urn:oid:2.49/x y"))
    Writer(folder).write(county)
    assert "urn:oid" in text(folder, "/cap/urn:oid:2.49/x y.xml")
    assert "/cap/urn%3Aoid%3A2.49/x%20y.xml" in text(folder, "/alerts/evacuation-order-a1")


@ONCE
def test_an_event_that_outlasts_its_message_says_so(county: System, folder: Path) -> None:
    now = county.now()
    longer = (info(ends=now + timedelta(hours=3)),)
    go(county, alert("a1", now, infos=longer), alert("a2", now, infos=(info(ends=now + timedelta(hours=1)),)))
    Writer(folder).write(county)
    holds = re.compile(r"Until <time[^>]*>([^<]+)<.*This message holds until <time[^>]*>([^<]+)</time>\.", re.DOTALL)
    found = holds.search(text(folder, "/alerts/evacuation-order-a1"))
    assert found
    assert found[1] != found[2]
    assert "This message holds until" not in text(folder, "/alerts/evacuation-order-a2")


def test_a_template_that_names_what_is_not_there_fails_loudly() -> None:
    with pytest.raises(UndefinedError):
        environment().get_template("missing.html.j2").render()


def test_a_build_changes_with_the_templates() -> None:
    assert site_module.build() == site_module.build()
    assert len(site_module.build()) == 16


@pytest.fixture
def library(county: System, folder: Path) -> Library:
    now = county.now()
    go(county, alert("a1", now, expires=now + timedelta(hours=1)))
    Writer(folder).write(county)
    return Library(folder)


@ONCE
def test_a_library_reads_what_current_names_once(library: Library, county: System) -> None:
    assert library.refresh() is True
    assert library.refresh() is False
    state = library.due(county.now())
    assert state is not None
    assert state["number"] == 1
    assert library.next_boundary(county.now()) is not None
    later = county.now() + timedelta(hours=1)
    assert (library.due(later) or {})["number"] == 2
    assert library.next_boundary(later + timedelta(days=2)) is None
    assert (library.due(county.now() - timedelta(days=1)) or {})["number"] == 1


def test_an_empty_or_broken_folder_is_nothing_yet(tmp_path: Path) -> None:
    library = Library(tmp_path)
    assert library.refresh() is False
    assert library.due(datetime.now(UTC)) is None
    assert library.next_boundary(datetime.now(UTC)) is None
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "current").symlink_to("broken.json")
    assert library.refresh() is False
    assert Checked.load(tmp_path).age(datetime.now(UTC)) == float("inf")


@ONCE
def test_equal_pages_of_two_states_are_one_object(county: System) -> None:
    now = county.now()
    go(county, alert("a1", now, expires=now + timedelta(hours=1)))
    row = publish.newest(county)
    assert row is not None
    pages = Pages(row["bundle"], row["published"], environment())
    first, second = (pages.files(state) for state in row["bundle"]["states"])
    assert first["/zones/judge-hills"] is second["/zones/judge-hills"]
    assert first["/zones/judge-valley"].body != second["/zones/judge-valley"].body


@ONCE
def test_a_newer_version_comes_before_the_states_ahead_of_an_older_one(county: System, folder: Path) -> None:
    now = county.now()
    go(county, alert("a1", now, expires=now + timedelta(hours=1)))
    published: list[int] = []

    def meanwhile() -> None:
        if not published:
            published.append(go(county, alert("a2", now)))

    Writer(folder, meanwhile).write(county)
    assert not manifest(folder)["complete"]
    assert Writer(folder).number() == 0
    assert Writer(folder).write(county) is True
    assert manifest(folder)["number"] == published[0]


@ONCE
def test_a_body_that_is_not_what_its_name_says_is_never_shown(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)
    name = manifest(folder)["states"][0]["files"]["/"][0]
    (folder / "objects" / name).write_bytes(b"")
    with pytest.raises(ValueError, match="not what it was"):
        shelf(folder)
    (folder / "current").unlink()
    assert Writer(folder).write(county) is True
    assert "Act now" in text(folder, "/")
