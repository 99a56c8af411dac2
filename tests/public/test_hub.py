"""Readers of /live: nobody queues, nobody holds anybody, and who lags too long is cut off."""

from __future__ import annotations

from broadcaster.public.hub import BEAT, PARTS, SLOW, Hub, transport_of


class Wire:
    """A transport as the outer wire shows it: ``stuck`` bytes that the other side does not take."""

    def __init__(self) -> None:
        self.got = b""
        self.stuck = 0
        self.aborted = self.closed = False

    def write(self, data: bytes) -> None:
        self.got += data

    def get_write_buffer_size(self) -> int:
        return self.stuck

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def ids(self) -> list[str]:
        return [line.removeprefix("id: ") for line in self.got.decode().splitlines() if line.startswith("id: ")]


def hub_at(number: int) -> Hub:
    hub = Hub()
    hub.tell(number, b"{}")
    return hub


def test_a_reader_gets_the_current_version_and_each_newer_one_once() -> None:
    hub, wire = hub_at(1), Wire()
    hub.join(wire, chunked=False)
    hub.tell(2, b"{}")
    hub.tell(2, b'{"checked":"later"}')
    assert wire.ids() == ["1", "2"]
    late = Wire()
    hub.join(late, chunked=False)
    assert b"later" in late.got


def test_before_the_first_version_a_reader_waits() -> None:
    hub, wire = Hub(), Wire()
    hub.join(wire, chunked=False)
    assert wire.ids() == []
    assert BEAT in wire.got
    hub.tell(1, b"{}")
    assert wire.ids() == ["1"]


def test_framing_follows_the_http_version() -> None:
    hub, old, new = hub_at(1), Wire(), Wire()
    hub.join(old, chunked=False)
    hub.join(new, chunked=True)
    assert old.got.startswith(b"retry: ")
    size, _, rest = new.got.partition(b"\r\n")
    assert int(size, 16) == len(rest) - 2
    hub.close()
    assert new.got.endswith(b"\r\n0\r\n\r\n")
    assert not old.got.endswith(b"0\r\n\r\n")
    assert old.closed
    assert new.closed


def test_a_lagging_reader_skips_to_the_newest_when_it_can_take_it() -> None:
    hub, slow, quick = hub_at(1), Wire(), Wire()
    hub.join(slow, chunked=False)
    hub.join(quick, chunked=False)
    slow.stuck = 100
    for number in (2, 3, 4):
        hub.tell(number, b"{}")
    hub.sweep(0.0)
    assert (slow.ids(), quick.ids()) == (["1"], ["1", "2", "3", "4"])
    slow.stuck = 0
    hub.sweep(1.0)
    hub.sweep(2.0)
    assert slow.ids() == ["1", "4"]
    assert not slow.aborted


def test_a_reader_that_lags_too_long_is_cut_off_and_only_that_one() -> None:
    hub, slow, quick = hub_at(1), Wire(), Wire()
    hub.join(slow, chunked=False)
    hub.join(quick, chunked=False)
    slow.stuck = 100
    hub.sweep(0.0)
    hub.sweep(SLOW)
    assert not slow.aborted
    hub.sweep(SLOW + 0.1)
    assert (slow.aborted, quick.aborted) == (True, False)


def test_lagging_is_counted_anew_after_each_empty_buffer() -> None:
    hub, wire = hub_at(1), Wire()
    hub.join(wire, chunked=False)
    wire.stuck = 1
    hub.sweep(0.0)
    wire.stuck = 0
    hub.sweep(SLOW)
    wire.stuck = 1
    hub.sweep(SLOW + 1)
    hub.sweep(SLOW + 2)
    assert not wire.aborted


def test_every_reader_hears_a_heartbeat_in_a_round_but_no_lagging_one() -> None:
    hub, wires = hub_at(1), [Wire() for _ in range(PARTS + 3)]
    for wire in wires:
        hub.join(wire, chunked=False)
    wires[0].stuck = 1
    for part in range(PARTS):
        hub.beat(part)
    assert [wire.got.count(BEAT) for wire in wires] == [0] + [1] * (PARTS + 2)


def test_who_left_or_is_closing_is_written_to_no_more() -> None:
    hub, gone, closing = hub_at(1), Wire(), Wire()
    hub.leave(hub.join(gone, chunked=False))
    hub.join(closing, chunked=False)
    closing.closed = True
    hub.tell(2, b"{}")
    assert (gone.ids(), closing.ids()) == (["1"], ["1"])


def test_after_the_end_nobody_stays() -> None:
    hub, wire = hub_at(1), Wire()
    hub.close()
    hub.join(wire, chunked=True)
    assert wire.closed


def test_an_unknown_server_has_no_transport() -> None:
    assert transport_of(lambda message: None) is None
