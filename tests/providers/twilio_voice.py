"""Twilio's calls by its OpenAPI (Calls of 2010-04-01) and its rules of TwiML, with people at the phone.

Create, list, fetch. A call is played: what is said is written down, machines and people answer as
``VoiceFaults.people`` says, every webhook is signed as Twilio signs it. Nothing leaves loopback.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from aiohttp import web
from lxml import etree

from broadcaster.domain.channel import Recipient
from tests.providers.base import Faults, Provider, StandIn
from tests.providers.twilio import ACCOUNT, TOKEN, _basic, _error, sign

FROM = "+15005550006"
LONGEST_TWIML = 4_000
LONGEST_SAY = 4_096
MOST_STEPS = 20
VOICES = {  # of those that Twilio lists, with the language each speaks
    "Polly.Joanna-Neural": "en-US",
    "Polly.Matthew-Neural": "en-US",
    "Polly.Lupe-Neural": "es-US",
    "Polly.Gabrielle-Neural": "fr-CA",
    "Polly.Zhiyu-Neural": "cmn-CN",
    "Polly.Zeina": "arb",
    "Google.vi-VN-Wavenet-A": "vi-VN",
}
NESTED = {"Say", "Pause", "Play"}
VERBS = {  # TwiML's reference: verb -> attributes (those that matter to us)
    "Say": {"voice", "language", "loop"},
    "Pause": {"length"},
    "Redirect": {"method"},
    "Hangup": set(),
    "Gather": {"action", "method", "numDigits", "timeout", "finishOnKey", "input", "actionOnEmptyResult", "language"},
}


class WrongTwiml(Exception):
    """What Twilio's debugger would say of it: its code."""


@dataclass
class VoiceFaults(Faults):
    """``people``: number -> who answers: "human" with keys to press ("1", "2 1", "9 9"), "machine", "fax", "busy",
    "no-answer", or "failed" with a code ("failed 32017", "failed sip 404"). ``plays``: calls are made at all.

    ``tells_machines``: webhooks during a call say who answered, as those of the end do.
    """

    people: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    plays: bool = False
    tells_machines: bool = True
    account_status: str = "active"


