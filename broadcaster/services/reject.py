"""Reject: an approver ends an alert in review for good, with a reason."""

from __future__ import annotations

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.services.send_back import send_back
from broadcaster.services.system import Actor, System


def reject(system: System, actor: Actor, alert_id: str, reason: str = "") -> Alert:
    """Raises Refused without a reason or where it is not in review, Forbidden for who may not approve."""
    return send_back(system, actor, alert_id, Verb.REJECT, reason)
