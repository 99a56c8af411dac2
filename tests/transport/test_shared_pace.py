"""The pace in Redis agrees with the arithmetic, is shared, and holds without Redis by each sender's part."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from redis import Redis

from broadcaster.transport.connection import connect
from broadcaster.transport.pace import Pace


def test_starts_are_spaced_by_the_pace(redis: Redis) -> None:
    slots = Pace(redis, "sms", 10, 1).take([1, 2, 1, 1], 0.35)
    assert [round(start, 2) for start in slots.starts] == [0.0, 0.1, 0.3]
    assert round(slots.wait, 1) == 0.4


def test_two_senders_share_one_pace(redis: Redis) -> None:
    earliest: list[float] = []  # a start counts from a moment between asking and the answer
    latest: list[float] = []

    def sender() -> None:
        pace = Pace(redis, "sms", 100, 2)
        for _ in range(10):
            asked = time.monotonic()
            starts = pace.take([1, 1], 10).starts
            answered = time.monotonic()
            earliest.extend(asked + start for start in starts)
            latest.extend(answered + start for start in starts)

    threads = [threading.Thread(target=sender) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(latest) == 40
    assert max(latest) - min(earliest) > 39 / 100 * 0.99


def test_channels_do_not_share_a_pace(redis: Redis) -> None:
    Pace(redis, "sms", 1, 1).take([5], 10)
    assert Pace(redis, "mail", 1, 1).take([1], 0.1).starts == (0.0,)


def test_a_push_holds_back_every_sender(redis: Redis) -> None:
    one, other = Pace(redis, "sms", 100, 2), Pace(redis, "sms", 100, 2)
    one.push(200.0)
    slots = other.take([1], 0.1)
    assert slots.starts == ()
    assert 100 < slots.wait <= 200


def test_a_shorter_push_does_not_shorten_a_longer_one(redis: Redis) -> None:
    pace = Pace(redis, "sms", 100, 1)
    pace.push(500.0)
    pace.push(100.0)
    assert pace.take([1], 0.1).wait > 300


def test_without_redis_each_sender_keeps_to_its_part(tmp_path: Path) -> None:
    pace = Pace(connect(f"unix://{tmp_path}/nobody.sock"), "sms", 10, 2)
    assert [round(start, 2) for start in pace.take([1, 1, 1], 0.45).starts] == [0.0, 0.2, 0.4]


def test_a_push_holds_without_redis_too(tmp_path: Path) -> None:
    pace = Pace(connect(f"unix://{tmp_path}/nobody.sock"), "sms", 10, 1)
    pace.push(300.0)
    assert pace.take([1], 0.1).starts == ()
