"""One suite over every kind in CHANNELS: what ``broadcaster.domain.channel`` promises, over real sockets.

For one kind: ``pytest tests/contracts/test_channels.py -k KIND``. What each test asks for: docs/channels/adding.md.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import importlib
import inspect
import re
import tomllib
import traceback
import typing
import warnings
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels import CHANNELS
from broadcaster.channels.http import LONGEST_SECONDS
from broadcaster.console.spoken import read
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
    repeats,
)
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.posting import SHAPES
from broadcaster.rendering.templates import FORMS
from tests.channels.graphs import posting
from tests.channels.ways import Way, way_to
from tests.channels.ways import attempt as begun
from tests.providers.base import Faults

ROOT = Path(__file__).resolve().parents[2]
FAULTS: tuple[dict[str, Any], ...] = (
    {"unauthorized": True},
    {"error_before": 1.0},
    {"cut_before": 1.0},
    {"unreadable": 1.0},
    {"status": 403},
    {"status": 404},
    {"status": 200, "text": "{}"},
)
BASE = {f.name for f in dataclasses.fields(ChannelConfig)} | {"segments_per_second"}  # keys of every kind


@pytest.fixture(params=sorted(CHANNELS))
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with way_to(request.param, tmp_path) as made:
        yield made


def attempt(way: Way, id_: str = "at_1") -> Attempt:
    """A try with all that this kind cannot do without."""
    return replace(begun(id_), posting=way.posting)


def module(kind: str) -> Any:
    return importlib.import_module(CHANNELS[kind])


def refused(channel: Channel, way: Way) -> ChannelError:
    """What a try is refused with."""
    error = outcome(channel, way)
    assert isinstance(error, ChannelError), f"send must raise ChannelError here, and gives {error!r}"
    return error


def outcome(channel: Channel, way: Way) -> Accepted | ChannelError | OutcomeUnknown:
    """What becomes of a try."""
    try:
        accepted: Accepted = run(channel, channel.send(way.message(), way.recipient, attempt(way)))
        return accepted
    except (ChannelError, OutcomeUnknown) as error:
        return error


def run(channel: Channel, work: Coroutine[Any, Any, Any]) -> Any:
    """The work's result; the channel is closed in the same loop, as the sender does."""

    async def both() -> Any:
        try:
            return await work
        finally:
            await channel.close()

    return asyncio.run(both())


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_a_module_exports_options_codes_and_open_channel(kind: str) -> None:
    missing = [name for name in ("Options", "CODES", "open_channel") if not hasattr(module(kind), name)]
    assert not missing, f"{CHANNELS[kind]} lacks {', '.join(missing)} (broadcaster/domain/channel.py)"
    parameters = list(inspect.signature(module(kind).open_channel).parameters)
    assert parameters == ["name", "options", "public_url"], "write open_channel(name, options, public_url)"


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_options_are_a_frozen_dataclass_with_types(kind: str) -> None:
    options: Any = module(kind).Options
    assert dataclasses.is_dataclass(options), "Options is no dataclass"
    assert options.__dataclass_params__.frozen, "write @dataclass(frozen=True, slots=True) over Options"
    assert set(typing.get_type_hints(options)) == {f.name for f in dataclasses.fields(options)}
    if kind != "simulated":
        assert "base_url" in typing.get_type_hints(options), "every network channel takes base_url (tests use it, too)"


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_a_secret_is_never_in_the_repr_of_options(kind: str) -> None:
    shown = [own.name for own in dataclasses.fields(module(kind).Options) if "Secret" in str(own.type) and own.repr]
    assert not shown, f"write {shown[0]}: Secret = field(repr=False), or logs will show it"


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_codes_are_data(kind: str) -> None:
    codes: Codes = module(kind).CODES
    assert codes, "CODES is empty: every failure would be tried just once more"
    assert all(isinstance(code, str) and isinstance(verdict, Verdict) for code, verdict in codes.items())
    with pytest.raises(TypeError):
        codes["x"] = Verdict.RETRY  # type: ignore[index]


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_a_page_shows_a_block_of_channels_toml_with_keys_that_exist(kind: str) -> None:
    page = ROOT / "docs" / "channels" / f"{kind}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    text += (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```toml\n(.*?)```", text, re.S) if "[[channel]]" in block]
    shown = [one for block in blocks for one in tomllib.loads(block)["channel"] if one.get("kind") == kind]
    assert shown or kind == "simulated", (
        f'docs/channels/{kind}.md needs a toml block: [[channel]], kind = "{kind}", ...'
    )
    known = {f.name.rstrip("_") for f in dataclasses.fields(module(kind).Options)} | BASE
    assert set().union(*shown) <= known, f"{page.name} shows keys that Options has not"


def test_opening_a_channel_needs_no_loop_and_no_connection(way: Way) -> None:
    assert way.open().name, "a channel has the name it is given"
    assert way.seen() == 0, "open_channel asked the provider: put that into the first request"


