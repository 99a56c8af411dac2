"""Calls through Twilio's Calls API (2010-04-01): a text is said twice, and who hears it may confirm with a key.

Twilio documents no idempotency key for Calls, so our attempt id goes into the addresses of our webhooks: a callback
alone proves an attempt. Without one, ``find`` looks through the calls to that number; they list no words, so the time
of each tells which it is. What is heard stands in ``twilio_call``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field
from twilio.base.exceptions import TwilioException
from twilio.rest.api.v2010.account.call import CallList

from broadcaster.channels import twilio_http
from broadcaster.channels.http import TOTAL_SECONDS
from broadcaster.channels.twilio_call import Speaker, hang_up
from broadcaster.channels.twilio_http import CLOCK_SLACK, NO_DATE, NUMBER, code_of, created, genuine, id_of
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    CallStage,
    CallStep,
    ChannelError,
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
)
from broadcaster.domain.delivery import ANSWERED, CONFIRMED, MACHINE
from broadcaster.domain.message import LONGEST_CALL, Limits, Message

__all__ = ["CODES", "Options", "genuine", "hang_up", "heard", "open_channel", "receipt"]
LONGEST_TWIML = 4_000  # characters that the parameter ``Twiml`` takes
RING_SECONDS = 45  # after that nobody answers; voicemail mostly takes over sooner
MOST_SECONDS = 600  # of a whole call, however often somebody asks to hear it again
CALLS_A_SECOND = 1  # Twilio's own default for an account; more on request
TAKEN_WITHIN = timedelta(seconds=60)  # a try whose request began then cannot have made a later call

# rules.md section 4, Twilio's error dictionary, and our own words for what a call came to. An unknown one is one retry.
CODES: Codes = MappingProxyType(
    {
        "busy": Verdict.RETRY_LATER,
        "no_answer": Verdict.RETRY_LATER,
        "failed": Verdict.RETRY_ONCE,
        "canceled": Verdict.PERMANENT,  # somebody ended it in the Twilio Console
        "fax": Verdict.PERMANENT,
        "no_voice": Verdict.ALARM,  # no voice is known for this language: name one in ``voices``
        "too_long": Verdict.ALARM,
        "http_401": Verdict.STOP_CHANNEL,
        "http_403": Verdict.STOP_CHANNEL,
        "10001": Verdict.STOP_CHANNEL,  # account not active
        "20003": Verdict.STOP_CHANNEL,  # wrong credentials
        "20005": Verdict.STOP_CHANNEL,  # account not active
        "10004": Verdict.BACK_OFF,  # too many calls at once
        "20429": Verdict.BACK_OFF,  # too many requests
        "13223": Verdict.PERMANENT,  # no such number
        "13224": Verdict.PERMANENT,
        "21201": Verdict.PERMANENT,
        "21202": Verdict.PERMANENT,  # a premium number
        "21211": Verdict.PERMANENT,
        "21214": Verdict.PERMANENT,  # cannot be reached
        "21217": Verdict.PERMANENT,
        "13225": Verdict.PERMANENT,  # on Twilio's own block list
        "21216": Verdict.PERMANENT,
        "32203": Verdict.PERMANENT,
        "13227": Verdict.ALARM,  # this country is not switched on (geographic permissions)
        "21203": Verdict.ALARM,
        "21215": Verdict.ALARM,
        "10002": Verdict.ALARM,  # trial account
        "21219": Verdict.ALARM,  # trial account: the number is not verified
        "21205": Verdict.ALARM,  # PUBLIC_URL is no address for Twilio
        "21210": Verdict.ALARM,  # From is none of ours
        "21212": Verdict.ALARM,
        "21213": Verdict.ALARM,
        "12100": Verdict.ALARM,  # TwiML that cannot be read
        "13511": Verdict.ALARM,  # no such voice
        "13520": Verdict.ALARM,
        "13521": Verdict.ALARM,  # too long to be said
        "32017": Verdict.ALARM,  # a carrier blocks our number: register it (STIR/SHAKEN, CNAM)
        "21220": Verdict.RETRY_ONCE,  # invalid state of a call
        "32014": Verdict.RETRY_LATER,  # ended without any sound
        "sip_404": Verdict.PERMANENT,  # no such number
        "sip_410": Verdict.PERMANENT,
        "sip_484": Verdict.PERMANENT,
        "sip_604": Verdict.PERMANENT,
        "sip_408": Verdict.RETRY_LATER,  # not there now, or the network is full
        "sip_480": Verdict.RETRY_LATER,
        "sip_500": Verdict.RETRY_LATER,
        "sip_503": Verdict.RETRY_LATER,
    }
)
_VOICE = re.compile(r"(Polly|Google)\.[A-Za-z0-9-]+")
_UNDER_WAY = ("queued", "initiated", "ringing", "in-progress")
_ENDS: Mapping[str, str] = MappingProxyType({"busy": "busy", "no-answer": "no_answer", "canceled": "canceled"})


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``from`` is a number that the account may call from. ``everyone``: all phones are
    called, else only people who chose this channel. ``detect_machines``: wait for the beep of an answering machine,
    which costs some silence and a fee. ``voices``: language -> Twilio's name of a voice, before our own."""

    account_sid: str
    auth_token: Secret = field(repr=False)
    from_: Annotated[str, Field(alias="from")]
    base_url: str = "https://api.twilio.com"
    api_key_sid: str | None = None
    api_key_secret: Secret | None = field(default=None, repr=False)
    timeout_seconds: float = TOTAL_SECONDS
    everyone: bool = False
    detect_machines: bool = True
    voices: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        twilio_http.right(self)

    def wrong(self, region: str) -> Wrong | None:
        """A number to call from, and voices of the kinds that Twilio has."""
        if not NUMBER.fullmatch(self.from_):
            return Wrong("from", f"{self.from_!r} is no number to call from", 'a number like "+15005550006"')
        for language, voice in self.voices.items():
            if not _VOICE.fullmatch(voice):
                hint = f'Twilio\'s name of a voice, for example {language} = "Polly.Joanna-Neural"'
                return Wrong("voices", f"{voice!r} is no voice", hint)
        return None


