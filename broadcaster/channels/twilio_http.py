"""What all of Twilio's kinds share: the package's requests over our own aiohttp session, accounts, signatures, pages.

Kept connections, time limits, the contract's errors.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote, quote_plus, urlencode

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from broadcaster.channels.checks import unusable
from broadcaster.channels.http import (
    LONGEST_SECONDS,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    refusal,
    retry_after,
    said,
    unsure,
)
from broadcaster.domain.channel import ChannelError, Check, Codes, OutcomeUnknown, Secret, Verdict

TOO_MANY = "20429"
PAGE_SIZE = 200
MOST_PAGES = 5
CLOCK_SLACK = timedelta(seconds=5)  # date_created has whole seconds, and clocks differ
NO_DATE = datetime.max.replace(tzinfo=UTC)
NO_SUCH = ("20404", "http_404")
LONGEST_ID = 64  # characters; a SID has 34
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
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
    text = refusal("Twilio", f"{answer.status}, code {code}", said(words, *secrets))
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


# --- the account ------------------------------------------------------------------------------------------------
class Account(Protocol):
    """What every kind's ``Options`` say of the account. Webhooks are always signed with ``auth_token``."""

    @property
    def account_sid(self) -> str: ...
    @property
    def auth_token(self) -> Secret: ...
    @property
    def base_url(self) -> str: ...
    @property
    def api_key_sid(self) -> str | None: ...
    @property
    def api_key_secret(self) -> Secret | None: ...
    @property
    def timeout_seconds(self) -> float: ...


def right(account: Account) -> None:
    """Raises ValueError for a pair of which one is missing, and for a time that the sender does not have."""
    if (account.api_key_sid is None) is not (account.api_key_secret is None):
        raise ValueError("api_key_sid and api_key_secret belong together")
    if not 0 < account.timeout_seconds <= LONGEST_SECONDS:
        raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")


def opened(account: Account, codes: Codes) -> tuple[Client, TwilioTransport]:
    """The package's client on a transport of ours; no connection is made."""
    user, password = account.api_key_sid or account.account_sid, account.api_key_secret or account.auth_token
    authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    transport = TwilioTransport(authorization, codes, (password,), account.timeout_seconds)
    # An environment of our own: the package would let TWILIO_REGION and TWILIO_EDGE rewrite the address.
    client = Client(user, password, account.account_sid, http_client=transport, environment={"TWILIO_EDGE": ""})
    client.api.base_url = account.base_url.rstrip("/")
    return client, transport


def hook(public_url: str, name: str, door: str) -> str:
    """The address of one of our webhooks, ready for an attempt's id."""
    return f"{public_url}/hooks/twilio/{quote(name, safe='')}/{door}?a="


async def checked(client: Client, account_sid: str, name: str) -> Check:
    """Ask for the account: are the credentials right, is it active?"""
    try:
        account = await client.api.v2010.accounts(account_sid).fetch_async()
    except (ChannelError, OutcomeUnknown, ValueError, TypeError, AttributeError) as error:
        hint = "compare account_sid and auth_token with the Twilio Console, and that this host reaches base_url"
        return unusable(f"{name}: Twilio does not let us in", error, hint)[0]
    active = account.status == "active"
    return Check(active, f"{name}: the Twilio account is {account.status}", "" if active else "ask Twilio")


# --- what it lists ----------------------------------------------------------------------------------------------
async def fetched(resource: Any) -> Any | None:
    """One resource of the package by its id; None where Twilio has none."""
    try:
        return await resource.fetch_async()
    except ChannelError as error:
        if error.code not in NO_SUCH:
            raise
        return None


async def listed(client: Client, resources: Any, to: str) -> list[Any]:
    """All that went to a number. No filter by date: what Twilio still queues has none and would be hidden.

    Raises OutcomeUnknown where the list cannot be read to its end.
    """
    page = await resources.page_async(to=to, page_size=PAGE_SIZE)
    found: list[Any] = list(page)
    for _ in range(MOST_PAGES - 1):
        if page.next_page_url is None:
            break
        if not page.next_page_url.startswith(f"{client.api.base_url}/"):  # our credentials go nowhere else
            raise OutcomeUnknown("the next page lies on another host")
        page = await resources.get_page_async(page.next_page_url)
        found.extend(page)
    if page.next_page_url is not None:
        raise OutcomeUnknown(f"more than {PAGE_SIZE * MOST_PAGES} to this number")
    return found


def created(made: Any) -> datetime:
    """When Twilio took it; one without a readable date counts as new."""
    return made.date_created if isinstance(made.date_created, datetime) else NO_DATE


def code_of(raw: object) -> str:
    """Twilio's code of an error, "" for none."""
    return "" if raw in (None, "", 0, "0") else str(raw)


# --- webhooks ---------------------------------------------------------------------------------------------------
def genuine(options: Account, url: str, form: Mapping[str, str], signature: str) -> bool:
    """Whether Twilio sent this for our account. ``url`` is PUBLIC_URL + path + query as Twilio called it.

    ``form`` may be a MultiDict: repeated fields are signed with all their values.
    """
    return form.get("AccountSid") == options.account_sid and signature_ok(options.auth_token, url, form, signature)


def signature_ok(auth_token: str, url: str, params: Mapping[str, str], signature: str) -> bool:
    """Whether X-Twilio-Signature is right; never with an empty token, with which anybody could sign."""
    return bool(auth_token) and bool(RequestValidator(auth_token).validate(url, params, signature))


def id_of(text: str) -> str:
    """An id, or "" for what is none of ours or Twilio's: one NUL in it and PostgreSQL refuses the whole group."""
    return text if len(text) <= LONGEST_ID and text.isascii() and text.isprintable() else ""
