"""The desks through their forms: files that no browser runs, proofs in the same request, hostile values."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.domain.config import Config, FeedConfig
from broadcaster.services import switches
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.store import feeds
from broadcaster.store.schema import feed_states
from tests.console.conftest import PASSWORD, Visitor
from tests.services.agency import agency, settle_people
from tests.services.feed_documents import document, named

Visit = Callable[..., Visitor]
NWS = FeedConfig("nws", "cap", "https://feed.example/x", trust="official")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(NWS,))


@pytest.fixture(autouse=True)
def county(house: System) -> None:
    settle_people(house)
    ingest(house, NWS, document(event="<script>alert(1)</script>"), {}, Actor("feed:nws", "test"))


def test_an_entrys_bytes_come_as_a_file_that_no_browser_runs(visitor: Visit) -> None:
    author = visitor("author")
    answer = author.get("/console/entries/1/raw")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="entry-1.txt"'
    assert answer.data == document(event="<script>alert(1)</script>")
    page = author.get("/console/entries/1").get_data(as_text=True)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_entry_says_whom_it_concerns_who_brought_it_and_what_it_belongs_to(visitor: Visit, house: System) -> None:
    both = (NWS, replace(NWS, name="mirror"))
    system = replace(house, config=replace(house.config, feeds=both))
    ingest(system, both[1], document(event="<script>alert(1)</script>"), {}, Actor("feed:mirror", "test"))
    ingest(system, NWS, document("two", 5, "Update", [named("one", 0)]), {}, Actor("feed:nws", "test"))
    page = visitor("author").get("/console/entries/3").get_data(as_text=True)
    assert "Subscribers there</dt><dd>3</dd>" in page
    assert re.search(r"The messages of this warning.*/console/entries/1.*<strong>.*two", page, re.DOTALL)
    first = visitor("author").get("/console/entries/1").get_data(as_text=True)
    assert "Brought by</dt><dd>nws, mirror</dd>" in first


def test_a_feeds_last_documents_are_files_and_every_fault_has_words(visitor: Visit, house: System) -> None:
    row = {"name": "nws", "due": house.now(), "etag": "", "last_modified": "", "failures": 0, "last_error": ""}
    with house.database.write() as connection:
        feeds.add_document(connection, "nws", "text/html", b"<script>", house.now())
        connection.execute(feed_states.insert().values(**row, last_ok=house.now(), changed=house.now()))
    author = visitor("author")
    assert "8 bytes" in author.get("/console/feeds/nws").get_data(as_text=True)
    answer = author.get("/console/feeds/nws/documents/1")
    assert (answer.data, answer.mimetype) == (b"<script>", "application/octet-stream")
    assert author.get("/console/feeds/nws/documents/2").status_code == 404
    slow = {"gaps": [], "sizes": [], "took": [9000] * 3, "unread": 0, "shrunk": None}
    lost = slow | {"shrunk": [50, 3, house.now().isoformat()]}
    for memory, words in ((slow, "answers very slowly"), (lost, "has lost most of its entries")):
        with house.database.write() as connection:
            connection.execute(feed_states.update().values(memory=memory))
        for path in ("/console/", "/console/feeds", "/console/feeds/nws"):
            assert words in author.get(path).get_data(as_text=True)


def test_addresses_stand_on_no_screen(visitor: Visit) -> None:
    page = visitor("admin").get("/console/subscribers?zone=valley").get_data(as_text=True)
    assert "+1•••••0001" in page
    assert "+15550100001" not in page


@pytest.mark.parametrize(("password", "status"), [("", 401), ("wrong", 401), (PASSWORD, 200)])
def test_the_export_needs_the_password_in_its_own_request(visitor: Visit, password: str, status: int) -> None:
    answer = visitor("admin").post("/console/subscribers/export", password=password)
    assert answer.status_code == status
    assert ("+15550100001" in answer.get_data(as_text=True)) == (status == 200)


@pytest.mark.parametrize(("password", "stopped"), [("", True), ("wrong", True), (PASSWORD, False)])
def test_sending_goes_on_only_with_the_password_in_the_same_request(
    house: System, visitor: Visit, password: str, stopped: bool
) -> None:
    approver = visitor("approver")
    assert approver.post("/console/switches/stop", name="sending").status_code == 302
    approver.post("/console/switches/resume", name="sending", password=password)
    assert switches.listing(house)[0].stopped == stopped


def test_a_switch_is_not_moved_without_the_form_token(house: System, visitor: Visit) -> None:
    approver = visitor("approver")
    answer = approver.client.post("/console/switches/stop", data={"name": "sending"}, base_url=approver.base)
    assert answer.status_code == 400
    assert not switches.listing(house)[0].stopped


@pytest.mark.parametrize("name", ["", "everything", "channel:nobody", "sending; DROP"])
def test_an_unknown_switch_is_not_found(visitor: Visit, name: str) -> None:
    assert visitor("approver").post("/console/switches/stop", name=name).status_code == 404


@pytest.mark.parametrize("query", ["since=yesterday", "before=x", "object=%25", "person=%27%22", "until=9999-99-99"])
def test_odd_questions_to_the_audit_are_answered(visitor: Visit, query: str) -> None:
    assert visitor("author").get(f"/console/audit?{query}").status_code == 200


@pytest.mark.parametrize(
    ("path", "name", "content"),
    [
        ("/console/subscribers/import", "x.csv", b"\x00\xff"),
        ("/console/subscribers/import", "", b""),
        ("/console/zones/import", "../../z.geojson", b"[]"),
        ("/console/zones/import", "z.geojson", b'{"type": "FeatureCollection", "features": [{}]}'),
    ],
)
def test_a_wrong_file_is_one_clear_word_and_changes_nothing(
    house: System, visitor: Visit, path: str, name: str, content: bytes
) -> None:
    answer = visitor("admin").post(path, {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.get_data(as_text=True)
    uploads = Path(house.settings.data) / "uploads"
    assert [one for one in uploads.rglob("*") if one.is_file()] == []


def test_an_import_says_of_each_line_what_to_do(visitor: Visit) -> None:
    lines = "+15035550101,,vi,valley,\n+15035550102,,xx,valley,\n,a@b,en,valley,\n"
    file = io.BytesIO(f"phone,email,language,zones,channels\n{lines}".encode())
    page = visitor("admin").post("/console/subscribers/import", {"file": (file, "people.csv")}).get_data(as_text=True)
    assert "One person reads Vietnamese" in page
    assert "gets the text in English (line 2). Correct the line, or have the language added" in page
    assert "<li>line 3: language &#39;xx&#39; is no language code; write one of ISO 639" in page
    assert "<li>line 4: email &#39;a@b&#39; has no whole host after the @" in page
    assert "Download the rows that were not taken" in page


def test_zones_are_taken_only_after_they_were_looked_at(visitor: Visit) -> None:
    assert visitor("admin").post("/console/zones/take", key="../../etc").status_code == 404


def test_forgetting_nobody_is_not_found(visitor: Visit) -> None:
    for id_ in ("", "x", "999999"):
        assert visitor("admin").post("/console/subscribers/remove", id=id_).status_code == 404
