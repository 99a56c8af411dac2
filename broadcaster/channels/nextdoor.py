"""Posts of a public agency on Nextdoor, by its Publish API (external/api/partner/v1): post, comment, own posts.

A post reaches the areas that its zones stand for (``areas``). Where areas are given and one of its zones has none,
nothing is posted and an alarm says so: a gap never becomes everybody. Without ``areas`` it is the agency's whole area.
Nextdoor fetches the alert's card; where it refuses card or link, the next try is the text alone. An update is a comment
on the incident's first post. Creating answers with the post's address alone, so its id is looked up among the agency's
own posts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from types import MappingProxyType
from typing import Any

from broadcaster.channels.bare import BARE, Bare
from broadcaster.channels.checks import living, unusable
from broadcaster.channels.graph import GONE, NOT_THERE, same, the_one
from broadcaster.channels.http import (
    LONGEST_SECONDS,
    NO_REASON,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    object_of,
    refusal,
    retry_after,
    said,
    unsure,
)
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting

LENGTH = 8_192  # bytes of body_text
API = "/external/api/partner/v1"
LOOK_SECONDS = 2.5  # for the id of a post that stands
LIMITED_SECONDS, LONGEST_WAIT = 120.0, 3_600.0  # Nextdoor publishes no limits
NO_AREA = "no_area"

CODES: Codes = MappingProxyType(
    {
        GONE: Verdict.RETRY_ONCE,
        NOT_THERE: Verdict.PERMANENT,
        BARE: Verdict.RETRY,  # card or link refused; the next try is the text alone
        NO_AREA: Verdict.ALARM,
        "http_400": Verdict.PERMANENT,
        "http_401": Verdict.STOP_CHANNEL,
        "http_403": Verdict.STOP_CHANNEL,  # a scope is missing
        "http_404": Verdict.ALARM,
        "http_429": Verdict.BACK_OFF,
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``areas``: zone id -> group ids of Nextdoor's areas (agency/boundary). ``token_ends``:
    the day on which the token dies (2027-11-01), which Nextdoor told when it was made and tells nobody later."""

    access_token: Secret = field(repr=False)
    profile_id: str = ""
    areas: dict[str, list[int]] = field(default_factory=dict)
    token_ends: str = ""
    base_url: str = "https://nextdoor.com"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.token_ends:
            datetime.fromisoformat(self.token_ends)
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")


