"""Alerts for tests of publication: as values, and as rows written the way going live writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import (
    Alert,
    AlertContent,
    Area,
    CapMessage,
    Certainty,
    Info,
    Mode,
    MsgType,
    Scope,
    Severity,
    State,
    Status,
    Urgency,
)
from broadcaster.domain.snapshot import Place, Public
from broadcaster.store import alerts as store_alerts
from broadcaster.store.schema import feed_entries, shown, zones

AT = datetime(2026, 1, 5, 20, 0, tzinfo=UTC)
SQUARE = ((38.0, -120.0), (38.0, -119.0), (39.0, -119.0), (39.0, -120.0), (38.0, -120.0))
LEVELS: dict[str, tuple[Urgency, Severity, Certainty]] = {
    "act_now": (Urgency.IMMEDIATE, Severity.EXTREME, Certainty.OBSERVED),
    "act_soon": (Urgency.EXPECTED, Severity.SEVERE, Certainty.LIKELY),
    "be_ready": (Urgency.FUTURE, Severity.EXTREME, Certainty.POSSIBLE),
    "be_aware": (Urgency.UNKNOWN, Severity.MINOR, Certainty.UNKNOWN),
}
SQUARE_SHAPE = {"type": "Polygon", "coordinates": [[[-120, 38], [-119, 38], [-119, 39], [-120, 39], [-120, 38]]]}
PLACES = [
    Place("judge-valley", "judge-valley", "Judge Valley", SQUARE_SHAPE),
    Place("judge-hills", "judge-hills", "Judge Hills", SQUARE_SHAPE),
]


def info(level: str = "act_now", language: str = "en", headline: str = "Leave Judge Valley now", **more: Any) -> Info:
    """One language's words."""
    urgency, severity, certainty = LEVELS[level]
    given: dict[str, Any] = {
        "language": language,
        "categories": ("Fire",),
        "event": "Evacuation order",
        "response_types": ("Evacuate",),
        "urgency": urgency,
        "severity": severity,
        "certainty": certainty,
        "headline": headline,
        "description": "Wildfire moving from the north.\nWind is strong.\n\nRoads may close.",
        "instruction": "Go south on Highway 9.",
        "sender_name": "Judge County",
        "contact": "555-0100",
        "areas": (Area("Judge Valley", polygons=(SQUARE,)),),
    }
    return Info(**{**given, **more})


def public(id: str = "a1", level: str = "act_now", **more: Any) -> Public:
    """An alert as the snapshot sees it."""
    given: dict[str, Any] = {
        "id": id,
        "slug": f"slug-{id}",
        "kind": "own",
        "state": State.LIVE,
        "message": CapMessage(
            f"id-{id}", "alerts@judge.example", AT, Status.ACTUAL, MsgType.ALERT, Scope.PUBLIC, infos=(info(level),)
        ),
        "zones": ("judge-valley",),
        "expires": AT + timedelta(hours=2),
        "confirmed": AT,
        "cap": "<alert/>",
    }
    return Public(**{**given, **more})


def alert(id: str = "a1", at: datetime = AT, level: str = "act_now", **more: Any) -> Alert:
    """An alert of ours that is live since ``at``."""
    words = more.pop(
        "infos", (info(level), info(level, "es", "Salga de Judge Valley ahora", event="Orden de evacuación"))
    )
    content = AlertContent(
        more.pop("template", "evacuation_order"),
        more.pop("fields", {}),
        languages=("en", "es"),
        infos=words,
        areas=(Area("Judge Valley", polygons=(SQUARE,)),),
    )
    given: dict[str, Any] = {
        "id": id,
        "slug": f"evacuation-order-{id}",
        "incident": f"incident-{id}",
        "state": State.LIVE,
        "revision": 3,
        "mode": Mode.ACTUAL,
        "msg_type": MsgType.ALERT,
        "content": content,
        "zones": ("judge-valley",),
        "channels": (),
        "created": at,
        "expires": at + timedelta(hours=2),
        "identifier": f"judge-{id}",
        "sent": at.replace(microsecond=0),
    }
    return Alert(**{**given, **more})


def cancel(id: str, at: datetime, of: str, template: str) -> Alert:
    """A live Cancel of another: by the issuer (template "cap") or because it was sent in error."""
    return alert(id, at, template=template, msg_type=MsgType.CANCEL, ending="cancelled", replaces=(of,))


def put(connection: Connection, *alerts: Alert) -> None:
    """Write them."""
    for one in alerts:
        store_alerts.insert(connection, one)


def put_zones(connection: Connection) -> None:
    """Judge County's two zones."""
    for place in PLACES:
        connection.execute(
            zones.insert().values(id=place.id, slug=place.slug, name=place.name, ugc=[], same=[], geometry=place.shape)
        )


def put_shown(connection: Connection, at: datetime, id: str = "s1", **more: Any) -> None:
    """A trusted warning of the weather service, shown in its own words."""
    words = info("act_soon", headline="Red Flag Warning", event="Red Flag Warning", sender_name="NWS Sacramento")
    made = CapMessage(f"nws-{id}", "w-nws@example.gov", at, Status.ACTUAL, MsgType.ALERT, Scope.PUBLIC, infos=(words,))
    message = TypeAdapter(CapMessage).dump_python(more.pop("message", made), mode="json")
    entry = connection.execute(
        feed_entries.insert().values(
            feed="nws",
            sender=made.sender,
            identifier=made.identifier,
            sent=at,
            msg_type="Alert",
            event="Red Flag Warning",
            references=[],
            vtec=[],
            content_hash=id,
            raw=b"",
            decision="new",
            reason="",
            action="show",
            received=at,
            findings=[],
            code="",
            rule="",
        )
    )
    given: dict[str, Any] = {"zones": ["judge-hills"], "expires": at + timedelta(hours=1), "state": "live", "at": at}
    row = {**given, **more}
    connection.execute(
        shown.insert().values(id=id, entry=entry.inserted_primary_key[0], feed="nws", message=message, **row)
    )
