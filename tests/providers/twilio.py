"""A Twilio by its OpenAPI (Messages of 2010-04-01): create, list, fetch, signed callbacks, faults.

As a process: ``python -m tests.providers.twilio --port 4010 --account AC… --token … --faults '{"callbacks": true}'``.
``POST /_control`` changes faults (JSON of ``TwilioFaults``), ``GET /_log`` gives every accepted message.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web

from broadcaster.domain.channel import Recipient
from tests.providers.base import Faults, Provider, StandIn, arguments, main

ACCOUNT = "AC" + "a1" * 16
TOKEN = "t0ken-of-the-test-account"
SERVICE = "MG" + "b2" * 16


@dataclass
class TwilioFaults(Faults):
    """``codes``: number -> Twilio code of a refusal (400). ``finals``: number -> [status, code] of the last callback.

    Callbacks: ``sent``, then ``delivered`` (or the final); ``doubled``, ``late`` and ``reordered`` are shares.
    """

    codes: dict[str, int] = field(default_factory=dict)
    finals: dict[str, list[Any]] = field(default_factory=dict)
    callbacks: bool = False
    callback_delay: float = 0.05
    doubled: float = 0.0
    late: float = 0.0
    late_seconds: float = 2.0
    reordered: float = 0.0
    account_status: str = "active"
    fetches: bool = True  # whether a message can be asked for by its id
    smart_bodies: bool = False  # lists bodies with the quotes and spaces of Smart Encoding


@dataclass(slots=True)
class Text:
    """A message the fake has accepted."""

    sid: str
    to: str
    body: str
    sender: str
    service: str
    callback: str
    validity: str
    smart: str
    created: float
    status: str = "queued"
    code: int | None = None


class Twilio(Provider):
    """``accepted`` holds every message in order, ``answers`` what each callback got (status codes).

    ``creates`` counts requests to create a message, refused or not.
    """

    def __init__(
        self, faults: TwilioFaults | None = None, account: str = ACCOUNT, token: str = TOKEN, seed: int = 1
    ) -> None:
        super().__init__(faults or TwilioFaults(), seed)
        self.account, self.token = account, token
        self.credentials = {_basic(account, token)}
        self.accepted: list[Text] = []
        self.by_number: dict[str, list[Text]] = {}
        self.answers: list[int] = []
        self.creates = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def plan(self) -> TwilioFaults:
        assert isinstance(self.faults, TwilioFaults)
        return self.faults

    async def start(self, port: int = 0) -> None:
        await super().start(port)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64), timeout=aiohttp.ClientTimeout(total=10)
        )

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self._session is not None
        await self._session.close()
        await super().stop()

    def log(self) -> object:
        return {
            "requests": self.requests,
            "accepted": [asdict(text) for text in self.accepted],
            "answers": self.answers,
            "creates": self.creates,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.plan
        if plan.unauthorized or request.headers.get("Authorization") not in self.credentials:
            return _error(401, 20003, "Authenticate")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        own = f"/2010-04-01/Accounts/{self.account}"
        if request.path == f"{own}.json":
            return web.json_response({"sid": self.account, "status": plan.account_status})
        if request.method == "GET" and request.path.startswith(f"{own}/Messages/"):
            return self._fetch(request.path.rpartition("/")[2].removesuffix(".json"))
        if request.path != f"{own}/Messages.json":
            return _error(404, 20404, "The requested resource was not found")
        if request.method == "GET":
            return await self._list(request)
        return await self._create(request)

    # --- create
    async def _create(self, request: web.BaseRequest) -> web.StreamResponse:
        self.creates += 1
        form = dict(parse_qsl((await request.read()).decode("ascii"), keep_blank_values=True))
        plan = self.plan
        fault = plan.strike(self.chance)
        if plan.latency:
            await asyncio.sleep(plan.latency)
        if fault == "too_many":
            refused = _error(429, 20429, "Too Many Requests")
            refused.headers["Retry-After"] = f"{plan.retry_after:g}"
            return refused
        if fault == "error_before":
            return _error(500, 20500, "Internal Server Error")
        if fault == "cut_before":
            return self.cut(request)
        wrong = self.refusal(form) or plan.codes.get(form["To"])
        if wrong:
            return _error(400, wrong, f"The 'To' number {form.get('To')} is not valid")
        text = self._accept(form)
        return await self._answer(request, fault, text)

    def refusal(self, form: dict[str, str]) -> int:
        """Twilio's code for a request that it does not take, 0 for one that it does."""
        return _wrong(form)

    def words(self, form: dict[str, str]) -> str:
        """What a request says."""
        return form["Body"]

    async def _answer(self, request: web.BaseRequest, fault: str, text: Text) -> web.StreamResponse:
        if fault == "error_after":
            return _error(500, 20500, "Internal Server Error")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        if fault == "unreadable":
            return web.Response(status=201, text="<html>created</html>", content_type="text/html")
        return web.Response(status=201, body=json.dumps(self._shape(text)).encode(), content_type="application/json")

    def _accept(self, form: dict[str, str]) -> Text:
        text = Text(
            "SM" + uuid.uuid4().hex,
            form["To"],
            self.words(form),
            form.get("From", ""),
            form.get("MessagingServiceSid", ""),
            form.get("StatusCallback", ""),
            form.get("ValidityPeriod", ""),
            form.get("SmartEncoded", ""),
            time(),
        )
        self.accepted.append(text)
        self.by_number.setdefault(text.to, []).append(text)
        if self.plan.callbacks and text.callback:
            task = asyncio.get_running_loop().create_task(self._call_back(text))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return text

    # --- fetch and list
    def _fetch(self, sid: str) -> web.Response:
        text = next((text for text in self.accepted if text.sid == sid), None) if self.plan.fetches else None
        if text is None:
            return _error(404, 20404, "The requested resource was not found")
        return web.json_response(self._shape(text))

    async def _list(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.plan.latency:
            await asyncio.sleep(self.plan.latency)
        query = request.query
        size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        to = query.get("To")
        found = self.accepted[::-1] if to is None else self.by_number.get(to, [])[::-1]
        if any(name.startswith("DateSent") for name in query):
            found = [text for text in found if text.status not in ("queued", "accepted")]  # a queued one has no date
        path = request.path + "?" + urlencode({"To": to or "", "PageSize": size})
        more = len(found) > (page + 1) * size
        return web.json_response(
            {
                "messages": [self._shape(text) for text in found[page * size : (page + 1) * size]],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + size - 1,
                "uri": path,
                "first_page_uri": f"{path}&Page=0",
                "previous_page_uri": None,
                "next_page_uri": f"{path}&Page={page + 1}&PageToken=PA{page + 1}" if more else None,
            }
        )

    def _shape(self, text: Text) -> dict[str, Any]:
        uri = f"/2010-04-01/Accounts/{self.account}/Messages/{text.sid}"
        sent = None if text.status in ("queued", "accepted") else formatdate(text.created).replace("-0000", "+0000")
        created = formatdate(text.created).replace("-0000", "+0000") if text.created >= 0 else None
        return {
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": _smart(text.body) if self.plan.smart_bodies else text.body,
            "date_created": created,
            "date_sent": sent,
            "date_updated": created,
            "direction": "outbound-api",
            "error_code": text.code,
            "error_message": None,
            "from": text.sender or None,
            "messaging_service_sid": text.service or None,
            "num_media": "0",
            "num_segments": "0" if text.service else "1",
            "price": None,
            "price_unit": None,
            "sid": text.sid,
            "status": text.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": text.to,
            "uri": f"{uri}.json",
        }

    # --- callbacks
    async def _call_back(self, text: Text) -> None:
        plan = self.plan
        status, code = plan.finals.get(text.to, ["delivered", None])
        words: list[tuple[str, int | None]] = [("sent", None), (status, code)]
        if self.chance.random() < plan.reordered:
            words.reverse()
        await asyncio.sleep(plan.callback_delay)
        for word, its_code in words:
            if self.chance.random() < plan.late:
                await asyncio.sleep(plan.late_seconds)
            text.status, text.code = status, code
            for _ in range(2 if self.chance.random() < plan.doubled else 1):
                await self.post_callback(text, word, its_code)

    async def post_callback(self, text: Text, status: str, code: int | None = None) -> None:
        """One signed status callback, repeated while nobody takes it (as ``#rc=`` would have it)."""
        form = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": text.to,
            "From": text.sender or "+15005550006",
            "AccountSid": self.account,
            "ApiVersion": "2010-04-01",
        }
        if code:
            form["ErrorCode"] = str(code)
        for pause in (0.2, 0.5, 1.0, 2.0, 4.0, 0.0):
            answered = await self._post(text.callback, form)
            self.answers.append(answered)
            if 200 <= answered < 500:
                return
            await asyncio.sleep(pause)

    async def _post(self, url: str, form: dict[str, str]) -> int:
        assert self._session is not None
        headers = {"X-Twilio-Signature": sign(self.token, url, form), "User-Agent": "TwilioProxy/1.1"}
        try:
            async with self._session.post(url, data=form, headers=headers) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def text_us(self, url: str, sender: str, body: str, **extra: str) -> tuple[int, str]:
        """A person's text to our webhook; (status, TwiML)."""
        form = {
            "MessageSid": "SM" + uuid.uuid4().hex,
            "AccountSid": self.account,
            "From": sender,
            "Body": body,
            **extra,
        }
        assert self._session is not None
        async with self._session.post(
            url, data=form, headers={"X-Twilio-Signature": sign(self.token, url, form)}
        ) as response:
            return response.status, await response.text()


