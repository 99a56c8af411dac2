"""STOP, START and HELP as a provider brings them: signed, over HTTP, and what the next broadcast makes of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from broadcaster.app import create_app
from broadcaster.services.system import System
from broadcaster.store.schema import inbound_texts, opt_outs
from tests.providers.base import Thread
from tests.providers.twilio import Twilio, TwilioFaults, sign
from tests.sending import go_live, people, sms, with_channels
from tests.services.texting import work

FIRST, SECOND = "+12020000001", "+12020000002"


@dataclass
class Line:
    """A county on a port of its own, and the provider that posts to it."""

    system: System
    thread: Thread
    twilio: Twilio

    def texts(self, sender: str, body: str, **more: str) -> tuple[int, str]:
        """A person's text comes in."""
        url = f"{self.system.settings.public_url}/hooks/twilio/sms/inbound"
        return self.thread.run(self.twilio.text_us(url, sender, body, **more))

    def broadcast(self, name: str) -> set[str]:
        """The numbers that a new alert reaches."""
        before = len(self.twilio.accepted)
        go_live(self.system, name, incident=name)
        work(self.system)
        return {text.to for text in self.twilio.accepted[before:]}

    def count(self, table: sa.Table) -> int:
        with self.system.database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


@pytest.fixture
def line(system: System) -> Iterator[Line]:
    thread, twilio = Thread(), Twilio(TwilioFaults(latency=0))
    thread.run(twilio.start())
    server = make_server("127.0.0.1", 0, lambda *call: app(*call), threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    made = with_channels(replace(system, settings=replace(system.settings, public_url=url)), sms(twilio))
    app = create_app(made)
    people(made, 2)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield Line(made, thread, twilio)
    server.shutdown()
    serving.join(10)
    server.server_close()
    thread.run(twilio.stop())
    thread.close()


def test_who_texts_stop_gets_nothing_more_until_start(line: Line) -> None:
    assert line.broadcast("one") == {FIRST, SECOND}
    status, answer = line.texts(FIRST, "Stop!")
    assert (status, answer.endswith("<Response/>")) == (200, True)
    assert (line.count(opt_outs), line.count(inbound_texts)) == (1, 1)
    assert line.broadcast("two") == {SECOND}
    assert line.texts(FIRST, " start ")[0] == 200
    assert line.count(opt_outs) == 0
    assert line.broadcast("three") == {FIRST, SECOND}


def test_stop_is_not_answered_before_it_is_in_sql(line: Line) -> None:
    with ThreadPoolExecutor(1) as pool:
        with line.system.database.write() as connection:
            if not line.system.database.sqlite:
                connection.execute(sa.text("LOCK TABLE opt_outs IN EXCLUSIVE MODE"))
            answer = pool.submit(line.texts, FIRST, "STOP")
            with pytest.raises(TimeoutError):
                answer.result(1)
            assert line.count(opt_outs) == 0
        assert answer.result(20)[0] == 200
    assert line.count(opt_outs) == 1


@pytest.mark.parametrize("body", ["HELP", "info"])
def test_help_says_first_whom_to_call(line: Line, body: str) -> None:
    status, answer = line.texts(FIRST, body)
    words = "In danger call 911 (or text it where available). Nobody reads this number."
    assert (status, answer.partition("<Message>")[2].startswith(words)) == (200, True)
    assert line.broadcast("one") == {FIRST, SECOND}


def test_a_word_within_a_sentence_stops_nothing(line: Line) -> None:
    assert line.texts(FIRST, "Please do not stop the warnings")[0] == 200
    assert line.broadcast("one") == {FIRST, SECOND}


def test_whoever_cannot_sign_stops_nobody(line: Line) -> None:
    url = f"{line.system.settings.public_url}/hooks/twilio/sms/inbound"
    form = {"MessageSid": "SM1", "AccountSid": line.twilio.account, "From": FIRST, "Body": "STOP"}
    headers: dict[str, Any] = {"X-Twilio-Signature": sign("another token", url, form)}

    async def post() -> int:
        async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as answer:
            return answer.status

    assert line.thread.run(post()) == 403
    assert (line.count(opt_outs), line.count(inbound_texts)) == (0, 0)
    assert line.broadcast("one") == {FIRST, SECOND}
