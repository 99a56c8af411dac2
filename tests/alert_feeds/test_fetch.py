"""Fetching, against real HTTP servers on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_feeds.fetch import MAX_REDIRECTS, Fetched, FetchError, Request, fetch
from tests.alert_feeds.loopback import Loopback, loopback, says

AGENT = "Judge County (alerts@judge.example)"


class Names(AbstractResolver):
    """Answers each look-up with the next list of addresses (the last one for ever)."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=a,
                port=port,
                family=socket.AF_INET6 if ":" in a else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for a in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def run(test: Callable[[Loopback], Awaitable[Any]], **answers: Any) -> Any:
    async def whole() -> Any:
        async with loopback(**answers) as server:
            return await test(server)

    return asyncio.run(whole())


def ask(url: str, **options: Any) -> Request:
    return Request(url, AGENT, **{"allow_private": True, "timeout": 10.0, **options})


def refused(answers: dict[str, Any], path: str = "/x", **options: Any) -> FetchError:
    async def test(server: Loopback) -> FetchError:
        with pytest.raises(FetchError) as caught:
            await fetch(ask(server.url(path), **options))
        return caught.value

    return run(test, **answers)


def test_a_document_comes_with_its_headers_its_address_and_our_contact_was_named() -> None:
    async def test(server: Loopback) -> None:
        found = await fetch(ask(server.url("/x")))
        assert (found.status, found.body, found.headers["etag"]) == (200, b"<feed/>", '"1"')
        assert found.headers["content-location"] == server.url("/x")
        assert server.seen[0].headers["User-Agent"] == AGENT

    run(test, x=says(body=b"<feed/>", ETag='"1"'))


def test_validators_are_sent_and_an_unchanged_document_has_no_body() -> None:
    async def test(server: Loopback) -> None:
        found = await fetch(ask(server.url("/x"), etag='"1"', last_modified="Sun, 22 Nov 2026 00:00:00 GMT"))
        assert found.unchanged
        assert found.body == b""
        assert server.seen[0].headers["If-None-Match"] == '"1"'
        assert server.seen[0].headers["If-Modified-Since"] == "Sun, 22 Nov 2026 00:00:00 GMT"

    run(test, x=says(304))


