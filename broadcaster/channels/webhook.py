"""Signed JSON to a machine of the agency's partners: sirens, radio, signs. By Standard Webhooks 1.0.0.

One document holds the alert in all its languages, and the text that was approved for this channel. ``webhook-id`` is
the delivery's, the same for every try, and whoever receives keeps to it: a try whose outcome nobody knows is repeated.
Any answer but 2xx means that nothing was taken (Standard Webhooks, "Delivery success and failure").
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

from broadcaster.channels.checks import unusable
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
)
from broadcaster.domain.addresses import refused
from broadcaster.domain.alert import Mode, MsgType
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
from broadcaster.domain.posting import Posting
from broadcaster.domain.snapshot import stamp

LENGTH = 1000
PER_SECOND = 10
PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64  # of a secret
BUSY = (429, 502, 503, 504)
# What /alerts.json says of an alert (interfaces.md), but for the page's own words for its level.
FACTS = (
    *(
        "id",
        "slug",
        "state",
        "level",
        "headline",
        "severity",
        "urgency",
        "certainty",
        "expires",
        "until_lifted",
        "zones",
    ),
    *("identifier", "msgType", "status", "sent", "effective", "onset", "ends", "event", "issuer", "web"),
    *("infos", "areas", "replaces"),
)
WORDS = ("language", "headline", "description", "instruction")

CODES: Codes = MappingProxyType(
    {
        **{f"http_{status}": Verdict.PERMANENT for status in range(400, 500)},
        **{f"http_{status}": Verdict.ALARM for status in (301, 302, 303, 307, 308, 404, 405)},  # another address
        **{f"http_{status}": Verdict.RETRY for status in (408, 425, 500)},
        **{f"http_{status}": Verdict.BACK_OFF for status in BUSY},
        ADDRESS: Verdict.STOP_CHANNEL,  # the name leads into a private network
        "http_401": Verdict.STOP_CHANNEL,  # our signature is not taken
        "http_403": Verdict.STOP_CHANNEL,
        "http_410": Verdict.STOP_CHANNEL,  # "no longer interested": somebody must speak with the partner
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``base_url`` is the whole address; ``previous_secret`` signs too, while a partner
    changes over. ``allow_private`` permits loopback and private addresses; ``geometry`` sends the areas' shapes."""

    base_url: str = field(repr=False)  # may hold a token
    secret: Secret = field(repr=False)
    previous_secret: Secret | None = field(default=None, repr=False)
    allow_private: bool = False
    geometry: bool = True
    length: int = LENGTH
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError("length is at least 1")
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether address and secrets can be used."""
        if text := _wrong_address(self.base_url, self.allow_private):
            return Wrong("base_url", text, "an https address of the partner; allow_private = true for one of your own")
        for key, secret in (("secret", self.secret), ("previous_secret", self.previous_secret)):
            if secret is not None and not _key(secret):
                hint = 'whsec_ and 24 to 64 random bytes in base64: echo "whsec_$(openssl rand -base64 32)"'
                return Wrong(key, "is no secret of Standard Webhooks", hint)
        return None


class Webhook:
    """One partner's address (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = False
    repeatable = True

    def __init__(self, name: str, options: Options, public_url: str) -> None:
        self.name = name
        self._options = options
        self._public_url = public_url
        self._keys = [_key(secret) for secret in (options.secret, options.previous_secret) if secret]
        headers = {"Content-Type": "application/json", "User-Agent": "crisis-broadcaster webhook"}
        self._session = HttpSession(options.timeout_seconds, headers, gate(options.allow_private))

    def __repr__(self) -> str:
        return f"<webhook {self.name}>"

    def limits(self) -> Limits:
        """One delivery with everything in it; with ``languages`` in channels.toml, one for each language's text."""
        extras = MappingProxyType({"per_second": PER_SECOND})
        return Limits("short", "characters", self._options.length, "account", extras=extras, document=True)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST. Raises ChannelError or OutcomeUnknown."""
        id_ = attempt.key or attempt.id
        made = body(message, id_, attempt, self._public_url, self._options.geometry)
        answer = await self._post(id_, attempt.started, made)
        if not 200 <= answer.status < 300:
            raise _refusal(answer, self._options)
        return Accepted(id_, delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Nobody can be asked; the try is repeated under the same id."""
        raise OutcomeUnknown("the receiver of a webhook cannot be asked")

    async def check(self) -> tuple[Check, ...]:
        """Send a signed ping."""
        now = datetime.now(UTC)
        try:
            answer = await self._post(f"ping-{uuid.uuid4().hex}", now, {"type": "ping", "timestamp": stamp(now)})
            if not 200 <= answer.status < 300:
                raise _refusal(answer, self._options)
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare base_url and secret with the partner; it answers a signed ping with 2xx"
            return unusable(f"{self.name}: the partner does not take a ping", error, hint)
        return (Check(True, f"{self.name}: the partner takes our signed ping"),)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def _post(self, id_: str, at: datetime, made: dict[str, Any]) -> Answer:
        data = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed(self._keys, id_, int(at.timestamp()), data)
        return await self._session.exchange("POST", self._options.base_url, data=data, headers=headers)


