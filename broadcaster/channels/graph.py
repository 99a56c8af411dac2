"""What Meta's kinds share (facebook, instagram, threads): requests of the Graph API, refusals, usage, tokens.

Written from Meta's published interface (Graph API v26.0, "Handling Errors", "Rate Limits", "Secure Requests",
"/debug_token"; Threads API v1.0). The token goes in the Authorization header. ``debug_token`` alone takes the token
that it inspects as a parameter of its address, and has no other form; no request's address stands in an error or log.

Codes 1 and 2 ("unknown", "service"; Instagram: -1 and -2) come also for posts that stand, so they prove nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from aiohttp import FormData

from broadcaster.channels.checks import RENEW, dead, living
from broadcaster.channels.http import (
    NO_REASON,
    STEP_LOST,
    Answer,
    HttpSession,
    aware,
    object_of,
    refusal,
    retry_after,
    said,
    unsure,
)
from broadcaster.domain.channel import ChannelError, Check, Codes, OutcomeUnknown, Sent, Verdict

PAGE_SIZE, MOST_PAGES = 100, 5
CLOCK_SLACK = timedelta(seconds=5)
ALT_MOST = 1000  # characters that Instagram and Threads take; nobody listens longer
FULL_PERCENT = 95.0
FULL_SECONDS, LIMITED_SECONDS, LONGEST_WAIT = 60.0, 120.0, 3600.0
USAGE = ("X-App-Usage", "X-Page-Usage")
BUSINESS_USAGE = "X-Business-Use-Case-Usage"
VAGUE = (-2, -1, 1, 2)
GONE, NOT_THERE = "earlier_gone", "post_gone"

GRAPH_CODES: Codes = MappingProxyType(
    {
        "connect": Verdict.RETRY,  # no refusal of what is posted; for deliveries the house's own word holds
        STEP_LOST: Verdict.RETRY,  # a step that shows nothing to anybody got no answer
        GONE: Verdict.RETRY_ONCE,  # the post to be answered is gone; the next try answers nothing
        NOT_THERE: Verdict.PERMANENT,  # the post to be changed is gone: nothing is left to change
        **{str(code): Verdict.STOP_CHANNEL for code in (3, 10, 12, 102, 190, 2635, *range(200, 300))},
        **{str(code): Verdict.BACK_OFF for code in (4, 17, 32, 341, 613, 80001, 80002)},
        "100": Verdict.PERMANENT,
        "100/33": Verdict.ALARM,  # our own account is not there for this token: a wrong id
        "368": Verdict.ALARM,  # blocked as abusive: asking again makes it worse
        "http_401": Verdict.STOP_CHANNEL,
        "http_403": Verdict.STOP_CHANNEL,
        "http_404": Verdict.ALARM,  # base_url is no Graph API
        "http_429": Verdict.BACK_OFF,
    }
)
_ASK_BY_APP = "give app_id and app_secret, which may ask"
_PERMISSIONS = "The token lacks a permission: give it all that docs/channels names"
_INVALID = {
    458: f"The app was removed from the account: {RENEW}",
    459: f"The account must log in and confirm who it is: then {RENEW}",
    460: f"The account's password was changed: {RENEW}",
    463: f"The token has expired: {RENEW}",
    467: f"The token was made invalid: {RENEW}",
}
WHAT_TO_DO: Mapping[str, str] = MappingProxyType(
    {
        "190": f"The token is not valid any more: {RENEW}",
        "102": f"The token is not valid any more: {RENEW}",
        "10": _PERMISSIONS,
        "12": "This version of the Graph API has ended: set api_version",
        "2635": "This version of the Graph API has ended: set api_version",
        "368": "Meta has blocked this account or text: see the account's Support Inbox, and post by hand until then",
        "100/33": "There is no such account for this token: compare the id and whose token it is",
        **{str(code): _PERMISSIONS for code in range(200, 300)},
    }
)


@dataclass(frozen=True, slots=True)
class Said:
    """A good answer: its object, and for how many seconds its headers ask to wait."""

    body: dict[str, Any]
    wait: float

    @property
    def id(self) -> str:
        """The id of what was made. Raises OutcomeUnknown where there is none."""
        if not self.body.get("id"):
            raise OutcomeUnknown("the provider's answer names nothing that was made")
        return str(self.body["id"])


@dataclass(frozen=True, slots=True)
class File:
    """A file of a multipart request."""

    key: str
    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """Where a Graph API is and how we come in. ``app_secret`` proves each request, with ``app_id`` asks of tokens."""

    name: str
    base_url: str
    token: str = field(repr=False)
    app_id: str = ""
    app_secret: str = field(default="", repr=False)


class Graph:
    """Requests to one Graph API with one token. ``codes`` are those of the kind."""

    def __init__(self, access: Access, codes: Codes, seconds: float) -> None:
        self._access, self._codes, self._seconds = access, codes, seconds
        headers = {"Authorization": f"Bearer {access.token}", "Accept": "application/json"}
        self._session = HttpSession(seconds, headers)

    def until(self) -> float:
        """The end of what begins now, on the loop's clock: all steps of one try share it."""
        return asyncio.get_running_loop().time() + self._seconds

    async def get(self, path: str, fields: Mapping[str, str], until: float | None = None) -> Said:
        """Read. Raises ChannelError or OutcomeUnknown."""
        return await self._call("GET", f"{path}?{urlencode({**fields, **self._proof()})}", until)

    async def post(
        self, path: str, fields: Mapping[str, str], until: float | None = None, file: File | None = None
    ) -> Said:
        """Write, by a form (multipart where there is a file). Raises ChannelError or OutcomeUnknown."""
        form = FormData({**fields, **self._proof()})
        if file:
            form.add_field(file.key, file.content, filename=file.name, content_type=file.type)
        return await self._call("POST", path, until, form)

    async def listed(self, path: str, fields: Mapping[str, str], since: datetime, time: str) -> list[dict[str, Any]]:
        """Posts that a path lists, newest first, back to ``since`` by their field ``time``. Raises OutcomeUnknown where
        there are more pages than we read."""
        posts: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            body = (await self.get(path, {"limit": str(PAGE_SIZE), **fields, **after})).body
            posts += body["data"]
            paging = body.get("paging", {})
            if "next" not in paging or not body["data"] or moment(posts[-1][time]) < since - CLOCK_SLACK:
                return posts
            after = {"after": str(paging["cursors"]["after"])}  # not by the address of ``next``: it has the token
        raise OutcomeUnknown(f"more than {PAGE_SIZE * MOST_PAGES} posts since then")

    async def life(self, scopes: Iterable[str]) -> Check:
        """How long the token lives, and whether it may do what we need. Raises ChannelError or OutcomeUnknown."""
        access = self._access
        own = {"Authorization": f"Bearer {access.app_id}|{access.app_secret}"} if access.app_id else None
        query = urlencode({"input_token": access.token, **({} if own else self._proof())})
        try:
            body = (await self._call("GET", f"debug_token?{query}", None, None, own)).body
            return _life(access.name, body["data"], scopes)
        except ChannelError as error:
            if error.code in ("190", "connect"):
                raise
            return Check(True, f"{access.name}: how long the token lives is not told: {error}", _ASK_BY_APP)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise OutcomeUnknown("what the provider says of the token cannot be read") from error

    def _proof(self) -> dict[str, str]:
        secret = self._access.app_secret
        made = hmac.new(secret.encode(), self._access.token.encode(), hashlib.sha256) if secret else None
        return {"appsecret_proof": made.hexdigest()} if made else {}

    async def _call(
        self,
        method: str,
        path: str,
        until: float | None,
        data: FormData | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        url = f"{self._access.base_url}/{path}"
        return self._read(await self._session.exchange(method, url, data=data, headers=headers, until=until))

    def _read(self, answer: Answer) -> Said:
        body = object_of(answer)
        error = body.get("error")
        if 200 <= answer.status < 300 and body and error is None:
            return Said(body, wait(answer.headers))
        if not isinstance(error, dict) or error.get("code") is None:
            raise self._refusal(answer, f"http_{answer.status}", NO_REASON)
        code, sub = error["code"], error.get("error_subcode")
        name = f"{code}/{sub}" if f"{code}/{sub}" in self._codes else str(code)
        if name not in self._codes and (code in VAGUE or error.get("is_transient")):
            unsure(answer)
        hint = _INVALID.get(sub or 0, "") if code == 190 else ""
        raise self._refusal(answer, name, str(error.get("message") or NO_REASON), hint)

    def _refusal(self, answer: Answer, code: str, text: str, hint: str = "") -> ChannelError:
        verdict = self._codes.get(code)
        if verdict is None and not 300 <= answer.status < 500:
            unsure(answer)
        words = said(text, self._access.token, self._access.app_secret)
        return ChannelError(
            refusal("Meta", code, words, hint or WHAT_TO_DO.get(code, "")),
            code=code,
            permanent=verdict in (Verdict.PERMANENT, Verdict.ALARM),
            retry_after=limited(answer.headers) if verdict is Verdict.BACK_OFF else None,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


# --- what the headers say ---------------------------------------------------------------------------------------------
def wait(headers: Mapping[str, str]) -> float:
    """Seconds to wait before the next request, ahead of a refusal: 0 where there is room."""
    asked = _regain(headers)
    if asked:
        return min(asked, LONGEST_WAIT)
    return FULL_SECONDS if _fullest(headers) >= FULL_PERCENT else 0.0


def limited(headers: Mapping[str, str]) -> float:
    """Seconds to wait after a refusal for too many requests: what the headers say, else two minutes."""
    said_so = _regain(headers) or retry_after(headers, datetime.now(UTC)) or LIMITED_SECONDS
    return min(said_so, LONGEST_WAIT)


def _regain(headers: Mapping[str, str]) -> float:
    """``estimated_time_to_regain_access`` is in minutes."""
    return 60.0 * max((_number(one.get("estimated_time_to_regain_access")) for one in _business(headers)), default=0.0)


def _fullest(headers: Mapping[str, str]) -> float:
    """The largest share in percent of calls, time and CPU time that is used up."""
    shares = [*_business(headers), *(_json(headers.get(name, "")) for name in USAGE)]
    names = ("call_count", "total_time", "total_cputime")
    return max((_number(share.get(name)) for share in shares if isinstance(share, dict) for name in names), default=0.0)


def _business(headers: Mapping[str, str]) -> list[dict[str, Any]]:
    told = _json(headers.get(BUSINESS_USAGE, ""))
    lists = told.values() if isinstance(told, dict) else ()
    return [one for rows in lists if isinstance(rows, list) for one in rows if isinstance(one, dict)]


def _number(raw: object) -> float:
    return float(raw) if isinstance(raw, int | float) else 0.0


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


# --- tokens -----------------------------------------------------------------------------------------------------------
def _life(name: str, data: Mapping[str, Any], scopes: Iterable[str]) -> Check:
    if not data["is_valid"]:
        return dead(name, said(str(data.get("error", {}).get("message", ""))))
    ends = [int(data[key]) for key in ("expires_at", "data_access_expires_at") if data.get(key)]
    until = datetime.fromtimestamp(min(ends), UTC) if ends else None
    return living(name, until, scopes, data.get("scopes", ()))


# --- which post is it? ------------------------------------------------------------------------------------------------
def the_one(posts: Sequence[Mapping[str, Any]], sent: Sent, text: str, time: str) -> Mapping[str, Any] | None:
    """The oldest of these posts that is the attempt's: by its id where that is known, else by words and time."""
    if sent.provider_id:
        return next((post for post in posts if str(post["id"]) == sent.provider_id), None)
    since = sent.attempt.started - CLOCK_SLACK
    mine = [
        post
        for post in posts
        if str(post["id"]) not in sent.known_ids
        and moment(post[time]) >= since
        and same(str(post.get(text, "")), sent.message.text)
    ]
    return min(mine, key=lambda post: moment(post[time])) if mine else None


def same(theirs: str, ours: str) -> bool:
    """Whether two texts say the same, spaces and composition of letters aside."""
    return _plain(theirs) == _plain(ours)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def moment(text: str) -> datetime:
    """A time as Meta writes it (2026-11-22T10:15:00+0000), whole seconds."""
    return aware(datetime.fromisoformat(text))


def clipped(alt: str) -> str:
    """A picture's words, at most as long as Meta takes, ended between words."""
    if len(alt) <= ALT_MOST:
        return alt
    return alt[: ALT_MOST - 3].rsplit(None, 1)[0] + "..."
