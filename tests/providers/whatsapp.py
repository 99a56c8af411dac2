"""WhatsApp through Twilio by its OpenAPI: Messages with templates, and the Content API (v1) about those.

What it refuses stands in Twilio's error dictionary and in its pages on template variables.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from broadcaster.channels.whatsapp_templates import Template
from broadcaster.domain.channel import Recipient
from tests.providers.base import StandIn
from tests.providers.twilio import ACCOUNT, TOKEN, Text, Twilio, TwilioFaults, _error

SENDER = "whatsapp:+15005550006"
FRAME = "Alert from Judge County: {{1}} In danger call 911."
DRILL = "EXERCISE: Judge County practises. {{1}} Do nothing. EXERCISE"
UNFIT = re.compile(r"[\n\t]| {5}")  # in a variable
NOT_APPROVED = {"paused": 63041, "disabled": 63042, "rejected": 63040}


def sid(number: int) -> str:
    """A Content SID."""
    return f"HX{number:032x}"


@dataclass
class WhatsAppFaults(TwilioFaults):
    """``bare``: lists no words of what a Messaging Service sent, as Twilio does (twilio-node, issue 1081)."""

    bare: bool = False


@dataclass
class Content:
    """A template as Twilio keeps it."""

    sid: str
    body: str
    language: str = "en"
    status: str = "approved"
    category: str = "UTILITY"
    rejection_reason: str = ""
    types: dict[str, Any] = field(default_factory=dict)  # other than plain text


class WhatsApp(Twilio):
    """``contents`` are the account's templates; both APIs answer on the one address."""

    def __init__(self, faults: WhatsAppFaults | None = None, contents: tuple[Content, ...] = ()) -> None:
        super().__init__(faults or WhatsAppFaults())
        own = contents or (Content(sid(1), FRAME), Content(sid(2), DRILL))
        self.contents = {content.sid: content for content in own}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        found = re.fullmatch(r"/v1/Content/(HX[0-9a-f]{32})(/ApprovalRequests)?", request.path)
        if found is None or self.plan.unauthorized or request.headers.get("Authorization") not in self.credentials:
            return await super().handle(request)
        content = self.contents.get(found[1])
        if content is None:
            return _error(404, 20404, f"The requested resource {request.path} was not found")
        return web.json_response(self._approval(content) if found[2] else self._content(content))

    def refusal(self, form: dict[str, str]) -> int:
        if not re.fullmatch(r"whatsapp:\+[1-9][0-9]{6,14}", form.get("To", "")):
            return 21211 if form.get("To", "").startswith("whatsapp:") else 21910
        if not (form.get("From") or form.get("MessagingServiceSid")):
            return 21603
        if form.get("From", SENDER) != SENDER:
            return 63007
        if "ContentSid" not in form:
            return 21654 if "ContentVariables" in form else 63016
        content = self.contents.get(form["ContentSid"])
        return 21655 if content is None else _misfit(content, form.get("ContentVariables", "{}"))

    def words(self, form: dict[str, str]) -> str:
        content = self.contents[form["ContentSid"]]
        return content.body.replace("{{1}}", json.loads(form["ContentVariables"])["1"])

    def _shape(self, text: Text) -> dict[str, Any]:
        shape = super()._shape(text)
        bare = isinstance(self.plan, WhatsAppFaults) and self.plan.bare and text.service
        return shape | {"body": "" if bare else shape["body"], "num_segments": "1"}

    def _content(self, content: Content) -> dict[str, Any]:
        base = f"https://content.twilio.com/v1/Content/{content.sid}"
        return {
            "account_sid": self.account,
            "date_created": "2026-11-01T08:52:12Z",
            "date_updated": "2026-11-01T08:52:12Z",
            "friendly_name": "alert",
            "language": content.language,
            "links": {
                "approval_create": f"{base}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{base}/ApprovalRequests",
            },
            "sid": content.sid,
            "types": content.types or {"twilio/text": {"body": content.body}},
            "url": base,
            "variables": {"1": "Leave Oak Street now."},
        }

    def _approval(self, content: Content) -> dict[str, Any]:
        whatsapp = {
            "allow_category_change": False,
            "category": content.category,
            "content_type": "twilio/text",
            "name": "alert",
            "rejection_reason": content.rejection_reason,
            "status": content.status,
            "type": "whatsapp",
        }
        url = f"https://content.twilio.com/v1/Content/{content.sid}/ApprovalRequests"
        return {"account_sid": self.account, "sid": content.sid, "url": url, "whatsapp": whatsapp}


def _misfit(content: Content, variables: str) -> int:
    if content.status != "approved":
        return NOT_APPROVED.get(content.status, 63016)
    try:
        given = json.loads(variables)
    except ValueError:
        return 21656
    if not all(isinstance(value, str) and value and not UNFIT.search(value) for value in given.values()):
        return 21656
    return 0 if set(given) == set(re.findall(r"{{(\w+)}}", content.body)) else 63028


def stand_in(folder: Path) -> StandIn:
    """For the contract suite."""
    fake = WhatsApp(WhatsAppFaults(latency=0))
    return StandIn(
        fake,
        {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_": SENDER, "templates": {"en": Template(sid(1), FRAME)}},
        (TOKEN,),
        lambda: [text.to for text in fake.accepted],
        recipient=lambda: Recipient("+15005550101", "en"),
        frame=FRAME,
    )
