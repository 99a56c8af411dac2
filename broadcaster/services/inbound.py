"""Texts that people send us. STOP is committed to SQL before the provider gets its answer."""

from __future__ import annotations

import sqlalchemy as sa

from broadcaster.domain.channel import InboundKind, InboundText
from broadcaster.services.subscribers import opt_in, opt_out
from broadcaster.services.system import System
from broadcaster.store.schema import inbound_texts


def receive(system: System, channel: str, text: InboundText) -> bool:
    """Keep one text and act on STOP and START. False where this very text came before (a repeated webhook)."""
    at = system.now()
    with system.database.write() as connection:
        same = (inbound_texts.c.channel == channel, inbound_texts.c.provider_id == text.provider_id)
        if connection.execute(sa.select(inbound_texts.c.id).where(*same)).first() is not None:
            return False
        row = {"channel": channel, "provider_id": text.provider_id, "sender": text.sender, "received": at}
        connection.execute(inbound_texts.insert().values(**row, body=text.body, kind=text.kind.value))
        if text.kind is InboundKind.STOP:
            opt_out(system, connection, text.sender, f"text:{channel}", at)
        elif text.kind is InboundKind.START:
            opt_in(system, connection, text.sender, f"text:{channel}", at)
    return True
