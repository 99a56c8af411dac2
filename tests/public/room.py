"""The page without a web process: what the publisher writes, answered by the front itself, in this process.

For what is answered. Whatever is about sockets, streams, processes or their ends has a real one: ``conftest.House``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from broadcaster.domain.snapshot import stamp
from broadcaster.public.front import Front
from broadcaster.public.pages import clock_words
from broadcaster.public.site import Writer
from broadcaster.rendering.phrasebook import languages
from broadcaster.services import publish
from broadcaster.services.system import System


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Room:
    """An installation's record and the folder of its page; the version after each publication is written at once."""

    system: System
    folder: Path

    def publish(self, *change: Callable[[Any], None]) -> int:
        """One transaction with a publication at its end."""
        with self.system.database.write() as connection:
            for one in change:
                one(connection)
            number = publish.publish(self.system, connection, self.system.now())
        agency, now = self.system.config.agency, self.system.now()
        writer = Writer(self.folder)
        words = clock_words(now, agency.timezone, languages(agency.languages))
        writer.write_checked({"checked": stamp(now), "words": words})
        writer.write(self.system)
        return number

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """What the front answers."""
        return asyncio.run(self._asked(path, method, headers))

    async def _asked(self, path: str, method: str, headers: dict[str, str]) -> Answer:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            sent.append(message)

        where, _, query = path.partition("?")
        given = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
        scope = {"type": "http", "method": method, "path": unquote(where), "query_string": query.encode()}
        await Front(self.folder, _nobody)({**scope, "headers": given, "http_version": "1.1"}, receive, send)
        head, body = sent
        return Answer(head["status"], {k.decode(): v.decode() for k, v in head["headers"]}, body["body"])


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError(f"{scope['path']} is no page: ask a House")
