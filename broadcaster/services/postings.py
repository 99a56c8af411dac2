"""What stands behind a frozen message: the facts of its alert in its language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import Alert, Info, State, info_in
from broadcaster.domain.posting import Posting
from broadcaster.domain.posting import permanent as address
from broadcaster.domain.snapshot import ALL_CLEAR, danger_of, face
from broadcaster.domain.wording import IN_ERROR
from broadcaster.rendering.phrasebook import ending_word, level_word
from broadcaster.services import publish
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store.schema import broadcasts


def posting(system: System, connection: Connection, message: Row[Any]) -> tuple[Alert, Posting]:
    """The alert and the posting of a row of ``broadcast_messages``: it is on air, so its words are frozen."""
    query = sa.select(broadcasts.c.alert).where(broadcasts.c.id == message.broadcast)
    alert = store.get(connection, connection.execute(query).scalar_one())
    return alert, posting_of(system, alert, message.language)


def document_of(system: System, connection: Connection, alert: Alert) -> dict[str, Any]:
    """The facts of an alert that is on air, as the public page has them, with its standing (``Limits.document``)."""
    standing = {"state": State.LIVE.value, "level": _look(alert, alert.content.infos)}
    return {**publish.documents(system, connection, [alert.id])[alert.id], **standing}


def posting_of(system: System, alert: Alert, language: str) -> Posting:
    """The same for any alert; one that is not on air yet has no identifier, and its time is when it was written."""
    info = info_in(alert.content.infos, language) or Info(language=language)
    look = _look(alert, [info])
    return Posting(
        alert=alert.id,
        identifier=alert.identifier or "",
        sent=alert.sent or alert.created,
        msg_type=alert.msg_type,
        mode=alert.mode,
        ending=alert.ending or "",
        info=info,
        zones=alert.zones,
        link=permanent(system, alert),
        expires=alert.expires,
        until_lifted=alert.until_lifted,
        replaces=alert.replaces,
        incident=alert.incident,
        look=look,
        word=ending_word(look, language) if alert.ending in ALL_CLEAR else level_word(look, language),
        hashtag=alert.content.hashtag,
    )


def _look(alert: Alert, infos: Iterable[Info]) -> str:
    """The danger's level in those words; what ends one speaks of the ending."""
    if alert.ending in ALL_CLEAR:
        return face(State.LIVE, alert.ending, alert.content.template == IN_ERROR)
    return danger_of(infos)


def permanent(system: System, alert: Alert) -> str:
    """The address of the alert's page."""
    return address(system.settings.public_url, alert.slug)
