"""What a form of a rule can offer: feeds, zones, templates, events that were seen, the words of CAP and VTEC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from broadcaster.domain.alert import Certainty, Severity, Status, Urgency
from broadcaster.domain.config_check import ENDINGS_BY_PEOPLE, VTEC_ACTIONS
from broadcaster.rendering import templates
from broadcaster.services.rule_month import DAYS
from broadcaster.services.system import System
from broadcaster.settings import ACTIONS
from broadcaster.store import arming as store
from broadcaster.store.schema import zones

MOST_EVENTS = 60
RESPONSES = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")  # CAP 1.2


@dataclass(frozen=True, slots=True)
class Known:
    """``zones`` as (id, name), ``feeds`` as (name, is it official?), ``events`` the most frequent first, in
    capitals of ours: the record has them in small letters, and matching asks for neither."""

    feeds: tuple[tuple[str, bool], ...]
    zones: tuple[tuple[str, str], ...]
    events: tuple[str, ...]
    templates: tuple[str, ...]
    actions: tuple[str, ...] = ACTIONS
    severity: tuple[str, ...] = tuple(map(str, Severity))
    urgency: tuple[str, ...] = tuple(map(str, Urgency))
    certainty: tuple[str, ...] = tuple(map(str, Certainty))
    response: tuple[str, ...] = RESPONSES
    status: tuple[str, ...] = tuple(map(str, Status))
    vtec: tuple[str, ...] = VTEC_ACTIONS


def known(system: System) -> Known:
    """All of it as it stands now."""
    with system.database.read() as connection:
        places = connection.execute(sa.select(zones.c.id, zones.c.name).order_by(zones.c.name)).all()
        events = store.events_since(connection, system.now() - timedelta(days=DAYS), MOST_EVENTS)
    return Known(
        # what proves nothing of its sender is asked by no rule
        feeds=tuple((f.name, f.trust == "official") for f in system.config.feeds if not f.unverified_of),
        zones=tuple((row.id, row.name) for row in places),
        events=tuple(" ".join(word[:1].upper() + word[1:] for word in event.split()) for event in events),
        templates=tuple(name for name in templates.names() if name not in ENDINGS_BY_PEOPLE),
    )
