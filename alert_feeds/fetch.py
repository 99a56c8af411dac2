"""The only opener of connections in this room: conditional, bounded in time and size, to checked addresses alone.

The address is checked where the socket is made, after every name was resolved: no second look-up can put another
one in its place, and literal addresses pass the same gate. Redirects are followed by hand, each through that gate.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from alert_feeds.document import MAX_BYTES
from alert_feeds.retry import judge
from broadcaster.domain.addresses import refused

MAX_REDIRECTS = 5
CHUNK = 65_536
_REDIRECTS = (301, 302, 303, 307, 308)
_ACCEPT = (
    "application/cap+xml, application/geo+json, application/atom+xml, application/xml, application/json, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One document to ask for. ``user_agent`` names the agency with a contact; ``timeout`` is for everything, in
    seconds; ``max_bytes`` bounds what came over the wire and what it unpacks to."""

    url: str
    user_agent: str
    etag: str = ""
    last_modified: str = ""
    allow_private: bool = False
    timeout: float = 20.0
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. ``status`` is 200, or 304 with an empty body; ``headers`` have lower-case names and, as
    ``content-location``, the address that answered."""

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """The server says that nothing changed since the validators we sent."""
        return self.status == 304


class FetchError(Exception):
    """No document. ``permanent``: trying again unchanged cannot help. ``retry_after``: the server's word, seconds."""

    def __init__(
        self,
        code: str,
        text: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        text = _printable(text)
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.permanent = permanent
        self.retry_after = retry_after
        self.status = status


class AddressRefused(OSError):
    """A name or a literal led to an address that must not be connected to."""


@asynccontextmanager
async def _client(gate: _Gate, resolver: AbstractResolver | None) -> AsyncIterator[aiohttp.ClientSession]:
    """A client whose sockets refuse the wrong addresses; no cookies, no proxy from the environment."""
    connector = aiohttp.TCPConnector(socket_factory=gate.socket, resolver=resolver, use_dns_cache=False)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
    ) as client:
        yield client


class _Gate:
    """Makes sockets to permitted addresses only, and remembers what it refused."""

    def __init__(self, allow_private: bool) -> None:
        self.allow_private = allow_private
        self.refused: list[str] = []

    def socket(self, info: Any) -> socket.socket:
        """aiohttp's SocketFactory: called with the very address that is going to be connected to."""
        family, kind, protocol, _, address = info
        reason = refused(str(address[0]), self.allow_private)
        if reason:
            self.refused.append(f"{address[0]} {reason}")
            raise AddressRefused(self.refused[-1])
        return socket.socket(family=family, type=kind, proto=protocol)


async def fetch(request: Request, resolver: AbstractResolver | None = None) -> Fetched:
    """Ask once, following at most ``MAX_REDIRECTS`` redirects. Raises FetchError; retries are the caller's."""
    gate = _Gate(request.allow_private)
    try:
        async with asyncio.timeout(request.timeout), _client(gate, resolver) as client:
            return await _follow(client, request)
    except TimeoutError as error:
        raise FetchError("timeout", f"No complete answer within {request.timeout:g} s from {request.url}") from error
    except aiohttp.ClientConnectorError as error:
        if gate.refused:
            raise FetchError("address", f"{error.host}: {gate.refused[-1]}", permanent=True) from error
        raise FetchError("connect", f"No connection to {error.host}: {error.os_error}") from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise FetchError("address", f"{request.url} cannot be asked: {error}", permanent=True) from error
    except aiohttp.ServerDisconnectedError as error:
        raise FetchError("connection", "The answer broke off: the server hung up") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError("connection", f"The answer broke off: {error or type(error).__name__}") from error


async def _follow(client: aiohttp.ClientSession, request: Request) -> Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        _check_address(request.url)
        async with client.get(request.url, headers=_headers(request), allow_redirects=False) as answer:
            if answer.status not in _REDIRECTS:
                return await _answer(answer, request)
            request = replace(request, url=redirected(request.url, answer.headers.get("Location", "")))
    raise FetchError("redirects", f"More than {MAX_REDIRECTS} redirects, the last to {request.url}", permanent=True)


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise FetchError("address", f"{url} is no http or https address", permanent=True)


def redirected(url: str, location: str) -> str:
    """Where a redirect leads. Raises FetchError for one to nowhere or from https to anything else."""
    target = urljoin(url, location)
    if not location:
        raise FetchError("redirects", f"{url} redirects to nowhere", permanent=True)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise FetchError("redirects", f"{url} redirects from https to {target}, which is refused", permanent=True)
    return target


def _headers(request: Request) -> dict[str, str]:
    headers = {"User-Agent": request.user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
    if request.etag:
        headers["If-None-Match"] = request.etag
    if request.last_modified:
        headers["If-Modified-Since"] = request.last_modified
    return headers


async def _answer(answer: aiohttp.ClientResponse, request: Request) -> Fetched:
    headers = {name.lower(): _printable(value) for name, value in answer.headers.items()}
    verdict = judge(answer.status, headers, datetime.now(UTC), bool(request.etag or request.last_modified))
    if not verdict.ok:
        raise FetchError(
            f"http_{answer.status}",
            f"{request.url} answered {answer.status}",
            permanent=verdict.permanent,
            retry_after=verdict.retry_after,
            status=answer.status,
        )
    headers["content-location"] = request.url
    body = b"" if answer.status == 304 else await _body(answer, request.max_bytes)
    return Fetched(request.url, answer.status, body, headers)


async def _body(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    if (answer.content_length or 0) > limit:
        raise _too_large(limit)
    packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
    unpack = _unpacker(packing)
    wire, body = 0, bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        wire += len(chunk)
        body += chunk if unpack is None else _unpacked(unpack, chunk, limit - len(body) + 1)
        if wire > limit or len(body) > limit:
            raise _too_large(limit)
    if unpack is not None and not unpack.eof:
        raise FetchError("truncated", f"The {packing} body ends too early")
    if unpack is not None and unpack.unused_data:
        raise FetchError("encoding", f"The {packing} body goes on behind its end")
    return bytes(body)


def _unpacker(packing: str) -> Any:
    if packing in ("", "identity"):
        return None
    if packing in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # finds out gzip or zlib by itself
    raise FetchError("encoding", f"Content-Encoding {packing[:40]!r} was not asked for", permanent=True)


def _unpacked(unpack: Any, chunk: bytes, room: int) -> bytes:
    """At most ``room`` bytes, so that a small body cannot unpack to a huge one."""
    try:
        return bytes(unpack.decompress(chunk, room))
    except zlib.error as error:
        raise FetchError("encoding", f"The body cannot be unpacked: {error}") from error


def _printable(text: str) -> str:
    """aiohttp hands bytes that are no UTF-8 on as lone surrogates, which no database takes."""
    return text.encode("utf-8", "replace").decode()


def _too_large(limit: int) -> FetchError:
    return FetchError("too_large", f"The answer has more than {limit} bytes", permanent=True)
