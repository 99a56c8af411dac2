"""Photo posts on TikTok, by the Content Posting API (v2): the alert's card, which TikTok fetches from our public page.

Each alert, update and Cancel is a post of its own: the API knows no answers and no changes. An access token lives a
day, so it is made anew from the refresh token; where TikTok hands out another of those, it is kept in the data folder.

TikTok looks at every post before the public sees it, for a minute or for hours, and names no post before. Photo posts
cannot be listed, so ``asks`` is False and policy decides what becomes of an unknown outcome; "accepted" is all that is
said.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn
from urllib.parse import urlencode

from broadcaster.channels.http import (
    LONGEST_SECONDS,
    STEP_LOST,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    harmless,
    object_of,
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
    DataPath,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting
from broadcaster.domain.text_social import utf16

LENGTH, TITLE_LENGTH = 4_000, 90  # UTF-16 units
EARLY_SECONDS = 300.0  # before its end an access token is made anew
STATUS_SECONDS = 2.5
LIMITED_SECONDS, LONGEST_WAIT = 60.0, 3_600.0
NO_PICTURE = "no_picture"
LONG_AGO = datetime.min.replace(tzinfo=UTC)
DEFAULT_FOLDER = DataPath("tiktok")

CODES: Codes = MappingProxyType(
    {
        "connect": Verdict.RETRY,
        STEP_LOST: Verdict.RETRY,
        NO_PICTURE: Verdict.ALARM,
        "access_token_invalid": Verdict.RETRY_ONCE,  # the next try makes a new one
        "invalid_grant": Verdict.STOP_CHANNEL,  # the refresh token is dead
        "invalid_client": Verdict.STOP_CHANNEL,
        "scope_not_authorized": Verdict.STOP_CHANNEL,
        "unaudited_client_can_only_post_to_private_accounts": Verdict.STOP_CHANNEL,
        "spam_risk_user_banned_from_posting": Verdict.STOP_CHANNEL,
        "spam_risk_too_many_posts": Verdict.BACK_OFF,  # the day's posts are used up
        "reached_active_user_cap": Verdict.BACK_OFF,
        "rate_limit_exceeded": Verdict.BACK_OFF,
        "url_ownership_unverified": Verdict.ALARM,  # our page's domain is not verified in the app
        "privacy_level_option_mismatch": Verdict.ALARM,
        "invalid_param": Verdict.PERMANENT,
        "invalid_params": Verdict.PERMANENT,
        "photo_pull_failed": Verdict.RETRY,
        "picture_size_check_failed": Verdict.ALARM,
        "file_format_check_failed": Verdict.ALARM,
        "auth_removed": Verdict.STOP_CHANNEL,
        "http_404": Verdict.ALARM,
        "http_429": Verdict.BACK_OFF,
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``privacy`` is one that the account allows; ``folder`` keeps a refresh token that
    TikTok handed out in place of the one configured."""

    client_key: str
    client_secret: Secret = field(repr=False)
    refresh_token: Secret = field(repr=False)
    privacy: str = "PUBLIC_TO_EVERYONE"
    folder: DataPath = DEFAULT_FOLDER
    base_url: str = "https://open.tiktokapis.com"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")


@dataclass(frozen=True, slots=True)
class _Token:
    access: str = field(default="", repr=False)
    until: datetime = LONG_AGO
    dies: datetime = LONG_AGO  # the refresh token