@dataclass(slots=True)
class Call:
    """A call that was accepted; ``heard``: what was said, with its voice; ``forms``: what our webhooks were told."""

    sid: str
    form: dict[str, str]
    created: float
    status: str = "queued"
    by: str = ""
    heard: list[tuple[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class TwilioVoice(Provider):
    """``calls`` holds every accepted call in order; ``answers`` the status of each webhook's answer."""

    def __init__(self, faults: VoiceFaults | None = None, seed: int = 1) -> None:
        super().__init__(faults or VoiceFaults(), seed)
        self.calls: list[Call] = []
        self.answers: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def plan(self) -> VoiceFaults:
        assert isinstance(self.faults, VoiceFaults)
        return self.faults

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().stop()

    async def settled(self) -> None:
        """Returns when every call has ended and its webhooks were answered."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def log(self) -> object:
        return {"requests": self.requests, "calls": [asdict(call) for call in self.calls], "answers": self.answers}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan, own = self.plan, f"/2010-04-01/Accounts/{ACCOUNT}"
        if plan.unauthorized or request.headers.get("Authorization") != _basic(ACCOUNT, TOKEN):
            return _error(401, 20003, "Authenticate")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        if request.path == f"{own}.json":
            return web.json_response({"sid": ACCOUNT, "status": plan.account_status})
        if request.method == "GET" and request.path.startswith(f"{own}/Calls/"):
            return self._fetch(request.path.rpartition("/")[2].removesuffix(".json"))
        if request.path != f"{own}/Calls.json":
            return _error(404, 20404, "The requested resource was not found")
        return self._list(request) if request.method == "GET" else await self._create(request)

    async def _create(self, request: web.BaseRequest) -> web.StreamResponse:
        form = dict(parse_qsl((await request.read()).decode("ascii"), keep_blank_values=True))
        fault = self.plan.strike(self.chance)
        if self.plan.latency:
            await asyncio.sleep(self.plan.latency)
        if fault == "too_many":
            return _error(429, 20429, "Too Many Requests")
        if fault == "error_before":
            return _error(500, 20500, "Internal Server Error")
        if fault == "cut_before":
            return self.cut(request)
        wrong = _wrong(form) or self.plan.codes.get(form["To"])
        if wrong:
            return _error(400, wrong, f"The phone number {form.get('To')} is not valid")
        call = Call("CA" + uuid.uuid4().hex, form, time())
        self.calls.append(call)
        if self.plan.plays:
            task = asyncio.get_running_loop().create_task(self._play(call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if fault == "error_after":
            return _error(500, 20500, "Internal Server Error")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "unreadable":
            return web.Response(status=201, text="<html>created</html>", content_type="text/html")
        return web.Response(status=201, body=json.dumps(_shape(call)).encode(), content_type="application/json")

    def _fetch(self, sid: str) -> web.Response:
        call = next((call for call in self.calls if call.sid == sid), None)
        return web.json_response(_shape(call)) if call else _error(404, 20404, "The requested resource was not found")

    def _list(self, request: web.BaseRequest) -> web.Response:
        query = request.query
        size, page, to = int(query.get("PageSize", "50")), int(query.get("Page", "0")), query.get("To")
        found = [call for call in self.calls[::-1] if to in (None, call.form["To"])]
        if any(name.startswith("StartTime") for name in query):
            found = [call for call in found if call.status != "queued"]  # empty until it has been dialled
        more = len(found) > (page + 1) * size
        path = request.path + "?" + urlencode({"To": to or "", "PageSize": size})
        calls = [_shape(call) for call in found[page * size : (page + 1) * size]]
        after = f"{path}&Page={page + 1}" if more else None
        return web.json_response({"calls": calls, "page": page, "page_size": size, "uri": path, "next_page_uri": after})

    # --- the call itself
    async def _play(self, call: Call) -> None:
        person = self.plan.people.get(call.form["To"], "human").split()
        ends = {"busy": "busy", "no-answer": "no-answer", "failed": "failed"}
        call.status = ends.get(person[0], "in-progress")
        if call.status == "in-progress":
            detects = call.form.get("MachineDetection") == "DetectMessageEnd"
            names = {"machine": "machine_end_beep", "fax": "fax"}
            call.by = names.get(person[0], "human") if detects else ""
            async with aiohttp.ClientSession() as session:
                await self._perform(call, session, person[1:])
            call.status = "completed"
        more = {"AnsweredBy": call.by} if call.by else {}
        if person[0] == "failed":
            more |= {"SipResponseCode": person[2]} if person[1] == "sip" else {"ErrorCode": person[1]}
        async with aiohttp.ClientSession() as session:
            await self._post(call, session, call.form["StatusCallback"], CallDuration="31", **more)

    async def _perform(self, call: Call, session: aiohttp.ClientSession, keys: list[str]) -> None:
        """Verb by verb, as Twilio does; what a webhook answers replaces what is left."""
        document = call.form["Twiml"]
        for _ in range(MOST_STEPS):
            try:
                verbs = list(checked(document))
            except WrongTwiml as error:
                call.faults.append(str(error))
                return
            where = self._until_asked(call, verbs, keys)
            if where is None:
                return
            url, digits = where
            more = {"Digits": digits} if digits else {}
            by = {"AnsweredBy": call.by} if call.by and self.plan.tells_machines else {}
            document = await self._post(call, session, url, **more, **by)
        call.faults.append("goes round for ever")

    def _until_asked(self, call: Call, verbs: list[etree._Element], keys: list[str]) -> tuple[str, str] | None:
        for verb in verbs:
            for said in verb.iter("Say"):
                call.heard.append((said.get("voice"), said.text))
            if verb.tag == "Gather" and keys:
                return verb.get("action"), keys.pop(0)
            if verb.tag == "Redirect":
                return verb.text, ""
            if verb.tag == "Hangup":
                return None
        return None

    async def _post(self, call: Call, session: aiohttp.ClientSession, url: str, **more: str) -> str:
        form = {"CallSid": call.sid, "AccountSid": ACCOUNT, "To": call.form["To"], "From": call.form["From"]}
        form |= {"CallStatus": call.status, "Direction": "outbound-api", "ApiVersion": "2010-04-01", **more}
        call.forms.append(form)
        headers = {"X-Twilio-Signature": sign(TOKEN, url, form), "User-Agent": "TwilioProxy/1.1"}
        async with session.post(url, data=form, headers=headers) as response:
            self.answers.append(response.status)
            return await response.text()


def checked(document: str) -> Iterator[etree._Element]:
    """The verbs of TwiML that Twilio takes. Raises WrongTwiml with its code."""
    try:
        root = etree.fromstring(document.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise WrongTwiml("12100") from error
    if root.tag != "Response" or (root.text or "").strip():
        raise WrongTwiml("12200")
    for verb in root.iter():
        if verb is not root:
            _checked(verb, root)
    yield from root


def _checked(verb: etree._Element, root: etree._Element) -> None:
    parent = verb.getparent()
    if verb.tag not in VERBS or set(verb.attrib) - VERBS[verb.tag] or (parent is not root and verb.tag not in NESTED):
        raise WrongTwiml("12200")
    if verb.tag == "Say":
        _spoken(verb)
    address = verb.text if verb.tag == "Redirect" else verb.get("action")
    if address is not None and urlsplit(address).scheme not in ("http", "https"):
        raise WrongTwiml("11100")
    if verb.tag == "Gather" and not (
        int(verb.get("numDigits", "1")) >= 1 and 1 <= int(verb.get("timeout", "5")) <= 600
    ):
        raise WrongTwiml("13330")


def _spoken(say: etree._Element) -> None:
    if not (say.text or "").strip():
        raise WrongTwiml("13520")
    if len(say.text) > LONGEST_SAY:
        raise WrongTwiml("13521")
    language = VOICES.get(say.get("voice", ""))
    if language is None or say.get("language", language) != language:
        raise WrongTwiml("13511")


def _wrong(form: dict[str, str]) -> int:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", form.get("To", "")):
        return 21211
    if not form.get("From"):
        return 21213
    if form["From"] != FROM:
        return 21210
    if not form.get("Twiml") or len(form["Twiml"]) > LONGEST_TWIML:
        return 21205
    if form.get("MachineDetection", "Enable") not in ("Enable", "DetectMessageEnd"):
        return 21234
    return 0 if 1 <= int(form.get("Timeout", "60")) <= 600 else 21208


def _shape(call: Call) -> dict[str, Any]:
    made = formatdate(call.created).replace("-0000", "+0000") if call.created >= 0 else None
    return {
        "account_sid": ACCOUNT,
        "answered_by": call.by or None,
        "api_version": "2010-04-01",
        "date_created": made,
        "date_updated": made,
        "direction": call.form.get("Direction", "outbound-api"),
        "duration": "31" if call.status == "completed" else None,
        "from": call.form["From"],
        "queue_time": "0",
        "sid": call.sid,
        "start_time": None if call.status == "queued" else made,
        "status": call.status,
        "to": call.form["To"],
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{call.sid}.json",
    }


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = TwilioVoice(VoiceFaults(latency=0))
    return StandIn(
        fake,
        {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_": FROM},
        (TOKEN,),
        lambda: [call.form["To"] for call in fake.calls],
        recipient=lambda: Recipient("+15005550101", "en"),
        lists_words=False,
    )
