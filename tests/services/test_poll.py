"""Polling real servers on loopback: leases, validators, links, pages, failures."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.domain.errors import Invalid, NotFound, Refused
from broadcaster.services.poll import listing, poll, poll_due
from broadcaster.services.system import System
from broadcaster.store.schema import alerts, feed_entries, feed_links, feed_states, polls, shown
from tests.alert_feeds.loopback import Loopback, loopback, says
from tests.conftest import Clock
from tests.services.agency import agency, rows, settle_people
from tests.services.feed_documents import document, named

FEED = FeedConfig("nws", "cap", "http://127.0.0.1:1/x", poll_seconds=60, trust="official", allow_private=True)


class Served:
    """A loopback server in a thread of its own; ``answers`` may be changed at any time."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.state: Loopback | None = None
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        self._ready.wait(10)

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        async with loopback(a=self._answer) as self.state:
            self._ready.set()
            await self._end.wait()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        answer = self.answers[request.path.removeprefix("/a/")]
        return await answer(request)  # type: ignore[no-any-return]

    def url(self, path: str) -> str:
        assert self.state is not None
        return self.state.url(f"/a/{path}")

    @property
    def asked(self) -> list[str]:
        assert self.state is not None
        return [request.path.removeprefix("/a/") for request in self.state.seen]

    def header(self, name: str) -> str | None:
        """Of the last request."""
        assert self.state is not None
        return self.state.seen[-1].headers.get(name)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def served() -> Iterator[Served]:
    server = Served()
    yield server
    server.close()


@pytest.fixture
def config(tmp_path: object) -> Config:
    return replace(agency(tmp_path), rules=(RuleConfig("all", "draft"),))  # type: ignore[arg-type]


@pytest.fixture
def make(system: System, served: Served) -> Callable[..., System]:
    """The system with one feed at the server's ``x``."""
    settle_people(system)

    def made(**changes: Any) -> System:
        feed = replace(FEED, **{"url": served.url("x"), **changes})
        return replace(system, config=replace(system.config, feeds=(feed,)))

    return made


def again(system: System) -> None:
    """As if the feed's time had come."""
    with system.database.write() as connection:
        connection.execute(feed_states.update().values(due=datetime.now(UTC) - timedelta(days=1)))


def history(system: System) -> list[tuple[str, int | None, int]]:
    query = sa.select(polls.c.status, polls.c.http_status, polls.c.entries).order_by(polls.c.id)
    return [tuple(row) for row in rows(system, query)]  # type: ignore[misc]


def made(system: System) -> int:
    return len(rows(system, sa.select(alerts.c.id)))


def feed_state(system: System) -> Any:
    return rows(system, sa.select(*feed_states.c))[0]


def test_a_due_feed_is_polled_once_and_then_not_before_its_time(make: Callable[..., System], served: Served) -> None:
    system = make()
    served.answers["x"] = says(body=document(), ETag='"1"', Last_Modified="Sun, 22 Nov 2026 00:00:00 GMT")
    poll_due(system)
    poll_due(system)
    assert (served.asked, made(system), history(system)) == (["x"], 1, [("ok", 200, 1)])
    state = feed_state(system)
    assert (state.etag, state.failures, state.holder, state.lease) == ('"1"', 0, None, None)
    assert timedelta(seconds=50) < state.due - system.now() <= timedelta(seconds=70)
    assert "Judge County, 555-0100" in str(served.header("User-Agent"))


def test_an_unchanged_document_is_asked_for_with_its_validators_and_changes_nothing(
    make: Callable[..., System], served: Served
) -> None:
    system = make()
    served.answers["x"] = says(body=document(), ETag='"1"', Last_Modified="Sun, 22 Nov 2026 00:00:00 GMT")
    poll_due(system)
    served.answers["x"] = says(304)
    for _ in range(2):
        again(system)
        poll_due(system)
        assert served.header("If-None-Match") == '"1"'
        assert served.header("If-Modified-Since") == "Sun, 22 Nov 2026 00:00:00 GMT"
    assert history(system) == [("ok", 200, 1), ("unchanged", 304, 0), ("unchanged", 304, 0)]


def test_a_document_that_only_moved_its_own_time_is_not_read_again_and_its_source_is_alive(
    make: Callable[..., System], served: Served, clock: Clock
) -> None:
    system = make()
    index = b"<feed xmlns='http://www.w3.org/2005/Atom'><updated>%s</updated><entry>%s</entry></feed>"
    said = document().partition(b"?>")[2]
    for minute, expected in ((b"00", "ok"), (b"01", "unchanged"), (b"02", "unchanged")):
        served.answers["x"] = says(body=index % (b"2026-11-22T00:%s:00Z" % minute, b"<content>" + said + b"</content>"))
        poll_due(system)
        assert history(system)[-1][0] == expected
        assert feed_state(system).changed == system.now()
        clock.forward(minutes=5)
        again(system)
    served.answers["x"] = says(body=index % (b"2026-11-22T00:02:00Z", b"<id>2</id><content>" + said + b"</content>"))
    poll_due(system)
    assert history(system)[-1][0] == "ok"


