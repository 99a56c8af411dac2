"""LinkedIn's versioned API for one token: requests, what refusals mean, the token's life, and the "little" text format.

Written from LinkedIn's published interface ("Error Handling", "Versioning", "Token introspection", "little").
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

from broadcaster.channels.bare import BARE
from broadcaster.channels.checks import dead, living
from broadcaster.channels.graph import GONE, NOT_THERE
from broadcaster.channels.http import (
    NO_REASON,
    STEP_LOST,
    Answer,
    HttpSession,
    object_of,
    refusal,
    retry_after,
    said,
    unsure,
)
from broadcaster.domain.channel import ChannelError, Check, Codes, OutcomeUnknown, Verdict

SCOPES = (  # the feed's are for comments
    "w_organization_social",
    "r_organization_social",
    "w_organization_social_feed",
    "r_organization_social_feed",
)
LIMITED_SECONDS, LONGEST_WAIT = 900.0, 3_600.0  # limits are counted by day
AHEAD = timedelta(days=30)  # to try a newer version of the API before the configured one ends
DUPLICATE, MUTE, PROCESSING = "DUPLICATE_POST", "comment_refused", "media_processing"
RESERVED = re.compile(r"([\\|{}@\[\]()<>*_~]|#(?!\w))")  # of the "little" format; #word stays a hashtag

CODES: Codes = MappingProxyType(
    {
        "connect": Verdict.RETRY,  # no refusal of what is posted; for deliveries the house's own word holds
        STEP_LOST: Verdict.RETRY,
        GONE: Verdict.RETRY_ONCE,
        NOT_THERE: Verdict.PERMANENT,
        BARE: Verdict.RETRY,  # card or link refused; the next try is the text alone
        PROCESSING: Verdict.RETRY,  # the picture is not ready; the next try takes it, or goes without
        MUTE: Verdict.RETRY,  # the token may not comment; the next try is a post
        DUPLICATE: Verdict.PERMANENT,  # the same text stands already, and not as this try
        "http_400": Verdict.PERMANENT,
        "http_401": Verdict.STOP_CHANNEL,
        "http_403": Verdict.STOP_CHANNEL,
        "http_404": Verdict.ALARM,
        "http_422": Verdict.PERMANENT,
        "http_426": Verdict.STOP_CHANNEL,  # this version of the API has ended
        "http_429": Verdict.BACK_OFF,
    }
)
WHAT_TO_DO = {
    "http_401": "Make a new token and set it in the environment",
    "http_403": "The token lacks a permission, or its member's role on the page was taken away",
    "http_426": "This version of the API has ended: set api_version",
}


class Rest:
    """Requests with one token. ``secrets`` never stand in an error."""

    def __init__(self, name: str, base_url: str, token: str, version: str, seconds: float) -> None:
        self._name, self.base, self._token, self._seconds = name, base_url.rstrip("/"), token, seconds
        headers = {
            "Authorization": f"Bearer {token}",
            "LinkedIn-Version": version,
            "X-Restli-Protocol-Version": "2.0.0",
        }
        self._session = HttpSession(seconds, headers)

    def until(self) -> float:
        """The end of what begins now, on the loop's clock: all steps of one try share it."""
        return asyncio.get_running_loop().time() + self._seconds

    def is_theirs(self, url: str) -> bool:
        """Our token goes nowhere else."""
        own, other = urlsplit(self.base), urlsplit(url)
        host = other.hostname or ""
        return (own.scheme, own.hostname) == (other.scheme, host) or (
            other.scheme == "https" and own.hostname == "api.linkedin.com" and host.endswith(".linkedin.com")
        )

    async def call(
        self,
        method: str,
        path: str,
        until: float | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request with a JSON body. Raises ChannelError or OutcomeUnknown."""
        data = json.dumps(body).encode() if body is not None else None
        kind = {"Content-Type": "application/json"} if body is not None else {}
        return await self.request(method, f"{self.base}{path}", until, data, {**kind, **(headers or {})})

    async def request(
        self, method: str, url: str, until: float | None, data: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """One request of these bytes. Raises ChannelError or OutcomeUnknown."""
        answer = await self._session.exchange(method, url, data=data, headers=headers, until=until)
        if not 200 <= answer.status < 300:
            self._refuse(answer)
        return answer

    def _refuse(self, answer: Answer) -> None:
        if answer.status >= 500:
            unsure(answer)
        code = DUPLICATE if DUPLICATE in answer.text else f"http_{answer.status}"
        message = str(object_of(answer).get("message", NO_REASON))
        words = said(message, self._token)
        asked = retry_after(answer.headers, datetime.now(UTC)) or LIMITED_SECONDS
        raise ChannelError(
            refusal("LinkedIn", code, words, WHAT_TO_DO.get(code, "")),
            code=code,
            permanent=CODES.get(code) in (Verdict.PERMANENT, Verdict.ALARM),
            retry_after=min(asked, LONGEST_WAIT) if code == "http_429" else None,
        )

    async def life(self, client_id: str, client_secret: str) -> Check:
        """By the app's own word; a token of 60 days that nobody can ask about is told, too."""
        if not client_id:
            text = f"{self._name}: how long the token lives is not told; mostly 60 days from when it was made"
            return Check(True, text, "give client_id and client_secret, which may ask")
        form = {"client_id": client_id, "client_secret": client_secret, "token": self._token}
        host = "https://www.linkedin.com" if self.base == "https://api.linkedin.com" else self.base
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        told = object_of(
            await self.request("POST", f"{host}/oauth/v2/introspectToken", None, urlencode(form).encode(), kind)
        )
        try:
            return _told(self._name, told)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise OutcomeUnknown("what LinkedIn says of the token cannot be read") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def little(text: str) -> str:
    """A text for "little", LinkedIn's own format: what it reserves stands after a backslash, else it cuts the text."""
    return RESERVED.sub(r"\\\1", text)


def plain(text: str) -> str:
    """The text of "little" that ``little`` wrote; a hashtag comes back as {hashtag|\\#|word}."""
    tags = re.sub(r"\{hashtag\|\\?#\|([^{}|]*)\}", r"#\1", text)
    return re.sub(r"\\([\\|{}@\[\]()<>*_~#])", r"\1", tags)


def version_life(name: str, version: str, now: datetime) -> Check:
    """Whether a version of the API (YYYYMM, perhaps with .NN) still lives: LinkedIn keeps one for a year and ends it in
    the middle of the month ("Versioning", "Migrations"). Raises ValueError for what is no version."""
    month, _, patch = version.partition(".")
    if len(month) != 6 or not f"{month}{patch}".isdigit():
        raise ValueError(f"{version!r} is no version of LinkedIn's API, such as 202607")
    ends = datetime(int(month[:4]) + 1, int(month[4:]), 15, tzinfo=UTC)
    text = f"{name}: version {version} of LinkedIn's API ends about {ends:%Y-%m-%d}"
    return Check(ends - now > AHEAD, text, "set api_version to the newest that LinkedIn names")


def _told(name: str, told: Mapping[str, Any]) -> Check:
    if not told["active"]:
        return dead(name, str(told.get("status", "")))
    until = datetime.fromtimestamp(int(told["expires_at"]), UTC)
    return living(name, until, SCOPES, re.split(r"[,\s]+", told["scope"]))
