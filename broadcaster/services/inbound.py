"""Texts that people send us. STOP is committed to SQL before the provider gets its answer."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.channel import InboundKind, InboundText
from broadcaster.services.subscribers import opt_in, opt_out
from broadcaster.services.system import System
from broadcaster.store import upsert
from broadcaster.store.schema import inbound_texts

_t = inbound_texts.c
OURS = "without-id:"


def receive(system: System, channel: str, text: InboundText) -> bool:
    """Keep one text and act on STOP and START. False where this very text came before (a repeated webhook)."""
    at = system.now()
    with system.database.write() as connection:
        text = text if text.provider_id else _named(connection, channel, text)
        row = {"channel": channel, "provider_id": text.provider_id, "sender": text.sender, "received": at}
        made = upsert.insert(connection, inbound_texts).values(**row, body=text.body, kind=text.kind.value)
        made = made.on_conflict_do_nothing(index_elements=[_t.channel, _t.provider_id]).returning(_t.id)
        if connection.execute(made).first() is None:
            return False
        if text.kind is InboundKind.STOP:
            opt_out(system, connection, text.sender, f"text:{channel}", at)
        elif text.kind is InboundKind.START:
            opt_in(system, connection, text.sender, f"text:{channel}", at)
    return True


def _named(connection: Connection, channel: str, text: InboundText) -> InboundText:
    """A text without an id of its provider's gets one of ours.

    The same words as this person's last such text are that text again; after another (STOP, START, STOP) they are new.
    """
    mine = (_t.channel == channel, _t.sender == text.sender)
    query = sa.select(_t.provider_id, _t.body).where(*mine).order_by(_t.id.desc()).limit(1)
    last = connection.execute(query).first()
    if last is not None and last.provider_id.startswith(OURS) and last.body == text.body:
        return replace(text, provider_id=last.provider_id)
    told = "\n".join((text.sender, last.provider_id if last else "", text.body))
    return replace(text, provider_id=OURS + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest())
