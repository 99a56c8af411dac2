"""Push messages to browsers that joined on the page: RFC 8030, encrypted by RFC 8291 (pywebpush), signed by VAPID.

What a push service has taken counts as delivered: nothing more ever comes. A repeat carries the same topic and tag and
replaces the first, in the service's queue and on the screen; so a try whose outcome nobody knows is repeated. The
addresses are what browsers gave us: each is checked where the connection is made.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from pywebpush import WebPusher

from broadcaster.channels.http import (
    ADDRESS,
    LONGEST_SECONDS,
    NO_REASON,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    gate,
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
    Wrong,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.push import decoded, subscription_of

LENGTH = 2500  # UTF-8 bytes of the text
MOST_BYTES = 4096 - 103  # of what is encrypted: services take 4,096 with the header and its mark (RFC 8291, section 4)
PER_SECOND = 100
LONGEST_TTL = 28 * 24 * 3600  # seconds that services keep a message at most
VAPID_SECONDS = 12 * 3600  # of a signature (RFC 8292 allows 24 hours)
KEY_BYTES = 32

CODES: Codes = MappingProxyType(
    {
        ADDRESS: Verdict.PERMANENT,  # a made-up subscription that leads into a private network
        "http_400": Verdict.ALARM,
        "http_401": Verdict.ALARM,  # our signature
        "http_403": Verdict.ALARM,  # the subscription was made with another key
        "http_404": Verdict.OPTED_OUT,  # the subscription is over: the browser withdrew it
        "http_410": Verdict.OPTED_OUT,
        "http_413": Verdict.PERMANENT,
        "http_429": Verdict.RETRY,  # one service of several: the others go on
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``private_key`` is VAPID's (32 bytes, base64url), ``contact`` how push services reach
    the agency (mailto: or https:). ``base_url`` sends all to another host, ``allow_private`` also to this network."""

    private_key: Secret = field(repr=False)
    contact: str
    base_url: str | None = None
    allow_private: bool = False
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether the key and the contact are such."""
        if len(decoded(self.private_key)) != KEY_BYTES:
            hint = "make one: docs/channels/web_push.md; a new one ends every subscription"
            return Wrong("private_key", "is no VAPID key", hint)
        if not self.contact.startswith(("mailto:", "https://")):
            return Wrong(
                "contact", f"{self.contact!r} is neither mailto: nor https:", 'for example "mailto:alerts@example.gov"'
            )
        return None


class WebPush:
    """The browsers that joined (contract: ``broadcaster.domain.channel.Channel``, and ``Pushes``)."""

    asks = False
    repeatable = True

    def __init__(self, name: str, options: Options, public_url: str) -> None:
        self.name = name
        self._options = options
        self._public_url = public_url
        self._vapid = Vapid02.from_raw(options.private_key.encode()) if options.private_key else None
        self._session = HttpSession(options.timeout_seconds, gate=gate(options.allow_private))

    def __repr__(self) -> str:
        return f"<web_push {self.name}>"

    @property
    def application_key(self) -> str:
        """What a browser needs to subscribe: the public key, base64url."""
        if self._vapid is None:
            return ""
        raw = self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def limits(self) -> Limits:
        """A short text, per browser."""
        return Limits(
            "short", "bytes", LENGTH, "people", address="push", extras=MappingProxyType({"per_second": PER_SECOND})
        )

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST to the browser's push service. Raises ChannelError or OutcomeUnknown."""
        to = subscription_of(recipient.address)
        made = json.dumps(payload(message, attempt, self._public_url), ensure_ascii=False, separators=(",", ":"))
        if len(made.encode()) > MOST_BYTES:
            raise ChannelError("the text is longer than push services take", code="http_413", permanent=True)
        body = WebPusher(to).encode(made.encode())["body"]
        headers = self._headers(to["endpoint"], attempt)
        answer = await self._session.exchange("POST", self._where(to["endpoint"]), data=body, headers=headers)
        if not 200 <= answer.status < 300:
            raise _refusal(answer, to)
        return Accepted(answer.headers.get("Location") or attempt.id, delivered=True)

    def _headers(self, endpoint: str, attempt: Attempt) -> dict[str, str]:
        parts = urlsplit(endpoint)
        until = int(attempt.started.timestamp()) + VAPID_SECONDS
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": self._options.contact, "exp": until}
        if self._vapid is None:
            raise ChannelError("there is no key to sign with", code="http_401", permanent=True)
        return {
            "Authorization": str(self._vapid.sign(claims)["Authorization"]),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(min(attempt.valid_seconds, LONGEST_TTL)),
            "Urgency": "high",
            "Topic": tag(attempt),
        }

    def _where(self, endpoint: str) -> str:
        if self._options.base_url is None:
            return endpoint
        own, parts = urlsplit(self._options.base_url), urlsplit(endpoint)
        return urlunsplit((own.scheme, own.netloc, parts.path, parts.query, ""))

    async def find(self, sent: Sent) -> Found | None:
        """Nobody can be asked; the try is repeated under the same topic."""
        raise OutcomeUnknown("a push service cannot be asked about a message")

    async def check(self) -> tuple[Check, ...]:
        """Whether the key is good; each browser has a push service of its own, which only a message can try."""
        if self._vapid is None:
            return (Check(False, f"{self.name}: there is no VAPID key", "set private_key"),)
        if self._options.base_url is not None:
            try:
                await self._session.exchange("GET", self._options.base_url)
            except (ChannelError, OutcomeUnknown) as error:
                return (Check(False, f"{self.name}: base_url does not answer: {error}", "compare base_url"),)
        return (Check(True, f"{self.name}: browsers can join with the key {self.application_key[:12]}…"),)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def open_channel(name: str, options: Options, public_url: str) -> WebPush:
    """The channel of that name; opens no connection."""
    return WebPush(name, options, public_url)


def payload(message: Message, attempt: Attempt, public_url: str) -> dict[str, str]:
    """What the service worker shows: a title, the words, the page to open, when it was sent, and the tag under which it
    replaces."""
    about = attempt.posting
    return {
        "title": about.info.headline if about else "",
        "body": message.text,
        "language": message.language,
        "url": about.link if about and about.link.startswith(public_url) else public_url,
        "sent": (about.sent if about else attempt.started).isoformat(),
        "tag": tag(attempt),
    }


def tag(attempt: Attempt) -> str:
    """The same for all messages of an incident, so that an update replaces what it updates (at most 32 characters)."""
    about = attempt.posting
    named = (about.incident or about.alert) if about else (attempt.key or attempt.id)
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def _refusal(answer: Answer, to: Mapping[str, Any]) -> ChannelError:
    if answer.status >= 500:
        unsure(answer)
    code = f"http_{answer.status}"
    words = said(answer.text, to["endpoint"], to["keys"]["auth"], to["keys"]["p256dh"])
    wait = retry_after(answer.headers, datetime.now(UTC)) if answer.status == 429 else None
    permanent = CODES.get(code) in (Verdict.PERMANENT, Verdict.ALARM, Verdict.OPTED_OUT)
    text = refusal("the push service", answer.status, words or NO_REASON)
    return ChannelError(text, code=code, permanent=permanent, retry_after=wait)
