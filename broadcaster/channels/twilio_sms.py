"""SMS through Twilio's Messages API (2010-04-01), by the twilio package on our own transport.

What it shares with WhatsApp stands in ``twilio_messages``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from pydantic import Field
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from broadcaster.channels import twilio_http, twilio_messages
from broadcaster.channels.http import TOTAL_SECONDS
from broadcaster.channels.twilio_http import NUMBER, genuine, signature_ok
from broadcaster.channels.twilio_messages import inbound, receipt, reply, same_text
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    Check,
    Codes,
    Found,
    InboundKind,
    Recipient,
    Secret,
    Sent,
    Verdict,
    Wrong,
    help_text,
)
from broadcaster.domain.message import Limits, Message

__all__ = ["CODES", "Options", "answer", "genuine", "inbound", "open_channel", "receipt", "same_text", "signature_ok"]
MOST_SEGMENTS = 10  # 1,530 of the 1,600 characters that a Body may have; UCS-2 texts end far earlier

# rules.md section 4. A code that stands nowhere here is one retry, and shown.
CODES: Codes = MappingProxyType(
    {
        **twilio_messages.CODES,
        "21214": Verdict.PERMANENT,
        "21612": Verdict.PERMANENT,  # no way from this sender to that number
        "21614": Verdict.PERMANENT,  # not a mobile
        "21635": Verdict.PERMANENT,  # a landline
        "30004": Verdict.PERMANENT,  # blocked
        "30005": Verdict.PERMANENT,  # unknown or gone
        "30006": Verdict.PERMANENT,  # landline or unreachable carrier
        "21265": Verdict.PERMANENT,  # a short code
        "21266": Verdict.PERMANENT,  # our own number
        "21212": Verdict.ALARM,  # From is no number; below, what Twilio tells apart since 2024 of 21606
        "21659": Verdict.ALARM,  # none of Twilio's, or a short code of another country
        "21660": Verdict.ALARM,  # another account's
        "21661": Verdict.ALARM,  # it sends no texts
        "30042": Verdict.ALARM,  # a name that is blocked
        "30017": Verdict.RETRY,  # the carrier's network is full
        "21408": Verdict.ALARM,  # this region is not permitted
        "21608": Verdict.ALARM,  # trial account
        "30003": Verdict.RETRY,  # handset unreachable now
        "30007": Verdict.ALARM,  # filtered: never send the same text again
        "30032": Verdict.ALARM,  # toll-free number not verified
        "30034": Verdict.ALARM,  # number not registered (10DLC)
    }
)
_SHORT = re.compile(r"[0-9]{5,6}")  # a short code
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")  # Twilio's alphanumeric sender id
NO_NAMES = ("US", "CA")  # carriers there take none (Twilio's guidelines by country)


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
        if (wrong := twilio_messages.one_sender(self.messaging_service_sid, self.from_)) is not None:
            return wrong
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
        return await twilio_messages.create(
            self._messages,
            self._callback,
            attempt,
            to=recipient.address,
            body=message.text,
            smart_encoded=False,  # it would change texts after they were counted and approved
            **self._sender,
        )

    async def find(self, sent: Sent) -> Found | None:
        """Ask for the attempt by its known id, else look among the messages to that number; None: it is not there.

        Raises OutcomeUnknown where the list cannot be read to its end, ChannelError where Twilio refuses to be asked.
        """

        def same(made: MessageInstance) -> bool:
            return same_text(sent.message.text, made.body or "")

        return await twilio_messages.found(self._client, self._messages, sent.recipient.address, sent, same)

    async def check(self) -> tuple[Check, ...]:
        """Ask for the account: are the credentials right, is it active?"""
        return (await twilio_http.checked(self._client, self._options.account_sid, self.name),)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()


def open_channel(name: str, options: Options, public_url: str) -> TwilioSms:
    """The channel of that name; opens no connection. ``public_url`` is where Twilio reaches our webhooks."""
    return TwilioSms(name, options, public_url)


# --- webhooks -------------------------------------------------------------------------------------------------
def answer(kind: InboundKind, emergency_number: str, contact: str = "") -> str:
    """TwiML for an inbound text: HELP gets ours, everything else nothing, for Twilio answers STOP and START itself."""
    return reply(help_text(emergency_number, contact) if kind is InboundKind.HELP else "")