def test_an_unchanged_that_nobody_asked_for_is_an_error() -> None:
    assert refused({"x": says(304)}).code == "http_304"


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (204, True),
        (400, True),
        (401, True),
        (404, True),
        (410, True),
        (403, False),
        (408, False),
        (425, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_other_answers_are_errors_that_say_whether_trying_again_can_help(status: int, permanent: bool) -> None:
    error = refused({"x": says(status)})
    assert (error.code, error.permanent, error.status) == (f"http_{status}", permanent, status)


def test_retry_after_is_handed_on() -> None:
    assert refused({"x": says(429, Retry_After="17")}).retry_after == 17.0


def test_redirects_are_followed_to_their_end() -> None:
    async def test(server: Loopback) -> None:
        found = await fetch(ask(server.url("/a")))
        assert found.body == b"here"
        assert found.url == server.url("/b")
        assert found.headers["content-location"] == server.url("/b")

    run(test, a=says(302, Location="/b"), b=says(body=b"here"))


def test_a_loop_of_redirects_ends() -> None:
    async def test(server: Loopback) -> None:
        with pytest.raises(FetchError) as caught:
            await fetch(ask(server.url("/a")))
        assert (caught.value.code, caught.value.permanent) == ("redirects", True)
        assert len(server.seen) == MAX_REDIRECTS + 1

    run(test, a=says(301, Location="/a"))


def test_a_redirect_to_nowhere_or_to_another_scheme_is_refused() -> None:
    assert refused({"x": says(302)}).code == "redirects"
    assert refused({"x": says(302, Location="file:///etc/passwd")}).code == "address"


def test_a_redirect_from_https_to_http_is_refused() -> None:
    from alert_feeds.fetch import redirected

    with pytest.raises(FetchError, match="from https"):
        redirected("https://a.example/x", "http://a.example/x")
    assert redirected("https://a.example/x", "//b.example/y") == "https://b.example/y"
    assert redirected("http://a.example/x", "https://a.example/x") == "https://a.example/x"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/x", "nothing", "http://", "http://[::1", ""])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        asyncio.run(fetch(ask(url)))
    assert (caught.value.code, caught.value.permanent) == ("address", True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"])
def test_loopback_is_refused_unless_the_feed_allows_it(host: str) -> None:
    async def test(server: Loopback) -> None:
        with pytest.raises(FetchError) as caught:
            await fetch(ask(server.url("/x", host), allow_private=False))
        assert (caught.value.code, caught.value.permanent) == ("address", True)
        assert server.seen == []

    run(test, x=says(body=b"secret"))


def test_a_name_that_leads_to_a_private_address_is_refused_where_the_socket_is_made() -> None:
    async def test(server: Loopback) -> None:
        for addresses in (["127.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"]):
            with pytest.raises(FetchError) as caught:
                await fetch(ask(server.url("/x", "feed.example"), allow_private=False), Names(addresses))
            assert caught.value.code == "address"
        assert server.seen == []

    run(test, x=says(body=b"secret"))


def test_a_name_that_changes_its_address_between_redirects_is_checked_again() -> None:
    """The first look-up gives an address that is allowed, the second one the cloud's metadata service."""

    async def test(server: Loopback) -> None:
        with pytest.raises(FetchError) as caught:
            await fetch(ask(server.url("/a", "feed.example")), Names(["127.0.0.1"], ["169.254.169.254"]))
        assert (caught.value.code, len(server.seen)) == ("address", 1)
        assert "link-local" in caught.value.text

    async def go(request: web.Request) -> web.Response:
        response = web.Response(status=302, headers={"Location": str(request.url.with_path("/b"))})
        response.force_close()
        return response

    run(test, a=go, b=says(body=b"secret"))


def test_a_redirect_to_a_forbidden_address_is_refused() -> None:
    error = refused({"x": says(302, Location="http://169.254.169.254/latest/meta-data")})
    assert (error.code, error.permanent) == ("address", True)


def test_a_body_over_the_limit_is_refused_whether_announced_or_not() -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"x" * 300)
        await response.write_eof()
        return response

    assert refused({"x": says(body=b"x" * 1001)}, max_bytes=1000).code == "too_large"
    assert refused({"x": stream}, max_bytes=1000).code == "too_large"


def test_a_body_of_just_the_limit_is_taken_packed_or_not() -> None:
    async def test(server: Loopback) -> None:
        for path in ("/x", "/g", "/d"):
            assert (await fetch(ask(server.url(path), max_bytes=1000))).body == b"x" * 1000

    body = b"x" * 1000
    packed = {"g": says(body=gzip.compress(body), Content_Encoding="gzip")}
    run(test, x=says(body=body), d=says(body=zlib.compress(body), Content_Encoding="deflate"), **packed)


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000, mtime=0)
    assert refused({"x": says(body=bomb, Content_Encoding="gzip")}, max_bytes=1_000_000).code == "too_large"


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], "gzip", "truncated"),
        (gzip.compress(b"x", mtime=0) + b"more", "gzip", "encoding"),
        (b"not packed", "gzip", "encoding"),
        (b"x", "br", "encoding"),
    ],
)
def test_a_body_that_cannot_be_unpacked_whole_is_an_error(body: bytes, encoding: str, code: str) -> None:
    assert refused({"x": says(body=body, Content_Encoding=encoding)}).code == code


def test_a_body_that_breaks_off_is_an_error_that_may_pass() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<feed>")
        assert request.transport is not None
        request.transport.close()
        return response

    error = refused({"x": cut})
    assert (error.code, error.permanent) == ("connection", False)


def test_a_slow_body_ends_with_the_whole_time_given() -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x")
                await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.CancelledError):
            return response

    error = refused({"x": slow}, timeout=0.5)
    assert (error.code, error.permanent) == ("timeout", False)


