"""Alerts as JSON values: ``alerts show --json``, ``alerts list --json`` and GET /api/v1/alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Source, State
from broadcaster.domain.bundle import digest_of
from broadcaster.domain.message import Limits
from broadcaster.domain.review import digest
from broadcaster.services.channels import limits_of
from broadcaster.services.expand import people
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store.bundles import parts_with
from broadcaster.store.schema import broadcasts

Json = dict[str, Any]


def alert(system: System, alert_id: str) -> Json:
    """One alert with its messages, findings and reviews. Raises NotFound."""
    with system.database.read() as connection:
        found = store.get(connection, alert_id)
        return {
            **_facts(system, connection, found, limits_of(system, connection)),
            "messages": _messages(connection, alert_id),
        }


def listing(system: System, *states: State) -> Json:
    """``{"alerts": [...]}``, newest first, without messages; no state given: all."""
    with system.database.read() as connection:
        limits = limits_of(system, connection)
        return {"alerts": [_facts(system, connection, found, limits) for found in store.in_states(connection, *states)]}


def _facts(system: System, connection: Connection, found: Alert, limits: Mapping[str, Limits]) -> Json:
    return {
        "id": found.id,
        "slug": found.slug,
        "incident": found.incident,
        "state": str(found.state),
        "revision": found.revision,
        "digest": found.digest,
        "mode": str(found.mode),
        "identifier": found.identifier,
        "sent": _time(found.sent),
        "source": _source(found.source),
        "msgType": str(found.msg_type),
        "template": found.content.template,
        "headline": next((info.headline for info in found.content.infos), ""),
        "replaces": list(found.replaces),
        "unresolved": list(found.unresolved),
        "created_by": found.created_by,
        "submitted_by": found.submitted_by,
        "submitted": _time(found.submitted_at),
        "created": _time(found.created),
        "expires": _time(found.expires),
        "until_lifted": found.until_lifted,
        "review_at": _time(found.review_at),
        "zones": list(found.zones),
        "channels": list(found.channels),
        "languages": list(found.content.languages),
        "people": _people(system, connection, found, limits),
        "findings": [
            {"code": f.code, "blocking": f.blocking, "text": f.text} for f in store.findings_of(connection, found.id)
        ],
        "reviews": [
            {"verb": r.verb, "by": r.by, "at": _time(r.at), "reason": r.reason}
            for r in store.reviews_of(connection, found.id)
        ],
        "signature_owed": found.signature_owed,
        "hashtag": found.content.hashtag,
        "bundle": _bundle(connection, found),
    }


def _source(source: Source) -> Json:
    return {
        "feed": source.feed,
        "token": source.token,
        "sender": source.sender,
        "identifier": source.identifier,
        "sent": _time(source.sent),
    }


def _bundle(connection: Connection, found: Alert) -> Json | None:
    """What is decided together with it, in the order in which it is sent; ``digest`` is what an approval then names."""
    if found.bundle is None:
        return None
    parts = parts_with(connection, found)
    digests = [digest(part, store.messages_of(connection, part.id)) for part in parts]
    return {"id": found.bundle, "digest": digest_of(digests), "alerts": [part.id for part in parts]}


def _messages(connection: Connection, alert_id: str) -> list[Json]:
    return [
        {
            "channel": m.channel,
            "language": m.language,
            "number": m.number,
            "subject": m.subject,
            "text": m.text,
            "segments": m.segments,
            "characters": m.characters,
        }
        for m in store.messages_of(connection, alert_id)
    ]


def _people(system: System, connection: Connection, found: Alert, limits: Mapping[str, Limits]) -> dict[str, int]:
    """How many people it reaches per channel: as frozen by the approval, else as it would be now."""
    frozen = connection.execute(
        sa.select(broadcasts.c.people).where(broadcasts.c.alert == found.id)
    ).scalar_one_or_none()
    if frozen is not None:
        return dict(frozen)
    own = {name: limit for name, limit in limits.items() if name in found.channels}
    return people(connection, found, own, system.config.policy)


def _time(moment: datetime | None) -> str | None:
    """RFC 3339 with Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