def test_a_time_limit_lies_below_the_senders_own(way: Way) -> None:
    if way.limited is None:
        return
    way.limited(LONGEST_SECONDS)
    for seconds in (0, LONGEST_SECONDS + 1):
        try:
            way.limited(seconds)
        except ValueError:
            continue
        pytest.fail(f"Options takes timeout_seconds = {seconds:.0f}: refuse it in __post_init__ (ValueError)")


def test_limits_can_be_counted(way: Way) -> None:
    limits = way.open().limits()
    assert limits.form in FORMS
    assert limits.picture in ("", *SHAPES)
    assert limits.unit in text_social.COUNTERS, "Limits.unit names a counter of domain/text_social.py"
    assert limits.length > 0
    assert (limits.audience, limits.address) in (
        ("people", "phone"),
        ("people", "email"),
        ("people", "push"),
        ("account", ""),
    ), 'an account posts once for each language (audience "account", address ""); people have an address each'


def test_what_a_provider_says_it_carries_can_be_laid_over_the_channels_own(way: Way) -> None:
    channel = way.open()
    if not isinstance(channel, Learns):
        return
    learned = run(channel, channel.learn())
    assert learned.source == channel.source
    over = laid_over(channel.limits(), learned)
    assert (over.length, over.extras["url"]) == (learned.length, learned.url)
    assert replace(over, length=0, extras={}) == replace(channel.limits(), length=0, extras={})


# --- one try --------------------------------------------------------------------------------------------------
def test_a_message_is_sent_once_and_its_id_comes_back(way: Way) -> None:
    channel = way.open()
    accepted = run(channel, channel.send(way.message(), way.recipient, attempt(way)))
    assert isinstance(accepted, Accepted), "send returns Accepted, or raises"
    assert accepted.provider_id, "Accepted.provider_id is the provider's id of the message: find and changes need it"
    assert way.seen() == 1, "one try is one message at the provider (StandIn.seen says what counts as one)"


def test_what_was_accepted_is_found_and_what_was_never_sent_is_not(way: Way) -> None:
    channel = way.open()
    if not channel.asks:
        with pytest.raises(OutcomeUnknown):
            run(channel, channel.find(Sent(attempt(way), way.message(), way.recipient)))
        return
    sent = attempt(way, "at_1")

    async def work() -> tuple[Accepted, Found | None, Found | None]:
        accepted = await channel.send(way.message(), way.recipient, sent)
        held = frozenset() if way.lists_words else frozenset({accepted.provider_id})
        other = Sent(attempt(way, "at_2"), way.message("Another text"), way.recipient, held)
        return accepted, await channel.find(Sent(sent, way.message(), way.recipient)), await channel.find(other)

    accepted, found, missing = run(channel, work())
    assert found, "find does not see what was just sent: it would be sent again (or write asks = False)"
    assert found.provider_id == accepted.provider_id
    assert found.url == accepted.url, "find and send give a post the same address"
    assert found.status == ("delivered" if accepted.delivered else "accepted"), "find and send say the same status"
    assert missing is None, "find takes another text for this one: what was never sent would count as sent"


def test_a_change_replaces_a_posts_words_and_posts_nothing_new(way: Way) -> None:
    channel = way.open()
    if not channel.limits().edits:
        return

    async def work() -> tuple[Accepted, Accepted, Found | None]:
        first = await channel.send(way.message(), way.recipient, attempt(way))
        edits = replace(attempt(way, "at_2"), edits=first.provider_id)
        changed = await channel.send(way.message("Sent in error."), way.recipient, edits)
        held = frozenset({first.provider_id})
        asked = Sent(edits, way.message("Sent in error."), way.recipient, held)
        return first, changed, await channel.find(asked) if channel.asks else None

    first, changed, found = run(channel, work())
    assert changed.provider_id == first.provider_id, "with attempt.edits, send changes that very post"
    assert found or not channel.asks, "find does not see the changed words (the id is held by the first attempt)"


def test_nobody_there_is_certainly_not_sent(way: Way) -> None:
    if way.kind == "simulated":
        return
    error = refused(way.down(), way)
    assert error.code == "connect", 'a connection never made is ChannelError(code="connect")'
    assert not error.permanent, "a connection never made may be tried again"


def test_nobody_there_is_nothing_said_against_the_card(way: Way) -> None:
    channel = way.down()
    if not channel.limits().picture:
        return
    with_card = replace(begun(), posting=posting())
    with pytest.raises(ChannelError) as caught:
        run(channel, channel.send(way.message(), way.recipient, with_card))
    assert caught.value.code == "connect", "where nobody is there, the next try has the card as well"


@pytest.mark.parametrize("fault", ["cut_after", "error_after", "unreadable"])
def test_what_may_stand_is_never_said_to_be_refused(way: Way, fault: str) -> None:
    channel = way.open()
    if way.wrong is None or repeats(channel):
        return
    way.wrong(**{fault: 1.0})
    error = outcome(channel, way)
    assert not isinstance(error, ChannelError) or way.seen() == 0, (
        f"{fault}: the provider has it, so raise OutcomeUnknown; ChannelError({error.code!r}) says it certainly has not"
    )