def open_channel(name: str, options: Options, public_url: str) -> Webhook:
    """The channel of that name; opens no connection."""
    return Webhook(name, options, public_url)


def signed(keys: Sequence[bytes], id_: str, at: int, data: bytes) -> dict[str, str]:
    """The three headers: what is signed is "id.seconds.body", once with each key."""
    content = f"{id_}.{at}.".encode() + data
    signatures = (base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    words = " ".join(f"v1,{signature}" for signature in signatures)
    return {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": words}


def body(message: Message, id_: str, attempt: Attempt, public_url: str, geometry: bool = True) -> dict[str, Any]:
    """The document (docs/channels/webhook.md has its schema). Without an alert behind it, it is a test."""
    about = attempt.posting
    text = {"text": message.text, "language": message.language}
    if about is None:
        return {"type": "test", "timestamp": stamp(attempt.started), "id": id_, **text}
    found = alert_of(about, geometry)
    published = about.mode is Mode.ACTUAL  # exercises have no page
    return {
        "type": event_type(about),
        "timestamp": stamp(about.sent),
        "id": id_,
        "alert": found,
        **text,
        "hashtag": about.hashtag,
        "link": about.link if published else "",
        "cap": f"{public_url}/cap/{quote(about.identifier)}.xml" if published else "",
    }


def alert_of(about: Posting, geometry: bool) -> dict[str, Any]:
    """The alert as /alerts.json gives it."""
    found = {key: about.document[key] for key in FACTS}
    infos = [{key: info[key] for key in WORDS} for info in found["infos"]]
    areas = [area if geometry else {**area, "geometry": None} for area in found["areas"]]
    return {**found, "infos": infos, "areas": areas}


def event_type(about: Posting) -> str:
    """alert.issued, alert.updated, alert.lifted or alert.cancelled."""
    if about.ending in ("lifted", "cancelled"):
        return f"alert.{about.ending}"
    return "alert.updated" if about.msg_type is MsgType.UPDATE else "alert.issued"


def _refusal(answer: Answer, options: Options) -> ChannelError:
    code = f"http_{answer.status}"
    words = said(answer.text, options.secret, options.previous_secret or "", options.base_url)
    wait = retry_after(answer.headers, datetime.now(UTC)) if answer.status in BUSY else None
    permanent = CODES.get(code) in (Verdict.PERMANENT, Verdict.ALARM)
    text = refusal("the partner", answer.status, words or NO_REASON)
    return ChannelError(text, code=code, permanent=permanent, retry_after=wait)


def _key(secret: str) -> bytes:
    """The bytes that sign; none where it is no secret."""
    try:
        found = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return found if secret.startswith(PREFIX) and LEAST_BYTES <= len(found) <= MOST_BYTES else b""


def _wrong_address(url: str, allow_private: bool) -> str:
    try:
        parts = urlsplit(url)
        host, user = parts.hostname or "", parts.username
    except ValueError:
        return "is no address"
    if not host or user is not None:
        return "is no address" if not host else "holds a login"
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(host)):
        return "is neither https nor loopback"
    if host == "localhost":
        return "" if allow_private else "is this machine"
    return refused(host, allow_private) if _literal(host) else ""


def _literal(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _loopback(host: str) -> bool:
    return host == "localhost" or (_literal(host) and ipaddress.ip_address(host).is_loopback)
