"""The twilio package's requests over our own aiohttp session: kept connections, time limits, the contract's errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from broadcaster.channels.http import TOTAL_SECONDS, Answer, HttpSession, retry_after, said, unsure
from broadcaster.domain.channel import ChannelError, Codes, Verdict

TOO_MANY = "20429"
_quoted = lru_cache(1024)(quote_plus)  # a broadcast says the same words thousands of times


class TwilioTransport(AsyncHttpClient):  # type: ignore[misc]  # the package is untyped
    """Every answer but 2xx is raised: 5xx as OutcomeUnknown, the rest as ChannelError with Twilio's code.

    ``authorization`` is made once; the package would make it again for every request. ``secrets`` are cut out
    of whatever the provider says. ``timeout`` is the limit of a whole exchange, in seconds.
    """

    def __init__(
        self, authorization: str, codes: Codes, secrets: tuple[str, ...] = (), timeout: float = TOTAL_SECONDS
    ) -> None:
        super().__init__(logging.getLogger(__name__), True, timeout)
        self._codes = codes
        self._secrets = secrets
        self._session = HttpSession(
            timeout, {"Authorization": authorization, "Accept": "application/json", "Accept-Charset": "utf-8"}
        )

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the package's signature
        allow_redirects: bool = False,
    ) -> Response:
        """One request for the package. ``auth``, ``timeout`` and redirects are settled by the constructor."""
        url = f"{uri}?{urlencode(params, doseq=True)}" if params else uri
        body = urlencode(data, doseq=True, quote_via=_quoted).encode("ascii") if data else None
        answer = await self._session.exchange(method, url, data=body, headers=headers)
        if not 200 <= answer.status < 300:
            refuse(answer, self._codes, self._secrets)
        return Response(answer.status, answer.text, answer.headers)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def refuse(answer: Answer, codes: Codes, secrets: tuple[str, ...] = ()) -> None:
    """Raise what an answer other than 2xx means. Pure but for the date in a Retry-After."""
    if answer.status >= 500:
        unsure(answer)
    code, words = _problem(answer)
    if answer.status == 429:
        code = TOO_MANY
    wait = retry_after(answer.headers, datetime.now(UTC)) if codes.get(code) is Verdict.BACK_OFF else None
    text = f"Twilio refused with {answer.status}, code {code}: {said(words, *secrets)}"
    raise ChannelError(text, code=code, permanent=permanent(code, codes), retry_after=wait)


def permanent(code: str, codes: Codes) -> bool:
    """Whether trying this delivery again cannot help. A code we do not know gets its one retry."""
    return codes.get(code) in (Verdict.PERMANENT, Verdict.OPTED_OUT, Verdict.ALARM)


def _problem(answer: Answer) -> tuple[str, str]:
    """Twilio's code and words (its own shape and RFC 9457's); else ``http_<status>``."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not str(body.get("code") or "").isdigit():
        return f"http_{answer.status}", "no code"
    return str(body["code"]), str(body.get("message") or body.get("detail") or body.get("title") or "")
