"""Calls from end to end: asked for, played by a stand-in that follows Twilio's rules, answered by our own webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from broadcaster.app import create_app
from broadcaster.channels.twilio_call import PHRASES
from broadcaster.channels.twilio_voice import Options
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.message import Message
from broadcaster.services import channel_desk, joining, notices, receipts, webhooks
from broadcaster.services import deliveries as totals
from broadcaster.services.progress import progress
from broadcaster.services.system import System
from broadcaster.services.webhooks import Hook
from broadcaster.store import attempts
from broadcaster.store.schema import deliveries, opt_outs
from tests.providers.base import Thread
from tests.providers.twilio import ACCOUNT, TOKEN, sign
from tests.providers.twilio_voice import FROM, Call, TwilioVoice, VoiceFaults
from tests.sending import attempt_rows, go_live, people, states, with_channels
from tests.services.texting import work

TEXT = "This is Judge County. Leave Judge Valley now. Wildfire."
FIRST, SECOND, THIRD, FOURTH = (f"+1202000000{n}" for n in range(1, 5))
OWN = PHRASES["en"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass
class Line:
    """A county on a port of its own, and the provider that calls for it."""

    system: System
    thread: Thread
    twilio: TwilioVoice

    def broadcast(self, name: str = "one") -> None:
        """An alert; returns when every call has ended and its words are merged."""
        go_live(self.system, name, incident=name, texts=[Message("voice", "en", TEXT, "", 1, len(TEXT))])
        work(self.system)
        self.thread.run(self.twilio.settled())
        receipts.drain(self.system)

    def call_to(self, number: str) -> Call:
        [call] = [call for call in self.twilio.calls if call.form["To"] == number]
        assert call.faults == []
        return call

    def rows(self) -> dict[str, Any]:
        with self.system.database.read() as connection:
            return {row.recipient: row for row in connection.execute(sa.select(deliveries))}


@pytest.fixture
def line(system: System) -> Iterator[Line]:
    thread, twilio = Thread(), TwilioVoice(VoiceFaults(latency=0, plays=True))
    thread.run(twilio.start())
    server = make_server("127.0.0.1", 0, lambda *call: app(*call), threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    options = Options(ACCOUNT, Secret(TOKEN), FROM, twilio.base_url, everyone=True)
    config = ChannelConfig("voice", "twilio_voice", per_second=1_000, options=options)
    made = with_channels(replace(system, settings=replace(system.settings, public_url=url)), config)
    app = create_app(made)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield Line(made, thread, twilio)
    server.shutdown()
    serving.join(10)
    server.server_close()
    thread.run(twilio.stop())
    thread.close()


def said(call: Call) -> list[str]:
    return [words for _voice, words in call.heard]


def test_what_each_person_and_machine_hears_and_what_we_know_of_it(line: Line) -> None:
    people(line.system, 4)
    line.twilio.plan.people = {FIRST: "human", SECOND: "human 2 1", THIRD: "machine", FOURTH: "fax"}
    line.broadcast()
    assert said(line.call_to(FIRST)) == [TEXT, OWN.keys, TEXT, f"{OWN.keys} {OWN.leave}", OWN.bye]
    assert said(line.call_to(SECOND)) == [TEXT, OWN.keys, TEXT, f"{OWN.keys} {OWN.leave}", OWN.thanks]
    assert said(line.call_to(THIRD)) == [TEXT]
    assert {number: (row.state, row.code) for number, row in line.rows().items()} == {
        FIRST: ("delivered", "answered"),
        SECOND: ("delivered", "confirmed"),
        THIRD: ("delivered", "machine"),
        FOURTH: ("failed", "fax"),
    }
    told = totals.totals(line.system, "one")["channels"]["voice"]
    assert told["answers"] == {"answered": 1, "confirmed": 1, "machine": 1}
    assert (told["errors"], told["delivered"], told["total"]) == ({"fax": 1}, 3, 4)
    [desk] = channel_desk.channels(line.system)
    assert [error.code for error in desk.errors] == ["fax"]
    shown = progress(line.system, "one")
    assert shown is not None
    assert shown.lines[0].answers == (("confirmed", 1), ("answered", 1), ("machine", 1))


def test_a_machine_that_only_the_end_tells_of_is_known_all_the_same(line: Line) -> None:
    people(line.system, 1)
    line.twilio.plan.people, line.twilio.plan.tells_machines = {FIRST: "machine"}, False
    line.broadcast()
    assert (line.rows()[FIRST].state, line.rows()[FIRST].code) == ("delivered", "machine")


def test_a_busy_line_waits_for_minutes_and_a_number_that_is_none_is_over(line: Line) -> None:
    people(line.system, 3)
    line.twilio.plan.people = {FIRST: "busy", SECOND: "no-answer", THIRD: "failed sip 404"}
    line.broadcast()
    rows = line.rows()
    assert [(rows[number].state, rows[number].code) for number in (FIRST, SECOND, THIRD)] == [
        ("waiting", "busy"),
        ("waiting", "no_answer"),
        ("failed", "sip_404"),
    ]
    assert rows[FIRST].due - rows[FIRST].changed >= timedelta(seconds=180)


def test_who_presses_nine_twice_is_on_none_of_our_lists_any_more(line: Line) -> None:
    people(line.system, 2)
    line.twilio.plan.people = {FIRST: "human 9 9", SECOND: "human 9"}
    line.broadcast()
    assert said(line.call_to(FIRST))[-2:] == [OWN.sure, OWN.gone]
    assert said(line.call_to(SECOND))[-2:] == [OWN.sure, OWN.bye]
    with line.system.database.read() as connection:
        assert len(connection.execute(sa.select(opt_outs)).all()) == 1
    line.broadcast("two")
    assert [call.form["To"] for call in line.twilio.calls[2:]] == [SECOND]
    assert states(line.system) == {"delivered": 3}


def test_nothing_that_needs_a_link_goes_by_a_call(line: Line) -> None:
    assert notices.routes(line.system) == {}
    assert joining.ways(line.system) == {}


def test_only_twilio_hears_what_follows_and_only_of_its_own_calls(line: Line) -> None:
    people(line.system, 1)
    line.broadcast()
    [attempt] = attempt_rows(line.system)
    for id_, words in ((attempt.id, 4), ("nobody's", 0)):
        path = f"/hooks/twilio/voice/answer?a={id_}&s=said"
        form = {"AccountSid": ACCOUNT, "CallSid": "CA1"}
        signed = sign(TOKEN, line.system.settings.public_url + path, form)
        assert webhooks.call(line.system, Hook("voice", path, form, signed), id_, "said").count("<Say") == words
    with line.system.database.read() as connection:
        assert attempts.told(connection, attempt.id, "voice") == (FIRST, "en", TEXT)
        assert attempts.told(connection, attempt.id, "another") is None
    with pytest.raises(webhooks.Forbidden):
        webhooks.call(line.system, Hook("voice", path, form, "forged"), attempt.id, "said")
