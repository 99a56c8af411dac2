"""SMS through Twilio's Messages API (2010-04-01), by the twilio package on our own transport.

Twilio documents no idempotency key for Messages, so our attempt id goes into the StatusCallback's query: a
callback alone proves an attempt. Without one, ``find`` looks through the messages to that number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated
from urllib.parse import quote
from xml.sax.saxutils import escape

from pydantic import Field
from twilio.base.exceptions import TwilioException
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from broadcaster.channels import twilio_http
from broadcaster.channels.http import TOTAL_SECONDS
from broadcaster.channels.twilio_http import CLOCK_SLACK, NUMBER, code_of, created, genuine, id_of, signature_ok
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    Check,
    Codes,
    Found,
    InboundKind,
    InboundText,
    OutcomeUnknown,
    Receipt,
    Recipient,
    Secret,
    Sent,
    Verdict,
    Wrong,
    help_text,
    inbound_kind,
)
from broadcaster.domain.message import Limits, Message

__all__ = ["CODES", "Options", "answer", "genuine", "inbound", "open_channel", "receipt", "same_text", "signature_ok"]
MOST_SEGMENTS = 10  # 1,530 of the 1,600 characters that a Body may have; UCS-2 texts end far earlier
LONGEST_VALIDITY = 36_000  # seconds; it bounds Twilio's own queue only
TRIAL_PREFIX = "Sent from your Twilio trial account - "

# rules.md section 4. A code that stands nowhere here is one retry, and shown.
CODES: Codes = MappingProxyType(
    {
        "connect": Verdict.RETRY,
        "20003": Verdict.STOP_CHANNEL,  # wrong credentials
        "30002": Verdict.STOP_CHANNEL,  # account suspended
        "http_401": Verdict.STOP_CHANNEL,
        "http_403": Verdict.STOP_CHANNEL,
        "20429": Verdict.BACK_OFF,  # too many requests
        "21611": Verdict.BACK_OFF,  # this sender's queue is full
        "30001": Verdict.BACK_OFF,  # queue overflow
        "21211": Verdict.PERMANENT,  # no such number
        "21214": Verdict.PERMANENT,
        "21612": Verdict.PERMANENT,  # no way from this sender to that number
        "21614": Verdict.PERMANENT,  # not a mobile
        "21635": Verdict.PERMANENT,  # a landline
        "30004": Verdict.PERMANENT,  # blocked
        "30005": Verdict.PERMANENT,  # unknown or gone
        "30006": Verdict.PERMANENT,  # landline or unreachable carrier
        "21610": Verdict.OPTED_OUT,
        "21408": Verdict.ALARM,  # this region is not permitted
        "21606": Verdict.ALARM,  # From is none of ours
        "21608": Verdict.ALARM,  # trial account
        "30003": Verdict.RETRY,  # handset unreachable now
        "30008": Verdict.RETRY_ONCE,  # unknown error
        "30007": Verdict.ALARM,  # filtered: never send the same text again
        "30032": Verdict.ALARM,  # toll-free number not verified
        "30034": Verdict.ALARM,  # number not registered (10DLC)
        "30036": Verdict.ALARM,  # validity period over
    }
)
_SHORT = re.compile(r"[0-9]{5,6}")  # a short code
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")  # Twilio's alphanumeric sender id
NO_NAMES = ("US", "CA")  # carriers there take none (Twilio's guidelines by country)
STATUSES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), "accepted"),
        **dict.fromkeys(("delivered", "read"), "delivered"),
        **dict.fromkeys(("undelivered", "failed", "canceled"), "failed"),
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. One of ``messaging_service_sid`` and ``from``; an API key pair may stand in for
    ``auth_token`` on requests, but webhooks are always signed with the token."""

    account_sid: str
    auth_token: Secret = field(repr=False)
    messaging_service_sid: str | None = None
    from_: Annotated[str | None, Field(alias="from")] = None
    base_url: str = "https://api.twilio.com"
    api_key_sid: str | None = None
    api_key_secret: Secret | None = field(default=None, repr=False)
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.messaging_service_sid is None and self.from_ is None:
            raise ValueError("give messaging_service_sid or from")
        twilio_http.right(self)

    def wrong(self, region: str) -> Wrong | None:
        """One sender, of a form that Twilio takes from an agency of that region."""
        if bool(self.messaging_service_sid) is bool(self.from_):
            given = "both messaging_service_sid and from" if self.from_ else "neither messaging_service_sid nor from"
            return Wrong("from", f"{given} is given", "keep one of the two")
        if not self.from_ or NUMBER.fullmatch(self.from_) or _SHORT.fullmatch(self.from_):
            return None
        hint = 'a number like "+15005550006" or a short code of 5 or 6 digits'
        if not _NAME.fullmatch(self.from_):
            return Wrong("from", f"{self.from_!r} is no sender", f"{hint}, or a name of up to 11 letters and digits")
        if region in NO_NAMES:
            return Wrong("from", f"{self.from_!r} is a name, which {region} does not take as sender", hint)
        return None


