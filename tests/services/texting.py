"""What tests of sending do with a system that texts through a Twilio on loopback (fixtures: conftest)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa
from aiohttp import web

from broadcaster.domain.channel import Receipt
from broadcaster.services import receipts
from broadcaster.services.send import Sender
from broadcaster.services.system import System
from broadcaster.store.engine import now
from broadcaster.store.schema import attempts, deliveries
from broadcaster.transport import receipts as transport
from broadcaster.transport.receipts import MARK
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import attempt_rows


class Holding(Twilio):
    """A Twilio that keeps every answer back from the moment it has taken so many texts, until a test lets it go."""

    def __init__(self, faults: TwilioFaults | None = None) -> None:
        super().__init__(faults)
        self.hold_after: int | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        while self.hold_after is not None and len(self.accepted) >= self.hold_after:
            await asyncio.sleep(0.005)
        return await super().handle(request)


def work(system: System, seconds: float = 100) -> None:
    """One sender's job, to its end on any machine."""
    sender = Sender(system)
    try:
        sender.work(seconds)
    finally:
        sender.close()


def receipt(system: System, status: str, code: str = "") -> None:
    """The provider's word about the last attempt."""
    attempt = attempt_rows(system)[-1]
    receipts.receive(system, "sms", [Receipt(attempt.id, attempt.provider_id or "SMx", status, code)])


def due_now(system: System) -> None:
    """As if every row that waits had waited long enough."""
    with system.database.write() as connection:
        connection.execute(deliveries.update().where(deliveries.c.state == "waiting").values(due=now(connection)))


def aged(system: System, seconds: float) -> None:
    """As if ``seconds`` had passed for every attempt, and since Redis was last found empty."""
    by = timedelta(seconds=seconds)
    with system.database.write() as connection:
        for row in connection.execute(sa.select(attempts)).all():
            values = {"started": row.started - by, "changed": row.changed - by}
            values |= {"asked": row.asked and row.asked - by, "not_found": row.not_found and row.not_found - by}
            connection.execute(attempts.update().where(attempts.c.id == row.id).values(**values))
    if system.redis.exists(MARK):
        found = transport.since(system.redis, system.now())
        system.redis.set(MARK, (found - by).isoformat())