def test_a_failure_is_written_down_and_tried_again_later_and_takes_nothing_away(
    make: Callable[..., System], served: Served
) -> None:
    system = make(poll_seconds=1)
    served.answers["x"] = says(body=document(), ETag='"1"')
    poll_due(system)
    again(system)
    served.answers["x"] = says(429, Retry_After="500")
    poll_due(system)
    state = feed_state(system)
    assert history(system)[-1] == ("error", 429, 0)
    assert (state.failures, state.etag, made(system)) == (1, '"1"', 1)
    assert state.due - system.now() > timedelta(seconds=450)
    assert "429" in state.last_error
    again(system)
    served.answers["x"] = says(304)
    poll_due(system)
    state = feed_state(system)
    assert (state.failures, state.last_error) == (0, "")


@pytest.mark.parametrize(
    "body", [b"", b"<alert", b"<!DOCTYPE html><html/>", b"<feed xmlns='http://www.w3.org/2005/Atom'"]
)
@pytest.mark.parametrize("format", ["cap", "cap_index", "nws"])
def test_a_document_that_cannot_be_read_is_an_error_whose_validators_are_not_kept(
    make: Callable[..., System], served: Served, body: bytes, format: str
) -> None:
    system = make(format=format)
    served.answers["x"] = says(body=body, ETag='"broken"')
    poll_due(system)
    state = feed_state(system)
    assert (history(system), state.etag, state.failures) == ([("error", 200, 0)], "", 1)
    assert rows(system, sa.select(polls.c.problems))[0][0]


