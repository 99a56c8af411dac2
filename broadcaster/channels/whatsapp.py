"""WhatsApp through Twilio's Messages API (2010-04-01) and templates of its Content API (v1), approved by Meta.

An agency may write first only in words that Meta has approved, with ours in their middle. What people read is written
whole and frozen at approval; here our part is cut out of it and sent as the template's variable. Where the two no
longer match, nothing is sent. What it shares with text messages stands in ``twilio_messages``.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated

from pydantic import Field
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from broadcaster.channels import twilio_http, twilio_messages, whatsapp_templates
from broadcaster.channels.http import TOTAL_SECONDS
from broadcaster.channels.twilio_http import NO_DATE, NUMBER, created, genuine
from broadcaster.channels.twilio_messages import receipt, reply, same_text
from broadcaster.channels.whatsapp_templates import TABLES, Templates, each, of
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    Found,
    InboundKind,
    InboundText,
    Recipient,
    Secret,
    Sent,
    Verdict,
    Wrong,
    help_text,
)
from broadcaster.domain.frames import LONGEST, SLOT, cut_out
from broadcaster.domain.message import Limits, Message

__all__ = ["CODES", "Options", "answer", "genuine", "inbound", "open_channel", "receipt"]
PREFIX = "whatsapp:"
UNFIT = re.compile(r"[\n\r\t]| {5}")  # in a template's variable
MESSAGES_A_SECOND = 80  # what Twilio lets a sender send at first
TAKEN_WITHIN = timedelta(seconds=60)  # a try whose request began then cannot have made a later message

# Twilio's error dictionary. A code that stands nowhere here is one retry, and shown.
CODES: Codes = MappingProxyType(
    {
        **twilio_messages.CODES,
        "frame": Verdict.ALARM,  # our own word: the text does not stand in the template's words
        "variable": Verdict.ALARM,  # our own word: a line break, a tab or five spaces, which Meta refuses
        "63001": Verdict.STOP_CHANNEL,  # WhatsApp does not know the account
        "63002": Verdict.STOP_CHANNEL,  # nor the sender
        "63007": Verdict.STOP_CHANNEL,  # From is no WhatsApp sender of this account
        "63020": Verdict.STOP_CHANNEL,  # the account in Meta's Business Manager
        "63022": Verdict.STOP_CHANNEL,  # the sender's certificate
        "63038": Verdict.STOP_CHANNEL,  # the account's messages of this day are used up
        "63051": Verdict.STOP_CHANNEL,  # Meta locked the account
        "63112": Verdict.STOP_CHANNEL,  # Meta disabled the account, or has not verified it
        "63018": Verdict.RETRY_LATER,  # too many at once, or to too many people in 24 hours
        "63003": Verdict.PERMANENT,  # not on WhatsApp
        "63014": Verdict.PERMANENT,  # the person blocked us
        "63024": Verdict.PERMANENT,  # no valid recipient
        "63031": Verdict.PERMANENT,  # our own number
        "63032": Verdict.PERMANENT,  # WhatsApp does not send to this person
        "63033": Verdict.PERMANENT,  # the recipient blocks messages
        "63009": Verdict.RETRY,  # WhatsApp answers 5xx
        "63010": Verdict.RETRY,  # Twilio's own fault
        "63012": Verdict.RETRY,  # WhatsApp's
        "63023": Verdict.RETRY_ONCE,
        "63029": Verdict.RETRY_ONCE,  # the phone could not load the template
        "21654": Verdict.ALARM,
        "21655": Verdict.ALARM,  # no such template
        "21656": Verdict.ALARM,  # the variable
        "21910": Verdict.ALARM,  # from and to are of two kinds
        "63005": Verdict.ALARM,  # WhatsApp does not take what it says
        "63008": Verdict.ALARM,  # sender or recipient of the wrong form
        "63013": Verdict.ALARM,  # against WhatsApp's policy
        "63015": Verdict.ALARM,  # the sandbox: this person has not joined it
        "63016": Verdict.ALARM,  # no template, outside the 24 hours after a person's message
        "63021": Verdict.ALARM,
        "63027": Verdict.ALARM,  # no such template in that language
        "63028": Verdict.ALARM,  # other variables than the template has
        "63030": Verdict.ALARM,
        "63040": Verdict.ALARM,  # the template was rejected
        "63041": Verdict.ALARM,  # paused
        "63042": Verdict.ALARM,  # disabled
        "63049": Verdict.ALARM,  # Meta counts the template as marketing
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. One of ``messaging_service_sid`` and ``from``, a WhatsApp sender of the account.

    ``templates``: by language; ``drill_templates`` and ``test_templates``: for exercises and tests, which begin and end
    with their word. ``content_base_url``: else Twilio's own, or ``base_url`` where that is another's. An API key pair
    may stand in for ``auth_token`` on requests, never on webhooks.
    """

    account_sid: str
    auth_token: Secret = field(repr=False)
    templates: Templates
    drill_templates: Templates = field(default_factory=dict)
    test_templates: Templates = field(default_factory=dict)
    messaging_service_sid: str | None = None
    from_: Annotated[str | None, Field(alias="from")] = None
    base_url: str = "https://api.twilio.com"
    content_base_url: str | None = None
    api_key_sid: str | None = None
    api_key_secret: Secret | None = field(default=None, repr=False)
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        twilio_http.right(self)

    def carries(self, mode: Mode) -> bool:
        """Whether there are approved words for that mode."""
        return bool(of(self, mode))

    def wrong(self, region: str) -> Wrong | None:
        """One sender, and templates as Meta takes them."""
        if (wrong := twilio_messages.one_sender(self.messaging_service_sid, self.from_)) is not None:
            return wrong
        if self.from_ and not NUMBER.fullmatch(self.from_.removeprefix(PREFIX)):
            return Wrong("from", f"{self.from_!r} is no WhatsApp sender", 'a number like "whatsapp:+15005550006"')
        if not self.templates:
            hint = f'[channel.templates.en] with sid = "HX..." and body = "... {SLOT} ..."'
            return Wrong("templates", "has no template, and WhatsApp takes nothing else from an agency", hint)
        return whatsapp_templates.wrong(self)


