"""One suite over every kind in CHANNELS: what ``broadcaster.domain.channel`` promises, over real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import importlib
import inspect
import traceback
import typing
import warnings
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels import CHANNELS, PLANNED
from broadcaster.domain import text_social
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    Channel,
    ChannelError,
    Codes,
    Found,
    Learns,
    OutcomeUnknown,
    Sent,
    Verdict,
    laid_over,
)
from broadcaster.domain.posting import SHAPES
from broadcaster.rendering.templates import FORMS
from tests.channels.ways import WAYS, Way, message
from tests.channels.ways import attempt as begun


@pytest.fixture(params=sorted(CHANNELS))
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with WAYS[request.param](tmp_path) as made:
        yield made


def attempt(way: Way, id_: str = "at_1") -> Attempt:
    """A try with all that this kind cannot do without."""
    return replace(begun(id_), posting=way.posting)


def module(kind: str) -> Any:
    return importlib.import_module(CHANNELS[kind])


def run(channel: Channel, work: Coroutine[Any, Any, Any]) -> Any:
    """The work's result; the channel is closed in the same loop, as the sender does."""

    async def both() -> Any:
        try:
            return await work
        finally:
            await channel.close()

    return asyncio.run(both())


def test_no_kind_is_both_built_and_planned() -> None:
    assert not PLANNED & CHANNELS.keys()


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_options_are_a_frozen_dataclass_with_types(kind: str) -> None:
    options: Any = module(kind).Options
    assert options.__dataclass_params__.frozen
    assert set(typing.get_type_hints(options)) == {f.name for f in dataclasses.fields(options)}


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_a_secret_is_never_in_the_repr_of_options(kind: str) -> None:
    for own in dataclasses.fields(module(kind).Options):
        assert not ("Secret" in str(own.type) and own.repr), f"{kind}.{own.name}"


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_codes_are_data(kind: str) -> None:
    codes: Codes = module(kind).CODES
    assert codes
    assert all(isinstance(code, str) and isinstance(verdict, Verdict) for code, verdict in codes.items())
    with pytest.raises(TypeError):
        codes["x"] = Verdict.RETRY  # type: ignore[index]


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_a_channel_takes_a_name_options_and_the_public_address(kind: str) -> None:
    assert list(inspect.signature(module(kind).open_channel).parameters) == ["name", "options", "public_url"]


def test_opening_a_channel_needs_no_loop_and_no_connection(way: Way) -> None:
    assert way.open().name
    assert way.seen() == 0


def test_limits_can_be_counted(way: Way) -> None:
    limits = way.open().limits()
    assert limits.form in FORMS
    assert limits.picture in ("", *SHAPES)
    assert limits.unit in text_social.COUNTERS
    assert limits.length > 0
    assert (limits.audience, limits.address) in (
        ("people", "phone"),
        ("people", "email"),
        ("people", "push"),
        ("account", ""),
    )


def test_what_a_provider_says_it_carries_can_be_laid_over_the_channels_own(way: Way) -> None:
    channel = way.open()
    if not isinstance(channel, Learns):
        return
    learned = run(channel, channel.learn())
    assert learned.source == channel.source
    over = laid_over(channel.limits(), learned)
    assert (over.length, over.extras["url"]) == (learned.length, learned.url)
    assert replace(over, length=0, extras={}) == replace(channel.limits(), length=0, extras={})


def test_a_message_is_sent_once_and_its_id_comes_back(way: Way) -> None:
    channel = way.open()
    accepted = run(channel, channel.send(message(), way.recipient, attempt(way)))
    assert isinstance(accepted, Accepted)
    assert accepted.provider_id
    assert way.seen() == 1


def test_what_was_accepted_is_found_and_what_was_never_sent_is_not(way: Way) -> None:
    channel = way.open()
    if not channel.asks:
        with pytest.raises(OutcomeUnknown):
            run(channel, channel.find(Sent(attempt(way), message(), way.recipient)))
        return
    sent = attempt(way, "at_1")

    async def work() -> tuple[Accepted, Found | None, Found | None]:
        accepted = await channel.send(message(), way.recipient, sent)
        held = frozenset() if way.lists_words else frozenset({accepted.provider_id})
        other = Sent(attempt(way, "at_2"), message("Another text"), way.recipient, held)
        return accepted, await channel.find(Sent(sent, message(), way.recipient)), await channel.find(other)

    accepted, found, missing = run(channel, work())
    assert found.provider_id == accepted.provider_id
    assert found.url == accepted.url
    assert found.status == ("delivered" if accepted.delivered else "accepted")
    assert missing is None


def test_nobody_there_is_certainly_not_sent(way: Way) -> None:
    channel = way.down()
    if way.kind == "simulated":
        return
    with pytest.raises(ChannelError) as raised:
        run(channel, channel.send(message(), way.recipient, attempt(way)))
    assert raised.value.code == "connect"
    assert not raised.value.permanent
    assert module(way.kind).CODES["connect"] is Verdict.RETRY


def test_a_channel_works_again_in_another_loop_after_close(way: Way) -> None:
    channel = way.open()
    run(channel, channel.send(message(), way.recipient, attempt(way, "at_1")))
    run(channel, channel.send(message("Another text"), way.recipient, attempt(way, "at_2")))
    assert way.seen() == 2


def test_a_channel_outlives_a_loop_that_ended_without_closing_it(way: Way) -> None:
    channel = way.open()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the dead loop's connections, which nobody can close now
        asyncio.run(channel.send(message(), way.recipient, attempt(way, "at_1")))
        run(channel, channel.send(message("Another text"), way.recipient, attempt(way, "at_2")))
        gc.collect()
    assert way.seen() == 2


def test_many_at_once_all_arrive_once(way: Way) -> None:
    channel = way.open()

    async def work() -> list[Accepted]:
        tries = (channel.send(message(f"Text {n}"), way.recipient, attempt(way, f"at_{n}")) for n in range(60))
        return list(await asyncio.gather(*tries))

    accepted = run(channel, work())
    assert len({one.provider_id for one in accepted}) == 60
    assert way.seen() == 60


def test_secrets_are_in_no_repr_and_no_traceback(way: Way) -> None:
    channel = way.down()
    assert not any(secret in repr(channel) for secret in way.secrets)
    try:
        run(channel, channel.send(message(), way.recipient, attempt(way)))
    except (ChannelError, OutcomeUnknown) as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)
        assert not any(secret in told for secret in way.secrets)


def test_checking_a_good_channel_says_so(way: Way) -> None:
    channel = way.open()
    checks = run(channel, channel.check())
    assert checks
    assert all(check.ok and check.text for check in checks)


def test_checking_a_dead_channel_says_what_to_do(way: Way) -> None:
    channel = way.down()
    checks = run(channel, channel.check())
    assert way.kind == "simulated" or (not checks[0].ok and checks[0].hint)


def test_nothing_is_left_open_after_close(way: Way) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        channel = way.open()
        run(channel, channel.send(message(), way.recipient, attempt(way)))
        del channel
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_closing_twice_or_unused_is_no_error(way: Way) -> None:
    channel = way.open()

    async def work() -> None:
        await channel.close()
        await channel.close()

    asyncio.run(work())
