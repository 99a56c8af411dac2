"""The templates of a WhatsApp channel: what channels.toml says of them, and what Twilio's Content API (v1) does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import ConfigDict, with_config
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from broadcaster.channels import twilio_http
from broadcaster.channels.checks import unusable
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import ChannelError, Check, OutcomeUnknown, Wrong
from broadcaster.domain.frames import fault
from broadcaster.domain.language import primary

CONTENT = "https://content.twilio.com"
TABLES: Mapping[str, Mode] = MappingProxyType(
    {"templates": Mode.ACTUAL, "drill_templates": Mode.EXERCISE, "test_templates": Mode.TEST}
)
_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_NOT_YET: Mapping[str, str] = MappingProxyType(
    {
        "unsubmitted": "submit it to WhatsApp in the Twilio Console, Content Template Builder, category Utility",
        "received": "wait for Meta's answer, mostly some minutes, up to 24 hours",
        "pending": "wait for Meta's answer, mostly some minutes, up to 24 hours",
        "rejected": "change its words, submit it anew, and write the new sid and body here",
        "paused": "people complained about it: use another template until WhatsApp lets it go on by itself",
        "disabled": "make another template, submit it, and write its sid and body here",
    }
)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Template:
    """A template that Meta has approved: its Content SID, and its words with ``{{1}}`` where ours go."""

    sid: str
    body: str


Templates = Mapping[str, Template]  # by language


class HasTemplates(Protocol):
    """The tables of ``whatsapp.Options``, each by language."""

    @property
    def templates(self) -> Templates: ...
    @property
    def drill_templates(self) -> Templates: ...
    @property
    def test_templates(self) -> Templates: ...


def address(base_url: str, content_base_url: str | None) -> str:
    """Where the Content API is asked: as configured, else beside an address of one's own, else at Twilio's."""
    twilios = (urlsplit(base_url).hostname or "").endswith(".twilio.com")
    return (content_base_url or (CONTENT if twilios else base_url)).rstrip("/")


def of(options: HasTemplates, mode: Mode) -> Templates:
    """The templates of that mode."""
    return next(getattr(options, table) for table, its_mode in TABLES.items() if its_mode is mode)


def each(options: HasTemplates) -> Iterator[tuple[str, Mode, str, Template]]:
    """(table, mode, language, template) of all of them."""
    for table, mode in TABLES.items():
        for language, template in of(options, mode).items():
            yield table, mode, language, template


def wrong(options: HasTemplates) -> Wrong | None:
    """What Meta or Twilio would not take of them, and what to write instead."""
    seen: set[str] = set()
    for table, mode, language, template in each(options):
        key = f"{table}.{language}"
        if not _SID.fullmatch(template.sid):
            hint = "HX and 32 digits, from the Twilio Console"
            return Wrong(f"{key}.sid", f"{template.sid!r} is no Content SID", hint)
        if template.sid in seen:
            return Wrong(f"{key}.sid", "stands twice", "each language and mode has a template of its own")
        if (found := fault(template.body, mode, language)) is not None:
            return Wrong(f"{key}.body", *found)
        seen.add(template.sid)
    return None


async def checked(client: Client, name: str, where: str, language: str, own: Template) -> Check:
    """Ask for one template (``where``: its table and language): is it there, with these words, approved?"""
    what = f"{name}: the template {where} ({own.sid})"
    content = client.content.v1.contents(own.sid)
    try:
        there = await twilio_http.fetched(content)
        if there is None:
            return Check(False, f"{what} does not exist in this account", "copy its sid from the Twilio Console")
        asked = await twilio_http.fetched(content.approval_fetch())
        words, approval = _words(there.types), dict((asked.whatsapp if asked is not None else None) or {})
    except (ChannelError, OutcomeUnknown, TwilioException, ValueError, KeyError, TypeError, AttributeError) as error:
        return unusable(f"{what} cannot be looked at", error, "see that this host reaches content_base_url")[0]
    if words is None:
        return Check(False, f"{what} shows more than words", "make one of type Text, without pictures or buttons")
    if words != own.body:
        hint = f"write body = {json.dumps(words, ensure_ascii=False)}"
        return Check(False, f"{what} does not have the words of channels.toml", hint)
    return _approved(what, approval, str(there.language or ""), language)


def _words(types: Mapping[str, Any] | None) -> str | None:
    """The words of a plain text template; None for one that shows more than words (pictures, buttons)."""
    if not isinstance(types, dict) or set(types) != {"twilio/text"}:
        return None
    return str(types["twilio/text"]["body"])


def _approved(what: str, approval: Mapping[str, Any], spoken: str, language: str) -> Check:
    status = str(approval.get("status") or "unsubmitted").lower()
    if status != "approved":
        why = f": {approval['rejection_reason']}" if approval.get("rejection_reason") else ""
        return Check(False, f"{what} is {status}{why}", _NOT_YET.get(status, "look at it in the Twilio Console"))
    if str(approval.get("category") or "").upper() == "MARKETING":
        hint = "ask Meta for a review of its category in the WhatsApp Manager; it has to be Utility"
        return Check(False, f"{what} counts as marketing: numbers in the United States get none (63049)", hint)
    if primary(spoken) != primary(language):
        hint = f"make one in {language}, or write it under {spoken}"
        return Check(False, f"{what} is in {spoken or 'no language'}", hint)
    return Check(True, f"{what} is approved")
