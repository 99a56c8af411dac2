"""A webhook through the engine: the document comes out of the alert, what is in doubt is repeated under its id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broadcaster.channels.webhook import Options
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.services import settle
from broadcaster.services.system import System
from broadcaster.store.schema import alerts
from tests.providers.base import served
from tests.providers.webhook import PATH, SECRET, Receiver, WebhookFaults
from tests.sending import TEXT, attempt_rows, go_live, states, with_channels
from tests.services.texting import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with served(Receiver(WebhookFaults(latency=0))) as made:
        yield made


@pytest.fixture
def ground(system: System, receiver: Receiver) -> System:
    options = Options(receiver.base_url + PATH, Secret(SECRET), allow_private=True)
    return with_channels(system, ChannelConfig("sirens", "webhook", per_second=1000, options=options))


def live(system: System, ending: str | None = None) -> None:
    go_live(system, ending=ending)
    with system.database.write() as connection:
        stamped = alerts.update().values(identifier="judge-1", sent=system.now())
        connection.execute(stamped)


@pytest.mark.parametrize(("ending", "level"), [(None, "be_aware"), ("lifted", "lifted"), ("cancelled", "called_off")])
def test_the_document_comes_out_of_the_alert(
    ground: System, receiver: Receiver, ending: str | None, level: str
) -> None:
    live(ground, ending)
    work(ground)
    assert states(ground) == {"delivered": 1}
    [body] = receiver.taken.values()
    found = body["alert"]
    assert (found["identifier"], found["state"], found["level"], found["zones"]) == (
        "judge-1",
        "live",
        level,
        ["valley"],
    )
    assert (body["text"], body["cap"]) == (TEXT, "http://127.0.0.1:8000/cap/judge-1.xml")


def test_what_is_in_doubt_is_repeated_at_once_and_later_ever_more_slowly(ground: System, receiver: Receiver) -> None:
    live(ground)
    receiver.faults = WebhookFaults(latency=0, cut_after=1)
    work(ground)
    assert states(ground) == {"unknown": 1}
    assert settle.ask(ground) == 1
    settle.settle(ground)  # it is due now
    work(ground)
    receiver.faults = WebhookFaults(latency=0)
    assert settle.ask(ground) == 1
    settle.settle(ground)
    assert states(ground) == {"waiting": 1}  # for ten seconds
    assert [(row.state, row.code) for row in attempt_rows(ground)] == [("not_sent", "unknown_repeated")] * 2
    assert (len(receiver.ids), len(receiver.taken)) == (2, 1)
