"""What text messages and WhatsApp share of Twilio's Messages API (2010-04-01): one request, looking up, webhooks.

Twilio documents no idempotency key for Messages, so our attempt id goes into the StatusCallback's query: a
callback alone proves an attempt. Without one, ``found`` looks through the messages to that number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from twilio.base.exceptions import TwilioException
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from broadcaster.channels import twilio_http
from broadcaster.channels.twilio_http import CLOCK_SLACK, code_of, created, id_of
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    Codes,
    Found,
    InboundKind,
    InboundText,
    OutcomeUnknown,
    Receipt,
    Sent,
    Verdict,
    Wrong,
    inbound_kind,
)

LONGEST_VALIDITY = 36_000  # seconds; it bounds Twilio's own queue only
TRIAL_PREFIX = "Sent from your Twilio trial account - "
BOTH = "both messaging_service_sid and from"
NEITHER = "neither messaging_service_sid nor from"

# rules.md section 4: what does not depend on how a message travels.
CODES: Codes = MappingProxyType(
    {
        "20003": Verdict.STOP_CHANNEL,  # wrong credentials
        "30002": Verdict.STOP_CHANNEL,  # account suspended
        "http_401": Verdict.STOP_CHANNEL,
        "http_403": Verdict.STOP_CHANNEL,
        "20429": Verdict.BACK_OFF,  # too many requests
        "21611": Verdict.BACK_OFF,  # this sender's queue is full
        "30001": Verdict.BACK_OFF,  # queue overflow
        "21211": Verdict.PERMANENT,  # no such number
        "21610": Verdict.OPTED_OUT,
        "21606": Verdict.ALARM,  # From is none of ours
        "21609": Verdict.ALARM,  # PUBLIC_URL is no address for Twilio
        "21617": Verdict.ALARM,  # too long
        "21701": Verdict.ALARM,  # no such Messaging Service
        "21703": Verdict.ALARM,  # it has no sender for this message
        "21704": Verdict.ALARM,
        "30008": Verdict.RETRY_ONCE,  # unknown error
        "30036": Verdict.ALARM,  # validity period over
    }
)
STATUSES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), "accepted"),
        **dict.fromkeys(("delivered", "read"), "delivered"),
        **dict.fromkeys(("undelivered", "failed", "canceled"), "failed"),
    }
)


def one_sender(messaging_service_sid: str | None, from_: str | None) -> Wrong | None:
    """One of the two says who sends, and not both."""
    if bool(messaging_service_sid) is not bool(from_):
        return None
    return Wrong("from", f"{BOTH if from_ else NEITHER} is given", "keep one of the two")


# --- out --------------------------------------------------------------------------------------------------------
async def create(messages: MessageList, callback: str, attempt: Attempt, **what: Any) -> Accepted:
    """One POST of ``what``. Raises ChannelError or OutcomeUnknown; never repeats itself."""
    try:
        made = await messages.create_async(
            status_callback=callback + quote(attempt.id, safe=""),
            validity_period=min(max(attempt.valid_seconds, 1), LONGEST_VALIDITY),
            **what,
        )
    except (ValueError, TypeError, AttributeError) as error:  # the package, over a body that is no message
        raise OutcomeUnknown("the answer to a request that was taken cannot be read") from error
    if not made.sid:
        raise OutcomeUnknown("the answer to a request that was taken names no message")
    return Accepted(made.sid)


async def found(
    client: Client, messages: MessageList, to: str, sent: Sent, same: Callable[[MessageInstance], bool]
) -> Found | None:
    """Ask for the attempt by its known id, else look among the messages to ``to``; None: it is not there.

    ``same``: whether the words of one are those of ours. Raises OutcomeUnknown where the list cannot be read to its
    end, ChannelError where Twilio refuses to be asked.
    """
    try:
        known = await twilio_http.fetched(messages(sent.provider_id)) if sent.provider_id else None
        if known is not None:
            return _found(known)
        listed = await twilio_http.listed(client, messages, to)
        matching = [made for made in listed if _is(made, sent, same)]
        return _found(min(matching, key=created)) if matching else None
    except (TwilioException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutcomeUnknown("Twilio's answer cannot be read") from error


def _is(made: MessageInstance, sent: Sent, same: Callable[[MessageInstance], bool]) -> bool:
    if sent.provider_id:
        return bool(made.sid == sent.provider_id)
    return (
        bool(made.sid)
        and made.sid not in sent.known_ids
        and made.direction != "inbound"
        and created(made) >= sent.attempt.started - CLOCK_SLACK
        and same(made)
    )


def _found(made: MessageInstance) -> Found:
    # It is there: with a status we do not know it is at least accepted.
    return Found(str(made.sid), STATUSES.get(str(made.status), "accepted"), code_of(made.error_code))


# --- which message is it? -----------------------------------------------------------------------------------------
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


# --- webhooks -----------------------------------------------------------------------------------------------------
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


def reply(words: str) -> str:
    """TwiML that answers an inbound text with these words, with nothing where there are none."""
    inside = f"<Response><Message>{escape(words)}</Message></Response>" if words else "<Response/>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{inside}'
