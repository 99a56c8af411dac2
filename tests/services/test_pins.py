"""A danger's post stays at the top of an account while it is in force, and no longer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broadcaster.channels.telegram import Options
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.message import Message
from broadcaster.services import pins
from broadcaster.services.system import System
from broadcaster.store.schema import alerts
from tests.providers.base import served
from tests.providers.telegram import CHAT, TOKEN, Telegram, TelegramFaults
from tests.sending import go_live, with_channels
from tests.services.texting import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def fake() -> Iterator[Telegram]:
    with served(Telegram(TelegramFaults(latency=0))) as made:
        yield made


def chat(system: System, fake: Telegram, pin: bool = True) -> System:
    options = Options(Secret(TOKEN), CHAT, fake.base_url, pin=pin)
    return with_channels(system, ChannelConfig("chat", "telegram", per_second=1000, options=options))


@pytest.fixture
def ground(system: System, fake: Telegram) -> System:
    return chat(system, fake)


def end(system: System, id_: str) -> None:
    with system.database.write() as connection:
        connection.execute(alerts.update().where(alerts.c.id == id_).values(state="superseded"))


def test_it_is_pinned_once_while_it_is_live_and_unpinned_once_it_has_ended(ground: System, fake: Telegram) -> None:
    go_live(ground)
    assert pins.keep(ground) == 0  # nothing stands yet
    work(ground)
    assert (pins.keep(ground), fake.pinned) == (1, [41])
    requests = fake.requests
    assert (pins.keep(ground), fake.requests) == (0, requests)
    end(ground, "one")
    go_live(ground, "two", replaces=["one"])
    work(ground)
    assert (pins.keep(ground), fake.pinned) == (2, [42])
    end(ground, "two")
    assert (pins.keep(ground), pins.keep(ground), fake.pinned) == (1, 0, [])


def test_of_a_thread_the_first_post_alone_and_no_all_clear(ground: System, fake: Telegram) -> None:
    texts = [Message("chat", "en", f"Part {n}", number=n) for n in range(2)]
    go_live(ground, texts=texts)
    go_live(ground, "two", ending="lifted")
    while len(fake.posts) < 3:  # the second part waits for the first
        work(ground)
    assert pins.keep(ground) == 1
    assert fake.posts[fake.pinned[0] - 41].text == "Part 0"


def test_what_nobody_knows_is_tried_again_and_what_is_not_allowed_is_not(ground: System, fake: Telegram) -> None:
    go_live(ground)
    work(ground)
    fake.faults = TelegramFaults(latency=0, cut_after=1)
    assert pins.keep(ground) == 0
    fake.faults = TelegramFaults(refuse="Bad Request: not enough rights to manage pinned messages in the chat")
    assert pins.keep(ground) == 0
    requests = fake.requests
    end(ground, "one")
    assert (pins.keep(ground), fake.requests) == (0, requests)


def test_nothing_is_pinned_where_nobody_wants_it_but_what_is_there_still_goes(ground: System, fake: Telegram) -> None:
    go_live(ground)
    work(ground)
    quiet = chat(ground, fake, pin=False)
    assert (pins.keep(quiet), fake.pinned) == (0, [])
    pins.keep(ground)
    end(ground, "one")
    assert (pins.keep(quiet), fake.pinned) == (1, [])
