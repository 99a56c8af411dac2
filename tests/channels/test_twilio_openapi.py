"""Every request to Twilio, and every answer of its stand-ins, against Twilio's own OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from broadcaster.channels import twilio_sms, twilio_voice, whatsapp
from broadcaster.domain.channel import Channel, Sent
from tests.channels.graphs import using
from tests.channels.ways import attempt, by_http
from tests.providers import twilio
from tests.providers import twilio_voice as voice
from tests.providers import whatsapp as whatsapp_provider
from tests.providers.base import Provider
from tests.providers.openapi import answer_faults, faults
from tests.providers.twilio import Twilio, TwilioFaults
from tests.providers.twilio_voice import TwilioVoice, VoiceFaults
from tests.providers.whatsapp import WhatsApp, WhatsAppFaults

CONTENT = "twilio_content_v1.json"  # looked at where it is there
DOCUMENTS = {"/2010-04-01/": "twilio_api_v2010.json", "/v1/Content/": CONTENT}


class Heard(Provider):
    """Keeps what was asked and answered: (method, path, query, form, status, answer)."""

    exchanges: list[tuple[str, str, str, str, int, Any]]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        form = (await request.read()).decode("ascii")
        answer = await super().handle(request)
        assert isinstance(answer, web.Response)
        body = json.loads(answer.body or b"null")  # type: ignore[arg-type]
        asked = request.method, request.path, request.rel_url.raw_query_string, form
        self.exchanges = [*getattr(self, "exchanges", []), (*asked, answer.status, body)]
        return answer


class HeardTexts(Heard, Twilio): ...


class HeardCalls(Heard, TwilioVoice): ...


class HeardWhatsApp(Heard, WhatsApp): ...


@pytest.mark.parametrize(
    ("kind", "fake", "provider"),
    [
        (twilio_sms, twilio, lambda: HeardTexts(TwilioFaults(latency=0))),
        (twilio_voice, voice, lambda: HeardCalls(VoiceFaults(latency=0))),
        (whatsapp, whatsapp_provider, lambda: HeardWhatsApp(WhatsAppFaults(latency=0))),
    ],
    ids=["texts", "calls", "whatsapp"],
)
def test_what_is_asked_and_answered_stands_in_twilios_own_documents(
    shared: Path, tmp_path: Path, kind: Any, fake: Any, provider: Callable[[], Heard]
) -> None:
    heard = provider()
    with by_http("twilio", kind, replace(fake.stand_in(tmp_path), provider=heard)) as way:

        async def everything(channel: Channel) -> None:
            text, who = way.message(), way.recipient
            assert all(check.ok for check in await channel.check())
            taken = await channel.send(text, who, attempt())
            assert await channel.find(Sent(attempt(), text, who)) is not None
            assert await channel.find(Sent(attempt(), text, who, provider_id=taken.provider_id)) is not None

        using(way.open(), everything)
    assert len(heard.exchanges) >= 4
    for method, path, query, form, status, answer in heard.exchanges:
        name = next(name for start, name in DOCUMENTS.items() if path.startswith(start))
        document = shared / "specs" / "twilio" / name
        assert document.exists() or name == CONTENT
        if document.exists():
            spec = json.loads(document.read_text())
            assert faults(spec, method, path, query, form) == []
            assert answer_faults(spec, method, path, status, answer) == []
