"""One HTTP exchange for channels: a kept session, hard time limits, errors in the contract's words.

What certainly never reached the provider is ``ChannelError("connect")``; whatever broke after the request may
have left is ``OutcomeUnknown``. Nothing is repeated here: aiohttp itself repeats no POST.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

import aiohttp

from broadcaster.domain.addresses import refused
from broadcaster.domain.channel import ChannelError, OutcomeUnknown

LONGEST_SECONDS = 10.0  # the sender's own limit of a request, which its lease counts on (architecture.md, Sending)
TOTAL_SECONDS = 9.5  # ours ends first, for we still know whether anything was sent
CONNECT_SECONDS = 5.0
CONNECTIONS = 500  # above every number in flight, so that nobody waits for a connection
KEEP_ALIVE_SECONDS = 15.0  # shorter than providers' own, so that we seldom write into a connection just closed
LONGEST_TEXT = 200
MOST_BYTES = 8_000_000  # of an answer: what goes on behind them is not read
NO_REASON = "no reason given"
ADDRESS = "address"  # the code for an address that must not be connected to
STEP_LOST = "step_lost"  # the code for a step that got no answer, and shows nothing to anybody
NO_CONNECTION = (  # the first that fits
    (aiohttp.ClientConnectorCertificateError, "its certificate is not good"),
    (aiohttp.ClientConnectorSSLError, "it speaks no TLS that we take"),
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (TimeoutError, "it does not answer in time"),
    (Exception, "nobody answers there"),
)
T = TypeVar("T")
SocketFactory = Callable[[Any], socket.socket]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said: status, text and headers, whatever the status."""

    status: int
    text: str
    headers: Mapping[str, str] = field(repr=False)


class AddressRefused(OSError):
    """A name or a literal led to an address that must not be connected to."""


def gate(allow_private: bool) -> SocketFactory:
    """Makes sockets to permitted addresses only. It sees the very address that is going to be connected to, so no
    second look-up of the name can put another one in its place."""

    def made(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if reason := refused(str(address[0]), allow_private):
            raise AddressRefused(reason)
        return socket.socket(family=family, type=kind, proto=protocol)

    return made


class HttpSession:
    """A client session that opens in the loop of its first request and is kept until ``close``."""

    def __init__(
        self,
        total_seconds: float = TOTAL_SECONDS,
        headers: Mapping[str, str] | None = None,
        gate: SocketFactory | None = None,
    ) -> None:
        self._gate = gate
        self._timeout = aiohttp.ClientTimeout(total=total_seconds, connect=min(CONNECT_SECONDS, total_seconds))
        self._headers = dict(headers or {})
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _open(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS, socket_factory=self._gate
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                headers=self._headers,
            )
        return self._session

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        data: bytes | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
        until: float | None = None,
    ) -> Answer:
        """One request and its whole answer. Raises ChannelError("connect" or ADDRESS) or OutcomeUnknown.

        ``until``: its end on the loop's clock, for the steps of one try that share a time limit.
        """
        try:
            async with (
                asyncio.timeout_at(until),
                self._open().request(method, url, data=data, headers=headers, allow_redirects=False) as response,
            ):
                return Answer(response.status, await _text(response), response.headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            if isinstance(getattr(error, "os_error", None), AddressRefused):
                raise ChannelError("it leads to an address that may not be used", code=ADDRESS) from error
            why = next(words for kind, words in NO_CONNECTION if isinstance(error, kind))
            raise ChannelError(f"no connection: {why}", code="connect") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            late = isinstance(error, TimeoutError)
            text = "no answer came in time" if late else "the connection ended without an answer"
            raise OutcomeUnknown(text) from error

    async def close(self) -> None:
        """Close all connections; a later request opens a new session."""
        session, self._session, self._loop = self._session, None, None
        if session is not None:
            await session.close()


async def _text(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > MOST_BYTES:
            break
    return body.decode(errors="replace")


def object_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; an empty one where it is none."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def harmless(step: Awaitable[T]) -> T:
    """A step that shows nothing to anybody (an upload, a container): without an answer the post certainly does not
    stand. Raises ChannelError alone."""
    try:
        return await step
    except OutcomeUnknown as error:
        raise ChannelError(str(error), code=STEP_LOST) from error


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the provider asks us to wait: Retry-After (seconds or a date) or X-RateLimit-Reset (ISO 8601)."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    until = _moment(asked) or _iso(headers.get("X-RateLimit-Reset", ""))
    return None if until is None else max(0.0, (until - now).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        return aware(parsedate_to_datetime(text))
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    try:
        return aware(datetime.fromisoformat(text))
    except ValueError:
        return None


def aware(at: datetime) -> datetime:
    """A provider's time; one without a zone is UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def said(text: str, *secrets: str) -> str:
    """A provider's words fit for a log: one short line, without our secrets and without phone numbers."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "[secret]")
    return re.sub(r"\+?\d{7,}", "[number]", " ".join(text.split()))[:LONGEST_TEXT]


def refusal(provider: str, status: object, words: str, hint: str = "") -> str:
    """A provider's refusal as our errors tell it: its ``words`` (``said``), and what to do where that is known."""
    return f"{provider} refused with {status}: {words}" + (f" To do: {hint}" if hint else "")


def unsure(answer: Answer) -> NoReturn:
    """A 5xx, or an answer that cannot be read: it may have been accepted all the same."""
    raise OutcomeUnknown(f"the provider answered {answer.status}, which proves nothing")