class Nextdoor:
    """One agency (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._base = options.base_url.rstrip("/") + API
        headers = {"Authorization": f"Bearer {options.access_token}", "Accept": "application/json"}
        self._session = HttpSession(options.timeout_seconds, headers)
        self._who = {"secure_profile_id": options.profile_id} if options.profile_id else {}
        self._gone: set[str] = set()
        self._bare = Bare()

    def __repr__(self) -> str:
        return f"<nextdoor {self.name}>"

    def limits(self) -> Limits:
        """One short post per language, with the card; posts and comments can be changed."""
        return Limits("short", "bytes", LENGTH, "account", edits=True, picture="wide")

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST or PUT, and a look for its id. Raises ChannelError or OutcomeUnknown."""
        until = asyncio.get_running_loop().time() + self._options.timeout_seconds
        if attempt.edits:
            return await self._change(message, attempt.edits, until)
        if attempt.earlier and attempt.earlier not in self._gone:
            return await self._comment(message, recipient, attempt, until)
        made = await self._post(message, attempt, until)
        link = str(made.get("share_link") or made.get("link_to_post") or "")  # its own manuals differ
        if not link and made.get("result") != "success":
            raise OutcomeUnknown("Nextdoor names nothing that it made")
        found = await self._look(Sent(attempt, message, recipient), until)
        link = link or (found.url if found else "")
        return Accepted(found.provider_id if found else link or attempt.id, link, delivered=True)

    async def _post(self, message: Message, attempt: Attempt, until: float) -> dict[str, Any]:
        key = attempt.key or attempt.id
        posting = attempt.posting
        more = _more(posting) if posting and key not in self._bare else {}
        groups = groups_of(posting.zones if posting else (), self._options.areas)
        body = {"body_text": message.text, **self._who, **more, **({"group_ids": groups} if groups else {})}
        try:
            return await self._call("POST", "/post/create/", body, until)
        except ChannelError as error:
            if not more or error.code != "http_400":
                raise
            raise self._bare.refused(key, error) from error

    async def _comment(self, message: Message, recipient: Recipient, attempt: Attempt, until: float) -> Accepted:
        comment = {"id": attempt.earlier, "body_text": message.text, **self._who}
        try:
            await self._call("POST", "/comment/", comment, until)
        except ChannelError as error:
            if error.code not in ("http_400", "http_404"):
                raise
            self._gone.add(attempt.earlier)
            raise ChannelError("the post that this one answers is gone", code=GONE) from error
        found = await self._look(Sent(attempt, message, recipient), until)
        return Accepted(found.provider_id if found else attempt.id, found.url if found else "", delivered=True)

    async def _change(self, message: Message, post: str, until: float) -> Accepted:
        about, _, comment = post.partition("/")
        path, id_ = ("/comment/", comment) if comment else ("/post/", about)
        try:
            await self._call("PUT", path, {"id": id_, "body_text": message.text, **self._who}, until)
        except ChannelError as error:
            if error.code not in ("http_400", "http_404"):
                raise
            raise ChannelError("the post that is to be changed is gone", code=NOT_THERE, permanent=True) from error
        return Accepted(post, "", delivered=True)

    async def _look(self, sent: Sent, until: float) -> Found | None:
        """Where the post stands, if Nextdoor says so soon."""
        try:
            return await self._find(sent, min(until, asyncio.get_running_loop().time() + LOOK_SECONDS))
        except (ChannelError, OutcomeUnknown):
            return None

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the agency's posts and their comments since it started; None: not there."""
        return await self._find(sent, asyncio.get_running_loop().time() + self._options.timeout_seconds)

    async def _find(self, sent: Sent, until: float) -> Found | None:
        try:
            query = f"?secure_profile_id={self._options.profile_id}" if self._who else ""
            posts = (await self._call("GET", f"/post/{query}", None, until))["posts"]
            if sent.attempt.edits:
                return _changed(posts, sent)
            earlier = sent.attempt.earlier
            answers = [row for row in _rows(posts, comments=True) if row["id"].startswith(f"{earlier}/")]
            found = (the_one(answers, sent, "body", "time") if earlier else None) or the_one(
                list(_rows(posts)), sent, "body", "time"
            )
            return Found(found["id"], "delivered", url=found["url"]) if found else None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise OutcomeUnknown("the agency's posts cannot be read") from error

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None, until: float) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        answer = await self._session.exchange(method, self._base + path, data=data, headers=headers, until=until)
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        return object_of(answer) or unsure(answer)

    def _refusal(self, answer: Answer) -> ChannelError:
        if answer.status >= 500:
            unsure(answer)
        told, code = object_of(answer), f"http_{answer.status}"
        words = said(str(told.get("error_description") or told.get("error") or NO_REASON), self._options.access_token)
        asked = retry_after(answer.headers, datetime.now(UTC)) or LIMITED_SECONDS
        return ChannelError(
            refusal("Nextdoor", answer.status, words),
            code=code,
            permanent=CODES.get(code) in (Verdict.PERMANENT, Verdict.ALARM),
            retry_after=min(asked, LONGEST_WAIT) if code == "http_429" else None,
        )

    async def check(self) -> tuple[Check, ...]:
        """Is the token an agency's, and when does it die?"""
        until = asyncio.get_running_loop().time() + self._options.timeout_seconds
        try:
            me = await self._call("GET", "/me/", None, until)
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare base_url and access_token; docs/channels/nextdoor.md"
            return unusable(f"{self.name}: the Nextdoor agency cannot be used", error, hint)
        if not me.get("agency_id"):
            text = f"{self.name}: the token is a neighbour's, not an agency's"
            return (Check(False, text, "let the agency's own account authorise the app"),)
        return Check(True, f"{self.name}: posts as {me.get('agency_name') or me['agency_id']}"), self._life()

    def _life(self) -> Check:
        ends = self._options.token_ends
        if not ends:
            return Check(
                True, f"{self.name}: how long the token lives is not told", "set token_ends to the day it dies"
            )
        until = datetime.combine(datetime.fromisoformat(ends).date(), time(), UTC)
        return living(self.name, until, (), ())

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def open_channel(name: str, options: Options, public_url: str) -> Nextdoor:
    """The channel of that name; opens no connection. The card's address comes with the posting."""
    return Nextdoor(name, options)


def groups_of(zones: Sequence[str], areas: Mapping[str, list[int]]) -> list[int]:
    """Nextdoor's groups for these zones; none (the agency's whole area) where no areas are given at all.

    Raises ChannelError where areas are given and a zone has none, or where no zone is named.
    """
    missing = [zone for zone in zones if not areas.get(zone)] if areas else []
    if areas and (missing or not zones):
        named = ", ".join(missing) or "an alert without zones"
        text = f"nothing was posted: no area for {named}; add it to [channel.areas]"
        raise ChannelError(text, code=NO_AREA, permanent=True)
    return sorted({id_ for zone in zones for id_ in areas.get(zone, [])})


def _more(posting: Posting) -> dict[str, Any]:
    if posting.picture and posting.picture.url:
        return {"media_attachments": [posting.picture.url]}
    return {"smartlink_url": posting.link} if posting.link else {}


def _changed(posts: Iterable[Mapping[str, Any]], sent: Sent) -> Found | None:
    """Whether the post says our words already; repeating a change does no harm."""
    rows = [*_rows(posts), *_rows(posts, comments=True)]
    mine = next((row for row in rows if row["id"] == sent.attempt.edits), None)
    return Found(mine["id"], "delivered") if mine and same(mine["body"], sent.message.text) else None


def _rows(posts: Iterable[Mapping[str, Any]], comments: bool = False) -> list[dict[str, str]]:
    """Posts, or their comments as POST/COMMENT: id, words, time, address."""
    return [
        {
            "id": f"{post['id']}/{one['id']}" if comments else str(one["id"]),
            "body": str(one["body"]),
            "time": datetime.fromtimestamp(one["creation_date_epoch_seconds"], UTC).isoformat(),
            "url": str(post.get("url") or ""),
        }
        for post in posts
        for one in (post.get("comments") or () if comments else (post,))
    ]
