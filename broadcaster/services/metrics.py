"""``/metrics`` in Prometheus's text format: what waits, who lives, how old the page's word is."""

from __future__ import annotations

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from broadcaster.domain.delivery import UNSETTLED
from broadcaster.services import csp
from broadcaster.services.health import readiness
from broadcaster.services.system import System
from broadcaster.store.schema import alarms, alerts, deliveries, publication

OPEN_ALERTS = ("in_review", "live")


def text(system: System) -> bytes:
    """The metrics of this moment. Raises SQLAlchemyError where the database is away."""
    registry = CollectorRegistry()
    _parts(system, registry)
    with system.database.read() as connection:
        waiting = connection.execute(
            sa.select(deliveries.c.channel, deliveries.c.state, sa.func.count())
            .where(deliveries.c.state.in_(UNSETTLED))
            .group_by(deliveries.c.channel, deliveries.c.state)
        ).all()
        states = connection.execute(
            sa.select(alerts.c.state, sa.func.count()).where(alerts.c.state.in_(OPEN_ALERTS)).group_by(alerts.c.state)
        ).all()
        open_alarms = connection.execute(sa.select(sa.func.count()).where(alarms.c.cleared.is_(None))).scalar_one()
        checked = connection.execute(sa.select(sa.func.max(publication.c.checked))).scalar()
    queue = Gauge("broadcaster_deliveries", "Deliveries not settled yet", ["channel", "state"], registry=registry)
    for channel, state, count in waiting:
        queue.labels(channel, state).set(count)
    known = Gauge("broadcaster_alerts", "Alerts in review or live", ["state"], registry=registry)
    for state in OPEN_ALERTS:
        known.labels(state).set(0)
    for state, count in states:
        known.labels(state).set(count)
    Gauge("broadcaster_alarms", "Alarms that somebody must act on", registry=registry).set(open_alarms)
    stopped = Gauge("broadcaster_csp_reports", "What browsers say the policy stopped", ["directive"], registry=registry)
    for directive, number in csp.counts(system).items():
        stopped.labels(directive).set(number)
    if checked is not None:
        age = (system.now() - checked).total_seconds()
        Gauge("broadcaster_page_checked_age_seconds", "Since the publisher last checked", registry=registry).set(age)
    return generate_latest(registry)


def _parts(system: System, registry: CollectorRegistry) -> None:
    up = Gauge("broadcaster_part_up", "1 where the part does its work", ["part"], registry=registry)
    for name, health in readiness(system)["parts"].items():
        up.labels(name).set(health["ok"])