def raw_server(answer: bytes, endless: bytes = b"", **options: Any) -> Fetched:
    """What is fetched from a server that says exactly these bytes, and then ``endless`` for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            while endless:
                writer.write(endless)
                await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def whole() -> Fetched:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await fetch(ask(f"http://127.0.0.1:{port}/", **options))

    return asyncio.run(whole())


def test_headers_that_are_no_text_can_still_be_stored() -> None:
    found = raw_server(b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nContent-Length: 1\r\n\r\nx')
    assert found.headers["etag"] == '"??"'
    found.headers["etag"].encode()


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx"])
def test_what_is_no_whole_http_answer_is_an_error_that_may_pass(answer: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        raw_server(answer)
    assert (caught.value.code, caught.value.permanent) == ("connection", False)
    caught.value.text.encode()


@pytest.mark.parametrize("location", [b"http://\xff\xfe/", b"http://[", b"\xff"])
def test_a_redirect_to_something_unreadable_is_an_error_with_a_text_that_can_be_stored(location: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        raw_server(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n", timeout=5.0)
    caught.value.text.encode()


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\n<feed>\r\n"


@pytest.mark.parametrize(
    ("head", "piece", "code"),
    [
        (OK, b"X-a: b\r\n" * 100, "connection"),
        (OK + b"X-a: ", b"b" * 10_000, "connection"),
        (b"HTTP/1.1 200 ", b"b" * 10_000, "connection"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10, "timeout"),
        (b"", b"\r\n" * 100, "timeout"),
        (CHUNKED + b"5;", b"b" * 10_000, "timeout"),
        (CHUNKED + b"0\r\n", b"X-a: b\r\n" * 100, "connection"),
        (CHUNKED, b"1\r\nx\r\n" * 100, "too_large"),
        (OK + b"\r\n", b"x" * 1000, "too_large"),
    ],
)
def test_answers_without_end_are_refused(head: bytes, piece: bytes, code: str) -> None:
    with pytest.raises(FetchError) as caught:
        raw_server(head, endless=piece, timeout=0.5 if code == "timeout" else 30, max_bytes=5000)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED,
        CHUNKED + b"0",
        CHUNKED + b"0\r\n",
        CHUNKED + b"-1\r\n",
        OK + b"Content-Length: 9\r\n\r\n<feed>",
        OK + b"Content-Length: 6\r\nContent-Length: 3\r\n\r\n<feed>",
        OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<feed>\r\n0\r\n\r\n",
        b"<feed/>",
    ],
)
def test_an_answer_that_is_cut_or_contradicts_itself_is_no_document(answer: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        raw_server(answer)
    assert (caught.value.code, caught.value.permanent) == ("connection", False)


def test_a_server_that_hangs_up_in_its_headers_is_said_in_words() -> None:
    with pytest.raises(FetchError) as caught:
        raw_server(OK + b"X-a: b\r\n")
    assert caught.value.text == "The answer broke off: the server hung up"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([CHUNKED + b"0\r\n\r\n", OK + b"Content-Length: 6\r\n\r\n<feed>"]), st.data())
def test_mutated_answers_are_documents_or_refused(answer: bytes, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(answer)))
        answer = answer[:at] + data.draw(st.binary(max_size=4)) + answer[at + data.draw(st.integers(0, 3)) :]
    try:
        found = raw_server(answer, timeout=0.5)
    except FetchError as error:
        error.text.encode()
    else:
        assert (found.status, found.url.partition(":")[0]) == (200, "http")


def test_nobody_listening_is_an_error_that_may_pass() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(FetchError) as caught:
        asyncio.run(fetch(ask(f"http://127.0.0.1:{port}/")))
    assert (caught.value.code, caught.value.permanent) == ("connect", False)


def test_only_a_304_is_unchanged() -> None:
    assert not Fetched("http://a.example/", 200, b"").unchanged
