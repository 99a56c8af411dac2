"""Which zones of an alert go on when another replaces it."""

from __future__ import annotations

from broadcaster.domain.alert import Alert


def remaining(alert: Alert, old: Alert) -> tuple[str, ...]:
    """The old alert's zones that go on: none for a document's Update, which replaces the whole (CAP 1.2)."""
    if alert.content.template == "cap" or not set(alert.zones) & set(old.zones):
        return ()
    return tuple(zone for zone in old.zones if zone not in alert.zones)
