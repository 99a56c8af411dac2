"""A live alert with people, ready to be sent: the ground of the tests of sending and of its benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from broadcaster.channels.twilio_sms import Options
from broadcaster.domain.alert import Alert, AlertContent, Mode, MsgType, State
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.message import Message
from broadcaster.services import expand
from broadcaster.services.system import System
from broadcaster.store.schema import (
    alert_replaces,
    alerts,
    attempts,
    deliveries,
    incidents,
    subscriber_zones,
    subscribers,
    zones,
)
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN, Twilio

TEXT = "Judge County: leave Judge Valley now. Wildfire. Go south on Highway 9. Until lifted."


def sms(provider: Twilio, name: str = "sms", per_second: float = 1_000_000, **more: Any) -> ChannelConfig:
    """A Twilio channel that talks to the stand-in."""
    options = Options(ACCOUNT, Secret(TOKEN), messaging_service_sid=SERVICE, base_url=provider.base_url)
    return ChannelConfig(name, "twilio_sms", per_second=per_second, options=options, **more)


def with_channels(system: System, *channels: ChannelConfig) -> System:
    """The same system with these channels."""
    return replace(system, config=replace(system.config, channels=channels))


def people(system: System, count: int, zone: str = "valley", language: str = "en") -> None:
    """``count`` subscribers of one zone with numbers of their own."""
    with system.database.write() as connection:
        if connection.execute(sa.select(zones.c.id).where(zones.c.id == zone)).first() is None:
            row = {"id": zone, "slug": zone, "name": zone.title(), "ugc": [], "same": [], "geometry": {}}
            connection.execute(zones.insert().values(**row))
        first = connection.execute(sa.select(sa.func.coalesce(sa.func.max(subscribers.c.id), 0))).scalar_one() + 1
        rows = [_person(id_, language, system.now()) for id_ in range(first, first + count)]
        connection.execute(subscribers.insert(), rows)
        connection.execute(subscriber_zones.insert(), [{"zone": zone, "subscriber": row["id"]} for row in rows])


def _person(id_: int, language: str, at: datetime) -> dict[str, Any]:
    person = {"id": id_, "phone": f"+1202{id_:07d}", "email": f"p{id_}@example.org", "language": language}
    return person | {"groups": [], "consent_source": "test", "created": at}


def go_live(
    system: System,
    id_: str = "one",
    *,
    zone_ids: Sequence[str] = ("valley",),
    texts: Sequence[Message] | None = None,
    priority: int = 5,
    minutes: int = 60,
    mode: Mode = Mode.ACTUAL,
    ending: str | None = None,
    replaces: Sequence[str] = (),
    incident: str = "fire",
    channels: Sequence[str] | None = None,
) -> str:
    """An alert that has just been approved, with its frozen broadcast. Returns the broadcast's id."""
    at = system.now()
    names = tuple(channels or [channel.name for channel in system.config.channels])
    content = AlertContent("severe_weather")
    live = Alert(id_, incident, State.LIVE, 1, mode, MsgType.ALERT, content, tuple(zone_ids), names, at)
    live = replace(live, expires=at + timedelta(minutes=minutes), ending=ending, replaces=tuple(replaces), digest="d")
    messages = texts or [Message(name, "en", TEXT, "Leave now", 1, len(TEXT)) for name in names]
    with system.database.write() as connection:
        if connection.execute(sa.select(incidents.c.id).where(incidents.c.id == incident)).first() is None:
            connection.execute(incidents.insert().values(id=incident, title="Fire", created=at))
        connection.execute(alerts.insert().values(**_row(live)))
        for old in replaces:
            connection.execute(alert_replaces.insert().values(alert=id_, replaced=old))
        return expand.freeze(system, connection, live, messages, priority, at)


def _row(alert: Alert) -> dict[str, Any]:
    row: dict[str, Any] = {"id": alert.id, "slug": alert.id, "incident": alert.incident, "state": alert.state.value}
    row |= {
        "revision": 1,
        "mode": alert.mode.value,
        "msg_type": "Alert",
        "content": {"template": "severe_weather"},
        "zones": list(alert.zones),
    }
    row |= {"identifier": f"urn:judge:{alert.id}", "sent": alert.created}
    row |= {"channels": list(alert.channels), "created": alert.created, "expires": alert.expires, "digest": "d"}
    return row | {"until_lifted": False, "ending": alert.ending, "unresolved": [], "signature_owed": False}


def states(system: System) -> dict[str, int]:
    """Deliveries per state."""
    with system.database.read() as connection:
        query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
        return {row[0]: row[1] for row in connection.execute(query)}


def attempt_rows(system: System) -> list[Any]:
    """All attempts, oldest first."""
    with system.database.read() as connection:
        return list(connection.execute(sa.select(attempts).order_by(attempts.c.delivery, attempts.c.number)))
