"""Telegram: what is posted, changed and pinned, what each answer means, and that the token never shows."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from broadcaster.channels.telegram import CODES, Options, Telegram, open_channel
from broadcaster.domain.alert import Info, Mode, MsgType
from broadcaster.domain.channel import Accepted, ChannelError, OutcomeUnknown, Recipient, Secret, Verdict
from broadcaster.domain.posting import Picture, Posting
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers import telegram as provider
from tests.providers.base import served
from tests.providers.telegram import CHAT, CHAT_ID, TOKEN, TelegramFaults

T = TypeVar("T")
WHO = Recipient("en", "en")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
LINK = f"{PUBLIC_URL}/alerts/canyon-fire"
POSTING = Posting(
    "a1", "judge-1", datetime(2026, 11, 22, tzinfo=UTC), MsgType.ALERT, Mode.ACTUAL, "", Info(), ("canyon",), LINK
)
CARD = replace(POSTING, picture=Picture(PNG, "Leave now", f"{PUBLIC_URL}/cards/a1.png", 1200, 675))


@pytest.fixture
def fake() -> Iterator[provider.Telegram]:
    with served(provider.Telegram(TelegramFaults(latency=0))) as made:
        yield made


def using(fake: provider.Telegram, work: Callable[[Telegram], Awaitable[T]], **more: Any) -> T:
    options = Options(**{"token": Secret(TOKEN), "chat_id": CHAT, "base_url": fake.base_url, **more})

    async def run() -> T:
        channel = open_channel("chat", options, PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: provider.Telegram, text: str = TEXT, about: Posting | None = None, **more: Any) -> Accepted:
    options = {key: more.pop(key) for key in ("timeout_seconds", "token", "chat_id", "topic") if key in more}
    tried = replace(attempt(), posting=about, **more)
    return using(fake, lambda channel: channel.send(message(text), WHO, tried), **options)


def refused(fake: provider.Telegram, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


# --- what is posted -------------------------------------------------------------------------------------------------
def test_a_text_is_posted_as_it_is_with_the_alerts_page_as_its_preview(fake: provider.Telegram) -> None:
    text = "*Leave* <b>now</b> _@everyone_ [x](y) & go \U0001f692"
    assert send(fake, text, POSTING) == Accepted("41", "https://t.me/JudgeCounty/41", delivered=True)
    [post] = fake.posts
    assert (post.text, post.photo, post.preview) == (text, 0, LINK)
    [(method, wanted)] = fake.calls
    assert (method, wanted.keys()) == ("sendMessage", {"chat_id", "text", "link_preview_options"})


def test_the_card_goes_with_a_text_that_fits_below_it(fake: provider.Telegram) -> None:
    fits = "\U0001f692" * 512  # 1,024 UTF-16 units
    assert send(fake, fits, CARD).provider_id == "41/photo"
    assert send(fake, fits + "x", CARD).provider_id == "42"
    assert [(post.photo, post.preview) for post in fake.posts] == [(len(PNG), ""), (0, LINK)]


def test_a_forums_topic_gets_pictures_and_words(fake: provider.Telegram) -> None:
    for about in (CARD, POSTING):
        send(fake, about=about, topic=17)
    assert [(post.topic, bool(post.photo)) for post in fake.posts] == [(17, True), (17, False)]
    send(fake)
    assert fake.posts[2].topic == 0


def test_a_picture_without_an_answer_twice_holds_back_no_words(fake: provider.Telegram) -> None:
    async def three(channel: Telegram) -> None:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                await channel.send(message(), WHO, tried)
        await channel.send(message(), WHO, tried)

    tried = replace(attempt(), key="dl_1", posting=CARD)
    fake.faults = TelegramFaults(latency=0, cut_photo=True)
    using(fake, three)
    assert [(post.text, post.photo) for post in fake.posts] == [(TEXT, 0)]


@pytest.mark.parametrize("why", ["PHOTO_INVALID_DIMENSIONS", "not enough rights to send photos to the chat"])
def test_a_picture_that_is_refused_does_not_hold_back_the_text(fake: provider.Telegram, why: str) -> None:
    fake.faults = TelegramFaults(latency=0, refuse_photo=f"Bad Request: {why}")
    assert send(fake, about=CARD).provider_id == "41"
    fake.faults = TelegramFaults(latency=0, unauthorized=True)
    assert refused(fake, about=CARD).code == "http_401"
    assert fake.requests == 3  # a token that is not valid is not tried again without the picture


@pytest.mark.parametrize("about", [POSTING, CARD])
def test_an_update_answers_the_first_post_and_stands_alone_where_that_is_gone(
    fake: provider.Telegram, about: Posting
) -> None:
    first = fake.post("first")
    send(fake, about=about, earlier=str(first.id))
    send(fake, about=about, earlier="7/photo")
    send(fake, about=about, earlier="b1-7")  # of the webhook that had this channel's name before
    assert [post.answers for post in fake.posts] == [0, first.id, 0, 0]


@pytest.mark.parametrize(("photo", "post"), [(0, "41"), (9, "41/photo")])
def test_a_wrong_post_takes_other_words_twice_without_harm(fake: provider.Telegram, photo: int, post: str) -> None:
    wrong = fake.post("Leave now.", photo)
    for _ in range(2):
        changed = send(fake, "Sent in error.", CARD, edits=post)
        assert changed == Accepted(post, "https://t.me/JudgeCounty/41", delivered=True)
    assert (wrong.before, wrong.text, len(fake.posts)) == (["Leave now."], "Sent in error.", 1)


@pytest.mark.parametrize(
    ("chat_id", "public", "address"),
    [
        (CHAT, True, "https://t.me/JudgeCounty/41"),
        (CHAT_ID, True, "https://t.me/JudgeCounty/41"),
        (CHAT_ID, False, "https://t.me/c/1234567890/41"),
    ],
)
def test_the_address_of_a_post(fake: provider.Telegram, chat_id: str | int, public: bool, address: str) -> None:
    fake.faults = TelegramFaults(latency=0, public=public)
    assert send(fake, chat_id=chat_id).url == address


def test_posts_are_pinned_and_unpinned(fake: provider.Telegram) -> None:
    fake.post("one")
    fake.post("two")
    using(fake, lambda channel: channel.pin("41/photo"))
    using(fake, lambda channel: channel.pin("42"))
    using(fake, lambda channel: channel.unpin("41/photo"))
    assert fake.pinned == [42]
    assert fake.calls[0][1] == {"chat_id": CHAT, "message_id": 41, "disable_notification": True}
    fake.faults = TelegramFaults(refuse="Bad Request: not enough rights to manage pinned messages in the chat")
    with pytest.raises(ChannelError) as raised:
        using(fake, lambda channel: channel.pin("42"))
    assert raised.value.permanent


def test_all_we_say_stands_in_the_published_specification(fake: provider.Telegram, shared: Path) -> None:
    first = fake.post("first")
    send(fake, about=CARD, earlier=str(first.id))
    send(fake, about=POSTING)
    send(fake, "Sent in error.", edits="42/photo")
    send(fake, "Sent in error.", edits="43")
    using(fake, lambda channel: channel.pin("43"))
    using(fake, lambda channel: channel.unpin("43"))
    using(fake, lambda channel: channel.check())
    methods = json.loads((shared / "specs" / "telegram" / "api.json").read_text())["methods"]
    assert {"sendPhoto", "editMessageCaption", "unpinChatMessage", "getChatMember"} <= {name for name, _ in fake.calls}
    for name, wanted in fake.calls:
        fields = {one["name"]: one["required"] for one in methods[name].get("fields", [])}
        assert wanted.keys() - {"chat_id"} <= fields.keys()  # which getMe overlooks
        assert {key for key, required in fields.items() if required} - {"photo"} <= wanted.keys()


# --- what the answers mean --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "code", "verdict"),
    [
        ("Bad Request: chat not found", "chat", Verdict.STOP_CHANNEL),
        ("Bad Request: message thread not found", "chat", Verdict.STOP_CHANNEL),
        ("Bad Request: TOPIC_CLOSED", "chat", Verdict.STOP_CHANNEL),
        ("Bad Request: need administrator rights in the channel chat", "rights", Verdict.STOP_CHANNEL),
        ("Bad Request: not enough rights to send text messages to the chat", "rights", Verdict.STOP_CHANNEL),
        ("Forbidden: bot was kicked from the channel chat", "http_403", Verdict.STOP_CHANNEL),
        ("Bad Request: message is too long", "http_400", Verdict.PERMANENT),
    ],
)
def test_a_refusal_is_read_in_its_words(fake: provider.Telegram, words: str, code: str, verdict: Verdict) -> None:
    fake.faults = TelegramFaults(refuse=words)
    error = refused(fake)
    assert (error.code, CODES[code], error.permanent) == (code, verdict, verdict is Verdict.PERMANENT)
    assert words in error.text


@pytest.mark.parametrize("post", ["7", "b1-7"])
def test_a_post_that_is_gone_cannot_be_changed(fake: provider.Telegram, post: str) -> None:
    error = refused(fake, edits=post)
    assert (error.code, error.permanent) == ("post_gone", True)


def test_a_token_that_is_no_longer_valid_stops_the_channel(fake: provider.Telegram) -> None:
    other = refused(fake, token=Secret("1:other"))
    fake.faults = TelegramFaults(unauthorized=True)
    for error, code in ((refused(fake), "http_401"), (other, "http_404")):
        assert (error.code, CODES[code], error.permanent) == (code, Verdict.STOP_CHANNEL, False)


def test_too_many_posts_wait_as_long_as_telegram_says(fake: provider.Telegram) -> None:
    fake.faults = TelegramFaults(latency=0, too_many=1)
    error = refused(fake)
    assert (error.code, CODES[error.code], error.retry_after) == ("http_429", Verdict.BACK_OFF, 7.0)


def test_a_group_that_got_another_number_is_written_to_under_that_one(fake: provider.Telegram) -> None:
    fake.faults = TelegramFaults(latency=0, migrated=-1009876543210)

    async def twice(channel: Telegram) -> None:
        with pytest.raises(ChannelError) as raised:
            await channel.send(message(), WHO, attempt())
        error = raised.value
        assert (error.code, CODES[error.code], error.retry_after) == ("migrated", Verdict.BACK_OFF, 0.0)
        await channel.send(message(), WHO, attempt())

    using(fake, twice, chat_id=-77)
    [check] = using(fake, lambda channel: channel.check(), chat_id=-77)
    assert len(fake.posts) == 1
    assert "chat_id = -1009876543210" in check.hint


@pytest.mark.parametrize(
    "faults",
    [
        {"error_before": 1},
        {"cut_before": 1},
        {"status": 200, "text": "{}"},
        {"status": 200, "text": '{"ok": true, "result": {}}'},
        {"status": 200, "text": "[]"},
        {"status": 502, "text": "<html>"},
    ],
)
@pytest.mark.parametrize("about", [POSTING, CARD])
def test_what_may_stand_is_unknown_and_tried_once(
    fake: provider.Telegram, faults: dict[str, Any], about: Posting
) -> None:
    fake.faults = TelegramFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake, about=about)
    assert (fake.requests, len(fake.posts)) == (1, 0)


# --- the check, and the token ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "rights", "pin", "said"),
    [
        ("channel", {"can_post_messages": True, "can_edit_messages": True}, True, [True]),
        ("channel", {"can_post_messages": True}, True, [True, False]),
        ("channel", {"can_post_messages": True}, False, [True]),
        ("channel", {"can_edit_messages": True}, True, [False]),
        ("channel", {"status": "creator"}, True, [True]),
        ("supergroup", {"can_pin_messages": True}, True, [True]),
        ("supergroup", {}, True, [True, False]),
        ("supergroup", {"status": "member"}, False, [True]),
        ("supergroup", {"status": "left"}, False, [False]),
        ("supergroup", {"status": "kicked"}, False, [False]),
        ("supergroup", {"status": "restricted", "can_send_messages": False}, False, [False]),
    ],
)
def test_a_check_looks_at_the_bots_rights(
    fake: provider.Telegram, kind: str, rights: dict[str, Any], pin: bool, said: list[bool]
) -> None:
    fake.faults = TelegramFaults(kind=kind, rights=rights)
    checks = using(fake, lambda channel: channel.check(), pin=pin)
    assert [check.ok for check in checks] == said
    assert all(check.ok or check.hint for check in checks)


def test_the_token_is_in_no_error_and_no_log(fake: provider.Telegram, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [{"refuse": f"Bad Request: {TOKEN}"}, {"unauthorized": True}, {"cut_after": 1}, {"hang_after": 1}]
    for one in faults:
        fake.faults = TelegramFaults(latency=0, **one)  # type: ignore[arg-type]
        with pytest.raises((ChannelError, OutcomeUnknown)) as raised:
            send(fake, timeout_seconds=1.0)
        assert TOKEN not in "".join(traceback.format_exception(raised.value))
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp.server")]  # the stand-in's
    assert TOKEN not in "".join(f"{record.getMessage()}{record.exc_text}" for record in ours)


@pytest.mark.parametrize(
    ("token", "chat_id", "key"),
    [
        (TOKEN, CHAT, ""),
        (TOKEN, -1001234567890, ""),
        (TOKEN, "-1001234567890", ""),
        ("AAHdqTcvCH1", CHAT, "token"),
        (f"{TOKEN}/../x", CHAT, "token"),
        (TOKEN, "JudgeCounty", "chat_id"),
        (TOKEN, "https://t.me/JudgeCounty", "chat_id"),
    ],
)
def test_options_that_cannot_work_stop_the_start(token: str, chat_id: str | int, key: str) -> None:
    found = Options(Secret(token), chat_id).wrong("US")
    assert (found.key if found else "") == key
    assert found is None or token not in found.text