class TikTok:
    """One account (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = False

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._base = options.base_url.rstrip("/")
        self._session = HttpSession(options.timeout_seconds, {"Accept": "application/json"})
        self._token = _Token()
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None
        self._file = Path(options.folder) / f"{hashlib.sha256(options.refresh_token.encode()).hexdigest()[:16]}.json"

    def __repr__(self) -> str:
        return f"<tiktok {self.name}>"

    def limits(self) -> Limits:
        """One photo post per language, with the card upright."""
        return Limits("short", "utf16", LENGTH, "account", picture="tall")

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """A token where one is due, the post, and a first look at it. Raises ChannelError or OutcomeUnknown."""
        until = self._until()
        post = _post(message, attempt.posting, self._options.privacy)
        await harmless(self._refresh(until))
        made = await self._call("/v2/post/publish/content/init/", post, until)
        id_ = str(made.get("publish_id") or "")
        if not id_:
            raise OutcomeUnknown("TikTok names nothing that it took")
        await self._look(id_, until)
        return Accepted(id_)

    async def _look(self, id_: str, until: float) -> None:
        """Raises ChannelError where TikTok has already failed; what it does not say now, nobody knows."""
        end = min(until, asyncio.get_running_loop().time() + STATUS_SECONDS)
        try:
            told = await self._call("/v2/post/publish/status/fetch/", {"publish_id": id_}, end)
        except (ChannelError, OutcomeUnknown):
            return
        if told.get("status") == "FAILED":
            code = str(told.get("fail_reason") or "failed")
            permanent = CODES.get(code) in (Verdict.PERMANENT, Verdict.ALARM)
            raise ChannelError(f"{self.name}: TikTok failed with {said(code)}", code=code, permanent=permanent)

    async def find(self, sent: Sent) -> Found | None:
        """Photo posts cannot be listed. Raises OutcomeUnknown."""
        raise OutcomeUnknown("TikTok lists no photo posts")

    async def check(self) -> tuple[Check, ...]:
        """Do the tokens work, and may the account post as it is configured?"""
        try:
            await self._refresh(self._until())
            creator = await self._call("/v2/post/publish/creator_info/query/", {}, self._until())
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare client_key, client_secret and refresh_token; docs/channels/tiktok.md"
            return (Check(False, f"{self.name}: the TikTok account cannot be used: {error}", hint),)
        if self._options.privacy not in creator.get("privacy_level_options", ()):
            text = f"{self.name}: the account does not allow {self._options.privacy}"
            return (Check(False, text, "let TikTok audit the app, and compare privacy"),)
        dies = self._token.dies
        text = f"the token lives until {dies:%Y-%m-%d %H:%M} UTC"
        posts = Check(True, f"{self.name}: posts as @{creator.get('creator_username', '')}")
        return posts, Check(True, f"{self.name}: {text}", "make a new token and set it in the environment", dies)

    # --- tokens -------------------------------------------------------------------------------------------------------
    async def _refresh(self, until: float) -> None:
        """Make an access token, where the last one ends soon; one at a time, for a refresh token may be good for one
        use alone. Raises ChannelError or OutcomeUnknown."""
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        async with self._lock[1]:
            if datetime.now(UTC) + timedelta(seconds=EARLY_SECONDS) < self._token.until:
                return
            refresh = self._kept()
            try:
                self._token = await self._exchanged(refresh, until)
            except ChannelError as error:
                if error.code == "invalid_grant" and self._kept() != refresh:  # another process was faster
                    raise ChannelError(error.text, code=STEP_LOST) from error
                raise

    async def _exchanged(self, refresh: str, until: float) -> _Token:
        now, options = datetime.now(UTC), self._options
        form = {"client_key": options.client_key, "client_secret": options.client_secret}
        form |= {"grant_type": "refresh_token", "refresh_token": refresh}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        told = object_of(await self._exchange("/v2/oauth/token/", urlencode(form).encode(), headers, until))
        try:
            until_, dies = (now + timedelta(seconds=int(told[k])) for k in ("expires_in", "refresh_expires_in"))
            fresh, access = str(told["refresh_token"]), str(told["access_token"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise OutcomeUnknown("TikTok's new token cannot be read") from error
        if fresh != refresh:
            self._keep(fresh)
        return _Token(access, until_, dies)

    def _kept(self) -> str:
        """The newest refresh token that came of the configured one."""
        try:
            return str(json.loads(self._file.read_text(encoding="utf-8"))["refresh_token"])
        except (OSError, ValueError, KeyError, TypeError):
            return self._options.refresh_token

    def _keep(self, token: str) -> None:
        """For this owner alone; whole or not at all."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{os.getpid()}")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"refresh_token": token}, file)
        fresh.replace(self._file)

    # --- requests -----------------------------------------------------------------------------------------------------
    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._options.timeout_seconds

    async def _call(self, path: str, body: Mapping[str, Any], until: float) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token.access}", "Content-Type": "application/json; charset=UTF-8"}
        answer = await self._exchange(path, json.dumps(body).encode(), headers, until)
        data = object_of(answer).get("data")
        return data if isinstance(data, dict) else unsure(answer)

    async def _exchange(self, path: str, data: bytes, headers: Mapping[str, str], until: float) -> Answer:
        answer = await self._session.exchange("POST", self._base + path, data=data, headers=headers, until=until)
        told = object_of(answer).get("error")
        code = told.get("code") if isinstance(told, dict) else told
        if not 200 <= answer.status < 300 or code not in (None, "ok"):
            self._refuse(answer, str(code or f"http_{answer.status}"))
        return answer

    def _refuse(self, answer: Answer, code: str) -> NoReturn:
        verdict = CODES.get(code)
        if verdict is None and not 300 <= answer.status < 500:
            unsure(answer)
        if code == "access_token_invalid":
            self._token = _Token()
        told = object_of(answer)
        error = told.get("error")
        message = error.get("message") if isinstance(error, dict) else told.get("error_description")
        options = self._options
        words = said(
            str(message or "no reason given"), options.refresh_token, options.client_secret, self._token.access
        )
        asked = retry_after(answer.headers, datetime.now(UTC)) or LIMITED_SECONDS
        raise ChannelError(
            f"{self.name}: TikTok refused with {code}: {words}",
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


def _post(message: Message, posting: Posting | None, privacy: str) -> dict[str, Any]:
    """Raises ChannelError where there is no picture that TikTok could fetch."""
    if posting is None or posting.picture is None or not posting.picture.url:
        text = "TikTok takes no post without a picture, and this alert has no card: see PUBLIC_URL and the log"
        raise ChannelError(text, code=NO_PICTURE, permanent=True)
    headline = posting.info.headline
    info = {"description": message.text, "privacy_level": privacy, "disable_comment": False, "auto_add_music": False}
    info |= {"title": headline} if headline and utf16(headline) <= TITLE_LENGTH else {}
    jpeg = f"{posting.picture.url.removesuffix('.png')}.jpg"  # TikTok takes no PNG
    source = {"source": "PULL_FROM_URL", "photo_cover_index": 0, "photo_images": [jpeg]}
    return {"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": info, "source_info": source}
