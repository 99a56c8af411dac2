"""A small agency for tests of alerts: two zones, a few people, simulated channels, an author and two approvers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from broadcaster.channels.simulated import Options
from broadcaster.domain.alert import (
    Alert,
    Area,
    CapMessage,
    Certainty,
    Info,
    MsgType,
    Scope,
    Severity,
    Source,
    Status,
    Urgency,
)
from broadcaster.domain.config import Agency, ChannelConfig, Config
from broadcaster.services import approve as approving
from broadcaster.services import compose
from broadcaster.services import submit as submitting
from broadcaster.services.compose import Draft
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import subscriber_zones, subscribers, zones

AUTHOR = Actor("author@judge.example", "test", frozenset({"author"}), verified=True)
CHIEF = Actor("chief@judge.example", "test", frozenset({"approver"}), verified=True)
DEPUTY = Actor("deputy@judge.example", "test", frozenset({"approver"}), verified=True)
FEED = Actor("feed:nws", "clock")
ORDER = Draft(
    template="evacuation_order",
    fields={"hazard": "wildfire", "route": "Go south on Highway 9", "route.es": "Vaya al sur por Highway 9"},
    zones=("valley", "hills"),
)
WEATHER = Draft(template="severe_weather", fields={"event": "tornado", "guidance": "go_indoors"}, zones=("valley",))


def agency(folder: Path) -> Config:
    """Judge County with a text channel, an account in two languages, and a mail-like channel that drills use."""
    speaks = Agency(name="Judge County", cap_sender="alerts@judge.example", timezone="America/Los_Angeles")
    return Config(
        replace(speaks, contact="555-0100"),
        channels=(
            ChannelConfig("sms", "simulated", drills=True, per_second=1000, options=Options("sms", str(folder))),
            ChannelConfig(
                "county",
                "simulated",
                drills=True,
                languages=("en", "es"),
                per_second=1000,
                options=Options("post", str(folder)),
            ),
        ),
    )


def square(west: float, south: float) -> dict[str, object]:
    """A square of a tenth of a degree as GeoJSON."""
    east, north = west + 0.1, south + 0.1
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def settle_people(system: System, people: int = 3) -> None:
    """Two zones; ``people`` in the valley (the second of them speaks Spanish), one in the hills."""
    rows = [
        {"id": "valley", "slug": "judge-valley", "name": "Judge Valley", "ugc": ["CAZ017"], "same": ["006067"]},
        {"id": "hills", "slug": "judge-hills", "name": "Judge Hills", "ugc": [], "same": []},
    ]
    with system.database.write() as connection:
        for n, row in enumerate(rows):
            connection.execute(zones.insert().values(**row, geometry=square(-121.0 + n, 38.0)))
        for n in range(people + 1):
            person = {"phone": f"+1555010{n:04d}", "language": "es" if n == 1 else "en", "groups": []}
            made = connection.execute(
                subscribers.insert().values(**person, consent_source="test", created=system.now())
            ).inserted_primary_key
            assert made is not None
            zone = "hills" if n == people else "valley"
            connection.execute(subscriber_zones.insert().values(zone=zone, subscriber=made[0]))


def in_review(system: System, draft: Draft = ORDER, actor: Actor = AUTHOR) -> Alert:
    """A draft created and submitted."""
    return submitting.submit(system, actor, compose.create(system, actor, draft).id)


def live(system: System, draft: Draft = ORDER) -> Alert:
    """An alert that the author submitted and the chief approved."""
    waiting = in_review(system, draft)
    return approving.approve(system, CHIEF, waiting.id, str(waiting.digest))


def rows(system: System, query: sa.Select[tuple[object, ...]]) -> list[sa.Row[tuple[object, ...]]]:
    """What a query finds now."""
    with system.database.read() as connection:
        return list(connection.execute(query))


def cap(identifier: str = "urn:1", **values: object) -> CapMessage:
    """A tornado warning of the weather service over the valley, in English."""
    now = datetime.now(UTC).replace(microsecond=0)
    ring = ((38.01, -120.99), (38.01, -120.95), (38.05, -120.95), (38.01, -120.99))
    info = Info(
        event="Tornado Warning",
        categories=("Met",),
        urgency=Urgency.IMMEDIATE,
        severity=Severity.EXTREME,
        certainty=Certainty.OBSERVED,
        expires=now + timedelta(hours=1),
        sender_name="NWS Sacramento",
        headline="Tornado Warning issued for Judge Valley",
        description="A tornado was seen near Judge.",
        instruction="Take cover now. Move to a basement.",
        areas=(Area("Judge Valley", polygons=(ring,)),),
    )
    made = CapMessage(identifier, "w-nws@noaa.example", now, Status.ACTUAL, MsgType.ALERT, Scope.PUBLIC, infos=(info,))
    return replace(made, **values)  # type: ignore[arg-type]


def cap_draft(message: CapMessage, **values: object) -> Draft:
    """The draft that a feed or a partner makes of a CAP message."""
    source = Source(feed="nws", sender=message.sender, identifier=message.identifier, sent=message.sent)
    return replace(
        Draft("cap", cap=message, msg_type=message.msg_type, source=source, source_hash=message.identifier),
        **values,  # type: ignore[arg-type]
    )