def test_too_many_requests_are_waited_for(way: Way) -> None:
    if way.wrong is None:
        return
    way.wrong(**way.busy)
    code = refused(way.open(), way).code
    meaning = way.codes.get(code)
    assert meaning in (Verdict.BACK_OFF, Verdict.RETRY), (
        f"CODES: {code!r} is too many requests: BACK_OFF (all senders wait; RETRY where each address has its own limit)"
    )


def test_a_login_that_is_refused_stops_the_channel_or_rings(way: Way) -> None:
    if way.wrong is None:
        return
    way.wrong(unauthorized=True)
    code = refused(way.open(), way).code
    assert way.codes.get(code) in (Verdict.STOP_CHANNEL, Verdict.ALARM), (
        f"CODES: {code!r} is a token that is wrong, so STOP_CHANNEL: what waits goes out once somebody has acted"
    )


# --- loops, many at once, secrets -----------------------------------------------------------------------------
def test_a_channel_works_again_in_another_loop_after_close(way: Way) -> None:
    channel = way.open()
    run(channel, channel.send(way.message(), way.recipient, attempt(way, "at_1")))
    run(channel, channel.send(way.message("Another text"), way.recipient, attempt(way, "at_2")))
    assert way.seen() == 2, "open connections in the first request, not in __init__ (HttpSession does)"


def test_a_channel_outlives_a_loop_that_ended_without_closing_it(way: Way) -> None:
    channel = way.open()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the dead loop's connections, which nobody can close now
        asyncio.run(channel.send(way.message(), way.recipient, attempt(way, "at_1")))
        run(channel, channel.send(way.message("Another text"), way.recipient, attempt(way, "at_2")))
        gc.collect()
    assert way.seen() == 2


def test_many_at_once_all_arrive_once(way: Way) -> None:
    channel = way.open()

    async def work() -> list[Accepted]:
        tries = (channel.send(way.message(f"Text {n}"), way.recipient, attempt(way, f"at_{n}")) for n in range(60))
        return list(await asyncio.gather(*tries))

    accepted = run(channel, work())
    assert len({one.provider_id for one in accepted}) == 60, "every message has an id of its own"
    assert way.seen() == 60, "senders use one channel for many tries at once: keep nothing of a try on self"


def test_secrets_are_in_no_repr_and_no_traceback(way: Way) -> None:
    channel = way.down()
    assert not any(secret in repr(channel) for secret in way.secrets), "write __repr__ with kind and name alone"
    try:
        run(channel, channel.send(way.message(), way.recipient, attempt(way)))
    except (ChannelError, OutcomeUnknown) as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)
        assert not any(secret in told for secret in way.secrets), (
            "an error shows a secret: pass texts through http.said"
        )


def test_checking_a_good_channel_says_so(way: Way) -> None:
    channel = way.open()
    checks = run(channel, channel.check())
    assert checks, "check gives doctor at least one line"
    assert [check for check in checks if not check.ok or not check.text] == []


def test_checking_a_dead_channel_says_what_to_do(way: Way) -> None:
    channel = way.down()
    try:
        first = run(channel, channel.check())[0]
    except (ChannelError, OutcomeUnknown) as error:
        pytest.fail(f"check raises nothing, it returns Check(False, what, hint): {error!r}")
    assert way.kind == "simulated" or not first.ok, "check says that nobody is there, as its first line"
    assert way.kind == "simulated" or first.hint, "Check.hint says what to do: which keys to compare"


def test_all_that_a_check_says_can_be_said_in_the_readers_language(way: Way) -> None:
    """Whether each sentence has its Spanish, tests/repo/test_translations.py says."""
    told = [*run(channel := way.open(), channel.check()), *run(channel := way.down(), channel.check())]
    for fault in (way.busy, *FAULTS) if way.wrong is not None else ():
        way.wrong(**fault)
        told += run(channel := way.open(), channel.check())
        way.wrong(**{name: getattr(Faults(), name, 0) for name in fault})
    unsaid = {one for check in told for text in (check.text, check.hint) for one in unread(text)}
    assert not unsaid, f"write these into console/spoken_channels.py, and run: make translations {sorted(unsaid)}"


def unread(text: str) -> list[str]:
    """The parts of a text that no sentence of ours is, a provider's own words aside."""
    found = read(text)
    if found is None:
        return [text] if text else []
    return [one for name in ("error", "hint") if name in found[1] for one in unread(found[1][name])]


def test_nothing_is_left_open_after_close(way: Way) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        channel = way.open()
        run(channel, channel.send(way.message(), way.recipient, attempt(way)))
        del channel
        gc.collect()
    assert [str(warning.message) for warning in caught] == [], "close() leaves something open"


def test_closing_twice_or_unused_is_no_error(way: Way) -> None:
    channel = way.open()

    async def work() -> None:
        await channel.close()
        await channel.close()

    asyncio.run(work())