class TwilioVoice:
    """One Twilio account and number (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options, public_url: str) -> None:
        self.name = name
        self._options = options
        self._status = twilio_http.hook(public_url, name, "status")
        self._answer = twilio_http.hook(public_url, name, "answer")
        self._client, self._transport = twilio_http.opened(options, CODES)
        self._calls: CallList = self._client.api.v2010.account.calls
        detects = {"machine_detection": "DetectMessageEnd"}  # on a machine, the text begins after its beep
        self._how: dict[str, Any] = detects if options.detect_machines else {}

    def __repr__(self) -> str:
        return f"<twilio_voice {self.name}>"

    def limits(self) -> Limits:
        """One call per person; only to people who want calls, unless the agency calls everyone."""
        own = {"per_second": CALLS_A_SECOND}
        chosen = not self._options.everyone
        return Limits("voice", "characters", LONGEST_CALL, "people", "phone", extras=own, chosen=chosen)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST. Raises ChannelError or OutcomeUnknown; never repeats itself."""
        twiml = self._twiml(message, attempt)
        try:
            made = await self._calls.create_async(
                to=recipient.address,
                from_=self._options.from_,
                twiml=twiml,
                status_callback=self._status + quote(attempt.id, safe=""),
                timeout=min(max(attempt.valid_seconds, 5), RING_SECONDS),
                time_limit=MOST_SECONDS,
                **self._how,
            )
        except (ValueError, TypeError, AttributeError) as error:  # the package, over a body that is no call
            raise OutcomeUnknown("the answer to a request that was taken cannot be read") from error
        if not made.sid:
            raise OutcomeUnknown("the answer to a request that was taken names no call")
        return Accepted(made.sid)

    def _twiml(self, message: Message, attempt: Attempt) -> str:
        action = self._answer + quote(attempt.id, safe="")
        speaker = Speaker(message.language, message.text, action, self._options.voices)
        if not speaker.able:
            text = f"no voice speaks {message.language}: name one in voices"
            raise ChannelError(text, code="no_voice", permanent=True)
        twiml = speaker.first()
        if len(twiml) > LONGEST_TWIML:
            text = f"the call has {len(twiml)} characters of TwiML, {LONGEST_TWIML} fit"
            raise ChannelError(text, code="too_long", permanent=True)
        return twiml

    async def find(self, sent: Sent) -> Found | None:
        """Ask for the attempt by its known id, else look among the calls to that number; None: it is not there.

        Raises OutcomeUnknown where the list cannot be read to its end, ChannelError where Twilio refuses to be asked.
        """
        try:
            known = await twilio_http.fetched(self._calls(sent.provider_id)) if sent.provider_id else None
            if known is not None:
                return _found(known)
            listed = await twilio_http.listed(self._client, self._calls, sent.recipient.address)
            matching = [made for made in listed if self._is(made, sent)]
            return _found(min(matching, key=lambda made: _apart(made, sent))) if matching else None
        except (TwilioException, ValueError, KeyError, TypeError, AttributeError) as error:
            raise OutcomeUnknown("Twilio's answer cannot be read") from error

    def _is(self, made: Any, sent: Sent) -> bool:
        if sent.provider_id:
            return bool(made.sid == sent.provider_id)
        return (
            bool(made.sid)
            and made.sid not in sent.known_ids
            and made.direction == "outbound-api"
            and made._from == self._options.from_
            and (created(made) is NO_DATE or -CLOCK_SLACK <= created(made) - sent.attempt.started <= TAKEN_WITHIN)
        )

    async def check(self) -> tuple[Check, ...]:
        """Ask for the account: are the credentials right, is it active?"""
        return (await twilio_http.checked(self._client, self._options.account_sid, self.name),)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()


