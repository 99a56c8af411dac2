"""Photo posts on TikTok, by the Content Posting API (v2): the alert's card, which TikTok fetches from our public page.

Each alert, update and Cancel is a post of its own: the API knows no answers and no changes. TikTok takes a post first
and finishes it later: it fetches, checks and moderates. What became of it is asked for by the id of its publication.
Without that id nobody can be asked, for TikTok promises a list of videos alone: ``asks`` is False, and policy decides.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broadcaster.channels.checks import unusable
from broadcaster.channels.http import (
    LONGEST_SECONDS,
    NO_REASON,
    STEP_LOST,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    harmless,
    object_of,
    refusal,
    retry_after,
    said,
    unsure,
)
from broadcaster.channels.mentions import wrong_mentions
from broadcaster.channels.tiktok_tokens import BUSY, REFUSED, STORE, App, Pair, Tokens
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    DataPath,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
    Wrong,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting
from broadcaster.domain.text_social import utf16

LENGTH, TITLE_LENGTH = 4_000, 90  # UTF-16 units
FOLLOWS = 20  # seconds between looks at what became of a post
MODERATED = timedelta(minutes=10)  # a public post mostly has its address within one
POSTS, WINDOW_SECONDS = 6, 60.0  # that TikTok takes of one token
LIMITED_SECONDS, DAY_SECONDS, LONGEST_WAIT = 60.0, 900.0, 3_600.0
NO_PICTURE, OLD, PRIVACY = "no_picture", "token_old", "privacy_level_option_mismatch"
DAILY = ("spam_risk_too_many_posts", "reached_active_user_cap")
PUBLIC = "PUBLIC_TO_EVERYONE"
LEVELS = (PUBLIC, "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY")
SCOPES = ("video.publish",)
CREATOR, INIT = "/v2/post/publish/creator_info/query/", "/v2/post/publish/content/init/"
STATUS = "/v2/post/publish/status/fetch/"
DEFAULT_FOLDER = DataPath("tiktok")

CODES: Codes = MappingProxyType(
    {
        STEP_LOST: Verdict.RETRY,
        BUSY: Verdict.RETRY,
        OLD: Verdict.RETRY,  # ended before its time; the next try makes a new one
        STORE: Verdict.STOP_CHANNEL,
        REFUSED: Verdict.STOP_CHANNEL,  # the refresh token is dead, or the app's key is wrong
        NO_PICTURE: Verdict.ALARM,
        "access_token_invalid": Verdict.STOP_CHANNEL,
        "scope_not_authorized": Verdict.STOP_CHANNEL,
        "scope_permission_missed": Verdict.STOP_CHANNEL,
        "unaudited_client_can_only_post_to_private_accounts": Verdict.STOP_CHANNEL,
        "spam_risk_user_banned_from_posting": Verdict.STOP_CHANNEL,
        "url_ownership_unverified": Verdict.STOP_CHANNEL,  # so is every other post, until somebody verifies it
        PRIVACY: Verdict.STOP_CHANNEL,
        **dict.fromkeys(DAILY, Verdict.BACK_OFF),  # the day's posts are used up
        "rate_limit_exceeded": Verdict.BACK_OFF,
        "invalid_param": Verdict.PERMANENT,
        "invalid_params": Verdict.PERMANENT,
        "http_404": Verdict.ALARM,
        "http_429": Verdict.BACK_OFF,
        # what becomes of a post that TikTok took
        "photo_pull_failed": Verdict.RETRY,
        "internal": Verdict.RETRY,
        "picture_size_check_failed": Verdict.ALARM,
        "file_format_check_failed": Verdict.ALARM,
        **dict.fromkeys(("spam_risk", "spam_risk_text"), Verdict.ALARM),  # asking again makes it worse
        "auth_removed": Verdict.STOP_CHANNEL,
        "publish_cancelled": Verdict.PERMANENT,
    }
)
WHAT_TO_DO = {
    "access_token_invalid": "Let the app in anew and set its refresh token",
    "scope_not_authorized": "Let the app in anew, with video.publish",
    "unaudited_client_can_only_post_to_private_accounts": "TikTok has not audited the app yet",
    "spam_risk_user_banned_from_posting": "TikTok lets this account post nothing: ask TikTok",
    "url_ownership_unverified": "Verify the domain of PUBLIC_URL in the app's URL properties",
    PRIVACY: "The account does not allow what privacy says",
}


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``privacy`` is one that the account allows; ``folder`` keeps the tokens that TikTok
    handed out in place of the one configured."""

    client_key: str
    client_secret: Secret = field(repr=False)
    refresh_token: Secret = field(repr=False)
    privacy: str = PUBLIC
    folder: DataPath = DEFAULT_FOLDER
    mentions: tuple[str, ...] = ()
    base_url: str = "https://open.tiktokapis.com"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.privacy not in LEVELS:
            raise ValueError(f"privacy is one of {', '.join(LEVELS)}")
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether each of ``mentions`` is a name as TikTok has them."""
        return wrong_mentions(self.mentions, r"@[\w.]{1,23}\w", "@countyfire")


class TikTok:
    """One account (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = False

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._base = options.base_url.rstrip("/")
        self._session = HttpSession(options.timeout_seconds, {"Accept": "application/json"})
        app = App(options.client_key, options.client_secret, options.refresh_token)
        self._tokens = Tokens(app, Path(options.folder), self._request)
        self._account = ""
        self._times: list[float] = []

    def __repr__(self) -> str:
        return f"<tiktok {self.name}>"

    def limits(self) -> Limits:
        """One photo post per language, with the card upright."""
        mentions = self._options.mentions
        return Limits("short", "utf16", LENGTH, "account", picture="tall", tags=1, mentions=mentions)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """What the account allows, as TikTok wants it asked before each post, then the post. Raises ChannelError or
        OutcomeUnknown."""
        until, picture = self._until(), _picture(attempt.posting)
        creator = await harmless(self._creator(until))
        made = await self._call(INIT, self._post(message, attempt.posting, picture, creator), until)
        id_ = str(made.get("publish_id") or "")
        if not id_:
            raise OutcomeUnknown("TikTok names nothing that it took")
        return Accepted(id_, wait=self._rest())

    async def _creator(self, until: float) -> dict[str, Any]:
        """What the account allows now. Raises ChannelError where that is not what we want."""
        creator = await self._call(CREATOR, None, until)
        self._account = str(creator.get("creator_username") or "")
        if self._options.privacy not in (creator.get("privacy_level_options") or ()):
            text = f"the account does not allow {self._options.privacy}"
            raise ChannelError(text, code=PRIVACY)
        return creator

    def _post(
        self, message: Message, posting: Posting | None, picture: str, creator: Mapping[str, Any]
    ) -> dict[str, Any]:
        headline = posting.info.headline if posting else ""
        info = {
            **({"title": headline} if headline and utf16(headline) <= TITLE_LENGTH else {}),
            "description": message.text,
            "privacy_level": self._options.privacy,
            "disable_comment": bool(creator.get("comment_disabled")),
            "auto_add_music": False,
            "brand_content_toggle": False,  # TikTok wants both said
            "brand_organic_toggle": False,
        }
        source = {"source": "PULL_FROM_URL", "photo_cover_index": 0, "photo_images": [picture]}
        return {"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": info, "source_info": source}

    def _rest(self) -> float:
        """Seconds until TikTok takes the next post, by our own count: it names none."""
        now = time.monotonic()
        self._times = [*self._times, now][-POSTS:]
        return max(0.0, self._times[0] + WINDOW_SECONDS - now) if len(self._times) == POSTS else 0.0

    async def find(self, sent: Sent) -> Found | None:
        """What became of a post whose publication's id is known. Raises ChannelError, or OutcomeUnknown without."""
        if not sent.provider_id:
            raise OutcomeUnknown("TikTok lists no photo posts")
        told = await self._call(STATUS, {"publish_id": sent.provider_id}, self._until())
        status, posts = told.get("status"), told.get("publicaly_available_post_id")  # TikTok's own spelling
        if status == "FAILED":
            return Found(sent.provider_id, "failed", str(told.get("fail_reason") or "failed"))
        if status != "PUBLISH_COMPLETE":
            return Found(sent.provider_id, "accepted")
        if isinstance(posts, list) and posts:
            return Found(sent.provider_id, "delivered", url=await self._url(str(posts[0])))
        if self._options.privacy == PUBLIC and datetime.now(UTC) - sent.attempt.started < MODERATED:
            return Found(sent.provider_id, "accepted")  # its address comes once TikTok has moderated it
        return Found(sent.provider_id, "delivered")

    async def _url(self, post: str) -> str:
        """A post's address; "" where the account's name cannot be had, for the post stands all the same."""
        if not self._account:
            with suppress(ChannelError, OutcomeUnknown):
                await self._creator(self._until())
        return f"https://www.tiktok.com/@{self._account}/photo/{post}" if self._account else ""

    async def check(self) -> tuple[Check, ...]:
        """Do the tokens work, and may the account post as it is configured?"""
        try:
            await self._creator(self._until())
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare client_key, client_secret and refresh_token; docs/channels/tiktok.md"
            if isinstance(error, ChannelError) and error.code == PRIVACY:
                hint = "let TikTok audit the app, and compare privacy"
                return (Check(False, f"{self.name}: {error}", hint),)
            return unusable(f"{self.name}: the TikTok account cannot be used", error, hint)
        return Check(True, f"{self.name}: posts as @{self._account}"), self._tokens.life(self.name, SCOPES)

    # --- requests -----------------------------------------------------------------------------------------------------
    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._options.timeout_seconds

    async def _call(self, path: str, body: Mapping[str, Any] | None, until: float) -> dict[str, Any]:
        """The data of an answer. Raises ChannelError or OutcomeUnknown."""
        pair = await self._tokens.good(until)
        headers = {"Authorization": f"Bearer {pair.access}", "Content-Type": "application/json; charset=UTF-8"}
        answer = await self._request(path, b"" if body is None else json.dumps(body).encode(), headers, until)
        told = object_of(answer)
        error = told.get("error")
        code = str(error.get("code") or "") if isinstance(error, dict) else ""
        if answer.status >= 500 or code == "internal_error":
            unsure(answer)
        if code != "ok" and (code or answer.status >= 300):
            raise self._refusal(answer, code or f"http_{answer.status}", pair)
        data = told.get("data")
        return data if isinstance(data, dict) else unsure(answer)

    async def _request(self, path: str, data: bytes, headers: Mapping[str, str], until: float) -> Answer:
        return await self._session.exchange("POST", self._base + path, data=data, headers=headers, until=until)

    def _refusal(self, answer: Answer, code: str, pair: Pair) -> ChannelError:
        if code == "access_token_invalid" and self._tokens.is_over(pair):
            return ChannelError("the token ended before its time", code=OLD, retry_after=0.0)
        verdict, error = CODES.get(code), object_of(answer).get("error")
        message = error.get("message") if isinstance(error, dict) else ""
        words = said(str(message or NO_REASON), *self._tokens.hidden())
        least = DAY_SECONDS if code in DAILY else LIMITED_SECONDS
        asked = retry_after(answer.headers, datetime.now(UTC)) or least
        return ChannelError(
            refusal("TikTok", code, words, WHAT_TO_DO.get(code, "")),
            code=code,
            permanent=verdict in (Verdict.PERMANENT, Verdict.ALARM),
            retry_after=min(asked, LONGEST_WAIT) if verdict is Verdict.BACK_OFF else None,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def open_channel(name: str, options: Options, public_url: str) -> TikTok:
    """The channel of that name; opens no connection. The card's address comes with the posting."""
    return TikTok(name, options)


def _picture(posting: Posting | None) -> str:
    """The card's address. Raises ChannelError where there is none that TikTok could fetch."""
    if posting is None or posting.picture is None or not posting.picture.url:
        text = "TikTok takes no post without a picture, and this alert has no card: see PUBLIC_URL and the log"
        raise ChannelError(text, code=NO_PICTURE, permanent=True)
    return f"{posting.picture.url.removesuffix('.png')}.jpg"  # TikTok takes no PNG