def sign(token: str, url: str, form: dict[str, str]) -> str:
    """X-Twilio-Signature by Twilio's own description: HMAC-SHA1 of the URL and the sorted fields, base64."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _wrong(form: dict[str, str]) -> int:
    if not form.get("To"):
        return 21604
    if not form.get("Body"):
        return 21602
    if not (form.get("From") or form.get("MessagingServiceSid")):
        return 21603
    if len(form["Body"]) > 1600:
        return 21617
    return 0 if 1 <= int(form.get("ValidityPeriod", "36000")) <= 36000 else 20001


def _error(status: int, code: int, text: str) -> web.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return web.json_response({"code": code, "message": text, "more_info": more, "status": status}, status=status)


def _smart(body: str) -> str:
    return body.replace("'", "\u2019").replace("-", "\u2013").replace("  ", " ")


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Twilio(TwilioFaults(latency=0))
    return StandIn(
        fake,
        {"account_sid": ACCOUNT, "auth_token": TOKEN, "messaging_service_sid": SERVICE},
        (TOKEN,),
        lambda: [text.to for text in fake.accepted],
        recipient=lambda: Recipient("+15005550101", "en"),
    )


if __name__ == "__main__":
    given = arguments(account=ACCOUNT, token=TOKEN).parse_args()
    main(Twilio(TwilioFaults(**given.faults), given.account, given.token), given)