def open_channel(name: str, options: Options, public_url: str) -> TwilioVoice:
    """The channel of that name; opens no connection. ``public_url`` is where Twilio reaches our webhooks."""
    return TwilioVoice(name, options, public_url)


# --- what came of a call ----------------------------------------------------------------------------------------
def _apart(made: Any, sent: Sent) -> timedelta:
    return abs(created(made) - sent.attempt.started)


def _found(made: Any) -> Found:
    status, code = _came_to(str(made.status), str(made.answered_by or ""), "", "")
    return Found(str(made.sid), status or "accepted", code)  # it is there: at least accepted


def receipt(form: Mapping[str, str], attempt_id: str) -> Receipt | None:
    """A status callback in our words; None where it says nothing about a delivery (no id, or an unknown status)."""
    sid, error = id_of(form.get("CallSid", "")), code_of(form.get("ErrorCode"))
    words = form.get("CallStatus", ""), form.get("AnsweredBy", ""), error, form.get("SipResponseCode", "")
    status, code = _came_to(*words)
    return Receipt(id_of(attempt_id), sid, status, id_of(code)) if sid and status else None


def _came_to(call: str, by: str, error: str, sip: str) -> tuple[str, str]:
    """(status, code). A call is delivered once somebody or something took the words; that is all that can be known."""
    if call in _UNDER_WAY:
        return "accepted", ""
    if call == "completed":
        return ("failed", "fax") if by == "fax" else ("delivered", MACHINE if by.startswith("machine") else ANSWERED)
    if call in _ENDS:
        return "failed", _ENDS[call]
    return ("failed", error or (f"sip_{sip}" if sip else "failed")) if call == "failed" else ("", "")


# --- during a call ----------------------------------------------------------------------------------------------
def heard(options: Options, form: Mapping[str, str], about: CallStage) -> CallStep:
    """What follows in a call, after its first words ("said") or a key ("key", "leave").

    1 confirms, 2 says it again, 9 twice takes the number off all our lists. A machine is not asked for keys.
    """
    if form.get("AnsweredBy", "").startswith(("machine", "fax")):
        return CallStep(hang_up())
    speaker = Speaker(about.language, about.text, about.action, options.voices)
    if about.step == "said":
        return CallStep(speaker.second())
    sid, key = id_of(form.get("CallSid", "")), form.get("Digits", "")
    if key == "1":
        return CallStep(speaker.thanked(), Receipt(id_of(about.attempt), sid, "delivered", CONFIRMED))
    if key == "9" and about.step == "leave":
        return CallStep(speaker.gone(), text=InboundText(sid, about.recipient, key, InboundKind.STOP))
    if key == "9":
        return CallStep(speaker.sure())
    return CallStep(speaker.again() if key == "2" else speaker.asked())