class WhatsApp:
    """One Twilio account and WhatsApp sender (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options, public_url: str) -> None:
        self.name = name
        self._options = options
        self._callback = twilio_http.hook(public_url, name, "status")
        self._client, self._transport = twilio_http.opened(options, CODES)
        self._client.content.base_url = whatsapp_templates.address(options.base_url, options.content_base_url)
        self._messages: MessageList = self._client.api.v2010.account.messages
        from_ = _address(options.from_) if options.from_ else None
        self._sender = {"messaging_service_sid": options.messaging_service_sid, "from_": from_}

    def __repr__(self) -> str:
        return f"<whatsapp {self.name}>"

    def limits(self) -> Limits:
        """One message per person who chose WhatsApp, in the approved words."""
        frames = {mode: {code: one.body for code, one in of(self._options, mode).items()} for mode in TABLES.values()}
        return Limits(
            "sms",
            "characters",
            LONGEST,
            "people",
            "phone",
            extras={"per_second": MESSAGES_A_SECOND},
            chosen=True,
            frames={mode: bodies for mode, bodies in frames.items() if bodies},
        )

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST. Raises ChannelError or OutcomeUnknown; never repeats itself."""
        sid, words = self._cut(message)
        return await twilio_messages.create(
            self._messages,
            self._callback,
            attempt,
            to=_address(recipient.address),
            content_sid=sid,
            content_variables=json.dumps({"1": words}, ensure_ascii=False),
            **self._sender,
        )

    def _cut(self, message: Message) -> tuple[str, str]:
        """The template whose words the text stands in, the longest of them, and ours."""
        own = [one for _, _, language, one in each(self._options) if language == message.language]
        fits = [(one, words) for one in own if (words := cut_out(one.body, message.text)) is not None]
        if not fits:
            text = f"the text does not stand in the words of a template in {message.language}: they were changed since"
            raise ChannelError(f"{text}, or it was written for another channel", code="frame", permanent=True)
        template, words = max(fits, key=lambda fit: len(fit[0].body))
        if UNFIT.search(words):
            text = "a line break, a tab or more than 4 spaces stand in it, which WhatsApp refuses"
            raise ChannelError(text, code="variable", permanent=True)
        return template.sid, words

    async def find(self, sent: Sent) -> Found | None:
        """Ask for the attempt by its known id, else look among the messages to that number; None: it is not there.

        Of what a Messaging Service sent, Twilio may list no words: then the time tells. Raises OutcomeUnknown where the
        list cannot be read to its end, ChannelError where Twilio refuses to be asked.
        """

        def same(made: MessageInstance) -> bool:
            if (made.body or "").strip():
                return same_text(sent.message.text, made.body)
            return created(made) is NO_DATE or created(made) - sent.attempt.started <= TAKEN_WITHIN

        to = _address(sent.recipient.address)
        return await twilio_messages.found(self._client, self._messages, to, sent, same)

    async def check(self) -> tuple[Check, ...]:
        """Ask for the account, and for each template: is it there, approved, and has it the words written here?"""
        account = await twilio_http.checked(self._client, self._options.account_sid, self.name)
        if not account.ok:
            return (account,)
        asked = (
            whatsapp_templates.checked(self._client, self.name, f"{table}.{language}", language, own)
            for table, _, language, own in each(self._options)
        )
        return account, *await asyncio.gather(*asked)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()


def open_channel(name: str, options: Options, public_url: str) -> WhatsApp:
    """The channel of that name; opens no connection. ``public_url`` is where Twilio reaches our webhooks."""
    return WhatsApp(name, options, public_url)


def _address(number: str) -> str:
    return PREFIX + number.removeprefix(PREFIX)


# --- webhooks -----------------------------------------------------------------------------------------------------
def inbound(form: Mapping[str, str]) -> InboundText | None:
    """A message somebody sent us, from the phone that its sender is; None without a sender.

    Somebody whose number WhatsApp withholds is nobody of our list: nothing follows from what they write.
    """
    text = twilio_messages.inbound(form)
    if text is None:
        return None
    phone = text.sender.removeprefix(PREFIX)
    known = NUMBER.fullmatch(phone) is not None
    return replace(text, sender=phone, kind=text.kind if known else InboundKind.OTHER)


def answer(kind: InboundKind, emergency_number: str, contact: str = "") -> str:
    """TwiML for an inbound message: unlike those to numbers, Twilio answers none of these by itself."""
    return reply(_ANSWERS.get(kind, "") if kind is not InboundKind.HELP else help_text(emergency_number, contact))


_ANSWERS: Mapping[InboundKind, str] = MappingProxyType(
    {
        InboundKind.STOP: "You will get no more alerts from us, on any channel. Send START to get them again.",
        InboundKind.START: "You will get our alerts again. Send STOP to get no more.",
    }
)