def index(served: Served, *entries: tuple[str, str]) -> bytes:
    links = "".join(
        f"<entry><id>{path}</id><title>{path}</title><updated>{updated}</updated>"
        f'<link type="application/cap+xml" href="{path}"/></entry>'
        for path, updated in entries
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><id>i</id><title>t</title>{links}</feed>'.encode()


DAY, NEXT = "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"


@pytest.mark.parametrize("format", ["cap_index", "meteoalarm"])
def test_an_index_is_followed_to_what_is_new_or_changed(
    make: Callable[..., System], served: Served, format: str
) -> None:
    system = make(format=format)
    served.answers |= {
        "x": says(body=index(served, ("one.xml", DAY), ("two.xml", DAY)), ETag='"1"'),
        "one.xml": says(body=document("one")),
        "two.xml": says(body=document("two", 5)),
    }
    poll_due(system)
    assert sorted(served.asked) == ["one.xml", "two.xml", "x"]
    assert (made(system), feed_state(system).etag) == (2, '"1"')
    served.answers["x"] = says(body=index(served, ("one.xml", NEXT), ("two.xml", DAY), ("three.xml", "")))
    served.answers["one.xml"] = says(body=document("one-b", 10, "Update", [named("one", 0)]))
    served.answers["three.xml"] = says(body=document("three", 7), ETag='"3"')
    again(system)
    poll_due(system)
    assert sorted(served.asked[3:]) == ["one.xml", "three.xml", "x"]
    assert made(system) == 4
    served.answers["three.xml"] = says(304)
    again(system)
    poll_due(system)
    assert served.asked[6:] == ["x", "three.xml"]
    assert served.header("If-None-Match") == '"3"'


def test_a_link_that_fails_for_now_is_a_problem_and_the_index_is_asked_for_again(
    make: Callable[..., System], served: Served
) -> None:
    system = make(format="cap_index")
    served.answers |= {
        "x": says(body=index(served, ("one.xml", DAY), ("gone.xml", DAY), ("two.xml", DAY)), ETag='"1"'),
        "one.xml": says(503),
        "gone.xml": says(404),
        "two.xml": says(body=document("two")),
    }
    poll_due(system)
    assert (made(system), feed_state(system).etag, feed_state(system).failures) == (1, "", 0)
    problems = rows(system, sa.select(polls.c.problems))[0][0]
    assert sorted(problem["code"] for problem in problems) == ["link", "link"]  # type: ignore[union-attr]
    served.answers["one.xml"] = says(body=document("one"))
    again(system)
    poll_due(system)
    assert sorted(served.asked[4:]) == ["one.xml", "x"]
    assert (made(system), feed_state(system).etag) == (2, '"1"')
    assert len(rows(system, sa.select(feed_links.c.url))) == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_slow_link_holds_no_other_back(make: Callable[..., System], served: Served) -> None:
    system = make(format="cap_index")
    taken: list[int] = []

    async def slow(_: web.Request) -> web.Response:
        while not (count := await asyncio.to_thread(made, system)):
            await asyncio.sleep(0.01)
        taken.append(count)
        return web.Response(body=document("slow"))

    served.answers |= {
        "x": says(body=index(served, ("slow.xml", DAY), ("one.xml", DAY))),
        "slow.xml": slow,
        "one.xml": says(body=document("one", 5)),
    }
    poll_due(system)
    assert (taken, made(system)) == ([1], 2)


def test_every_page_of_a_paged_document_is_read(make: Callable[..., System], served: Served) -> None:
    system = make(format="nws")
    first = '{{"type": "FeatureCollection", "features": [], "pagination": {{"next": "{}"}}}}'.format(served.url("p2"))
    served.answers |= {"x": says(body=first.encode()), "p2": says(body=b'{"type":"FeatureCollection","features":[]}')}
    poll_due(system)
    assert (served.asked, history(system)) == (["x", "p2"], [("ok", 200, 0)])
    served.answers["p2"] = says(500)
    again(system)
    poll_due(system)
    assert history(system)[-1][0] == "error"


def test_two_clocks_poll_a_feed_once(make: Callable[..., System], served: Served) -> None:
    system = make()
    began, go_on = threading.Event(), threading.Event()

    async def slow(_: web.Request) -> web.Response:
        began.set()
        await asyncio.to_thread(go_on.wait, 10)
        return web.Response(body=document())

    served.answers["x"] = slow
    with ThreadPoolExecutor(1) as other:
        first = other.submit(poll_due, system)
        assert began.wait(10)
        poll_due(system)
        with pytest.raises(Refused, match="being_polled"):
            poll(system, "nws")
        go_on.set()
        first.result()
    assert (served.asked, history(system)) == (["x"], [("ok", 200, 1)])


def test_a_lease_that_ran_out_is_taken_over(make: Callable[..., System], served: Served) -> None:
    system = make()
    served.answers["x"] = says(body=document())
    poll_due(system)
    with system.database.write() as connection:
        old = system.now() - timedelta(seconds=1)
        connection.execute(feed_states.update().values(holder="dead", lease=old, due=old))
    poll_due(system)
    assert len(history(system)) == 2


def test_a_feed_that_is_off_or_has_no_address_is_not_polled_by_the_clock(
    make: Callable[..., System], served: Served
) -> None:
    poll_due(make(enabled=False))
    poll_due(make(url=""))
    assert served.asked == []


def test_a_feed_that_is_off_can_be_polled_by_name_at_any_time(make: Callable[..., System], served: Served) -> None:
    system = make(enabled=False)
    served.answers["x"] = says(body=document())
    for _ in range(2):
        found = poll(system, "nws")
    assert (found["feed"], found["status"], found["http_status"]) == ("nws", "ok", 200)
    assert [entry["decision"] for entry in found["entries"]] == ["ignore"]
    assert len(served.asked) == 2


def test_a_feed_by_the_wrong_name_or_without_an_address_is_refused(make: Callable[..., System]) -> None:
    with pytest.raises(NotFound, match="There are: nws"):
        poll(make(), "nsw")
    with pytest.raises(Invalid, match="feeds ingest nws FILE"):
        poll(make(url=""), "nws")


def test_a_private_address_is_refused_where_the_feed_does_not_allow_it(
    make: Callable[..., System], served: Served
) -> None:
    system = make(allow_private=False)
    assert "allow_private" in poll(system, "nws")["error"]
    assert served.asked == []


def test_the_listing_tells_how_each_feed_stands(make: Callable[..., System], served: Served) -> None:
    system = make()
    assert listing(system)[0]["last_ok"] is None
    served.answers["x"] = says(500)
    poll_due(system)
    (found,) = listing(system)
    assert (found["name"], found["status"], found["failures"], found["enabled"]) == ("nws", "error", 1, True)
    assert "500" in found["last_error"]
    assert (found["due"][-1], found["polled"][-1]) == ("Z", "Z")
    json.dumps(found)


def test_what_was_shown_is_marked_when_its_time_is_over(
    make: Callable[..., System], served: Served, clock: Clock
) -> None:
    system = make()
    system = replace(system, config=replace(system.config, rules=(RuleConfig("all", "show"),)))
    served.answers["x"] = says(body=document())
    poll_due(system)
    assert rows(system, sa.select(shown.c.state)) == [("live",)]
    clock.forward(hours=4)
    poll_due(system)
    assert rows(system, sa.select(shown.c.state)) == [("expired",)]


def test_old_polls_are_forgotten_and_entries_are_not(make: Callable[..., System], served: Served, clock: Clock) -> None:
    system = make()
    served.answers["x"] = says(body=document())
    poll_due(system)
    clock.forward(days=8)
    again(system)
    poll_due(system)
    assert len(served.asked) == 2
    assert len(history(system)) == 1
    assert len(rows(system, sa.select(feed_entries.c.id))) == 1