class TwilioSms:
    """One Twilio account and sender (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options, public_url: str) -> None:
        self.name = name
        self._options = options
        self._callback = twilio_http.hook(public_url, name, "status")
        self._client, self._transport = twilio_http.opened(options, CODES)
        self._messages: MessageList = self._client.api.v2010.account.messages
        self._sender = {"messaging_service_sid": options.messaging_service_sid, "from_": options.from_}

    def __repr__(self) -> str:
        return f"<twilio_sms {self.name}>"

    def limits(self) -> Limits:
        """One text per person."""
        return Limits(form="sms", unit="sms_segments", length=MOST_SEGMENTS, audience="people", address="phone")

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST. Raises ChannelError or OutcomeUnknown; never repeats itself."""
        try:
            made = await self._messages.create_async(
                to=recipient.address,
                body=message.text,
                status_callback=self._callback + quote(attempt.id, safe=""),
                validity_period=min(max(attempt.valid_seconds, 1), LONGEST_VALIDITY),
                smart_encoded=False,  # it would change texts after they were counted and approved
                **self._sender,
            )
        except (
            ValueError,
            TypeError,
            AttributeError,
        ) as error:  # how the package stumbles over a body that is no message
            raise OutcomeUnknown("the answer to a request that was taken cannot be read") from error
        if not made.sid:
            raise OutcomeUnknown("the answer to a request that was taken names no message")
        return Accepted(made.sid)

    async def find(self, sent: Sent) -> Found | None:
        """Ask for the attempt by its known id, else look among the messages to that number; None: it is not there.

        Raises OutcomeUnknown where the list cannot be read to its end, ChannelError where Twilio refuses to be asked.
        """
        try:
            known = await twilio_http.fetched(self._messages(sent.provider_id)) if sent.provider_id else None
            if known is not None:
                return _found(known)
            listed = await twilio_http.listed(self._client, self._messages, sent.recipient.address)
            matching = [made for made in listed if _is(made, sent)]
            return _found(min(matching, key=created)) if matching else None
        except (TwilioException, ValueError, KeyError, TypeError, AttributeError) as error:
            raise OutcomeUnknown("Twilio's answer cannot be read") from error

    async def check(self) -> tuple[Check, ...]:
        """Ask for the account: are the credentials right, is it active?"""
        return (await twilio_http.checked(self._client, self._options.account_sid, self.name),)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()


def open_channel(name: str, options: Options, public_url: str) -> TwilioSms:
    """The channel of that name; opens no connection. ``public_url`` is where Twilio reaches our webhooks."""
    return TwilioSms(name, options, public_url)


# --- which message is it? -------------------------------------------------------------------------------------
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u0060\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
        "\u2026": "...",
    }
)


def same_text(ours: str, theirs: str) -> bool:
    """Whether a body that Twilio lists is our text: NFC, spaces, its GSM replacements and trial prefix aside."""
    return _plain(ours) == _plain(theirs.removeprefix(TRIAL_PREFIX))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).translate(_PLAIN)).strip()


def _is(made: MessageInstance, sent: Sent) -> bool:
    if sent.provider_id:
        return bool(made.sid == sent.provider_id)
    return (
        bool(made.sid)
        and made.sid not in sent.known_ids
        and made.direction != "inbound"
        and created(made) >= sent.attempt.started - CLOCK_SLACK
        and same_text(sent.message.text, made.body or "")
    )


def _found(made: MessageInstance) -> Found:
    # It is there: with a status we do not know it is at least accepted.
    return Found(str(made.sid), STATUSES.get(str(made.status), "accepted"), code_of(made.error_code))


# --- webhooks -------------------------------------------------------------------------------------------------
def receipt(form: Mapping[str, str], attempt_id: str) -> Receipt | None:
    """A status callback in our words; None where it says nothing about a delivery (no id, or an unknown status)."""
    sid = id_of(form.get("MessageSid") or form.get("SmsSid") or "")
    status = STATUSES.get(form.get("MessageStatus") or form.get("SmsStatus") or "")
    if not sid or status is None:
        return None
    return Receipt(id_of(attempt_id), sid, status, code_of(form.get("ErrorCode")) if status == "failed" else "")


def inbound(form: Mapping[str, str]) -> InboundText | None:
    """A text somebody sent us; None without its sender. Twilio's own OptOutType outweighs the words."""
    sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""
    sid, sender, body = id_of(sid), id_of(form.get("From", "")), form.get("Body", "").replace("\0", "")
    if not sender:
        return None
    return InboundText(sid, sender, body, _TYPES.get(form.get("OptOutType", "").upper()) or inbound_kind(body))


_TYPES: Mapping[str, InboundKind] = MappingProxyType(
    {"STOP": InboundKind.STOP, "START": InboundKind.START, "HELP": InboundKind.HELP}
)


def answer(kind: InboundKind, emergency_number: str, contact: str = "") -> str:
    """TwiML for an inbound text: HELP gets ours, everything else nothing, for Twilio answers STOP and START itself."""
    words = help_text(emergency_number, contact) if kind is InboundKind.HELP else ""
    return '<?xml version="1.0" encoding="UTF-8"?>' + "".join(_response(words))


def _response(words: str) -> Iterator[str]:
    yield "<Response>" if words else "<Response/>"
    if words:
        yield f"<Message>{escape(words)}</Message></Response>"
