"""What an alert gets when it goes live: identifier, sent, when it is asked about again, its place in the queue."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.bundle import priority_in, rank
from broadcaster.domain.wording import priority
from broadcaster.services.system import System
from broadcaster.store.bundles import templates


def stamped(system: System, alert: Alert, at: datetime) -> Alert:
    """With our identifier and sent, given once; ``sent`` in whole seconds, as CAP writes it: references match."""
    identifier = re.sub(r"[\s,<&]", "", f"{system.config.agency.cap_sender}-{alert.id}")
    minutes = system.config.policy.until_lifted_review_minutes
    review_at = at + timedelta(minutes=minutes) if alert.until_lifted else None
    return replace(alert, identifier=identifier, sent=at.replace(microsecond=0), review_at=review_at)


def priority_of(alert: Alert) -> int:
    """Its broadcast's priority, by the first language's danger; smaller goes first."""
    info = alert.content.infos[0]
    return priority(alert.content.template, info.response_types, info.urgency, info.severity, info.certainty)


def priority_among(connection: Connection, alert: Alert) -> int:
    """``priority_of``, with its place among the parts of its bundle where it has one."""
    base = priority_of(alert)
    if alert.bundle is None:
        return base
    return priority_in(base, rank(alert.content.template, templates(connection, alert.replaces).values()))
