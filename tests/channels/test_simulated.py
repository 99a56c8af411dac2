"""The simulated channel: everything is written down and labelled, and the last digits decide what goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels.simulated import CODES, LABEL, RULES, Options, Shown, Simulated, open_channel, path, shown
from broadcaster.domain.channel import Accepted, ChannelError, DataPath, Found, OutcomeUnknown, Recipient, Sent, Verdict
from tests.channels.graphs import CARD, PNG, posting
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options("sms", DataPath(str(tmp_path / "simulated")), 0)


@pytest.fixture
def channel(options: Options) -> Simulated:
    return open_channel("sim", options, PUBLIC_URL)


def rows(options: Options) -> list[Shown]:
    return list(shown(path("sim", options)))


def send(channel: Simulated, phone: str, id_: str = "at_1", text: str = TEXT) -> Accepted:
    return asyncio.run(channel.send(message(text), Recipient(phone, "en"), attempt(id_)))


def test_a_text_is_written_down_with_its_label(channel: Simulated, options: Options) -> None:
    accepted = send(channel, "+15005550100")
    [row] = rows(options)
    assert (row.to, row.text, row.id, row.status, row.label, row.speaks) == (
        "+15005550100",
        TEXT,
        "at_1",
        "delivered",
        LABEL,
        "sms",
    )
    assert accepted == Accepted("at_1", delivered=True)


def test_a_post_has_an_address_that_shows_it(options: Options) -> None:
    made = open_channel("sim", Options("post", options.folder, 0), PUBLIC_URL)
    accepted = send(made, "county13")
    assert accepted.url == f"{PUBLIC_URL}/console/simulated#at_1"
    assert rows(options)[0].url == accepted.url
    assert made.limits().audience == "account"


@pytest.mark.parametrize(
    ("ending", "permanent", "verdict"),
    [("13", True, Verdict.PERMANENT), ("27", True, Verdict.OPTED_OUT), ("41", False, Verdict.RETRY)],
)
def test_some_endings_are_refused(
    channel: Simulated, options: Options, ending: str, permanent: bool, verdict: Verdict
) -> None:
    with pytest.raises(ChannelError) as raised:
        send(channel, f"+150055501{ending}")
    assert (raised.value.permanent, CODES[raised.value.code]) == (permanent, verdict)
    assert (rows(options)[0].status, rows(options)[0].code) == ("failed", RULES[ending])


def test_a_busy_phone_takes_the_second_try_of_a_text_and_is_busy_again_for_another(channel: Simulated) -> None:
    phone = "+15005550141"
    with pytest.raises(ChannelError):
        send(channel, phone, "at_1")
    assert send(channel, phone, "at_2").delivered
    with pytest.raises(ChannelError):
        send(channel, phone, "at_3", "Another text")


def test_what_is_refused_for_good_stays_refused(channel: Simulated) -> None:
    for id_ in ("at_1", "at_2"):
        with pytest.raises(ChannelError):
            send(channel, "+15005550113", id_)


def find(channel: Simulated, id_: str, phone: str) -> Found | None:
    return asyncio.run(channel.find(Sent(attempt(id_), message(), Recipient(phone, "en"))))


def test_a_lost_answer_is_proven_by_asking(channel: Simulated) -> None:
    with pytest.raises(OutcomeUnknown):
        send(channel, "+15005550159")
    assert find(channel, "at_1", "+15005550159") == Found("at_1", "delivered")


def test_a_lost_request_is_not_found_and_the_next_try_arrives(channel: Simulated) -> None:
    phone = "+15005550173"
    with pytest.raises(OutcomeUnknown):
        send(channel, phone)
    assert find(channel, "at_1", phone) is None
    assert send(channel, phone, "at_2").delivered


def test_a_refused_try_is_found_as_failed(channel: Simulated) -> None:
    with pytest.raises(ChannelError):
        send(channel, "+15005550113")
    assert find(channel, "at_1", "+15005550113") == Found("at_1", "failed", "gone")


def test_a_line_cut_by_a_crash_hides_no_other(channel: Simulated, options: Options) -> None:
    send(channel, "+15005550100", "at_1")
    with path("sim", options).open("a", encoding="utf-8") as file:
        file.write('{"id": "at_cut", "te\n[1]\n{"unknown": 1}\n')
    send(channel, "+15005550102", "at_2")
    assert [row.id for row in rows(options)] == ["at_1", "at_2"]


def test_no_file_is_no_tries(options: Options) -> None:
    assert rows(options) == []


def test_a_post_keeps_its_card_with_its_words_and_its_place_in_a_thread(options: Options) -> None:
    made = open_channel("sim", Options("post", options.folder, 0, "wide", 300, 4), PUBLIC_URL)
    limits = made.limits()
    assert (limits.length, limits.thread, limits.picture) == (300, 4, "wide")
    for number, about in enumerate((posting(), None, posting(picture=None))):
        tried = replace(attempt(f"at_{number}", earlier="at_0" if number else ""), posting=about)
        asyncio.run(made.send(message(number=number), Recipient("en", "en"), tried))
    first, *others = rows(options)
    assert (path("sim", options).with_name(first.picture).read_bytes(), first.alt) == (PNG, CARD.alt)
    assert [(row.answers, row.number, row.picture, row.alt) for row in others] == [
        ("at_0", 1, "", ""),
        ("at_0", 2, "", ""),
    ]


@pytest.mark.parametrize(
    ("speaks", "more", "wrong"),
    [
        ("voice", {}, "speaks"),
        ("sms", {"latency_ms": -1}, "latency"),
        ("sms", {"latency_ms": 5001}, "latency"),
        ("sms", {"picture": "wide"}, "account's"),
        ("sms", {"thread": 2}, "account's"),
        ("sms", {"length": 300}, "account's"),
        ("post", {"picture": "long"}, "wide, square, tall"),
        ("post", {"thread": 0}, "at least 1"),
        ("post", {"length": 0}, "at least 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(speaks: str, more: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Options(speaks, DataPath("x"), **more)
