"""Return: an approver gives an alert back to its authors, with a reason; somebody else submits it again."""

from __future__ import annotations

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.services.send_back import send_back
from broadcaster.services.system import Actor, System


def return_(system: System, actor: Actor, alert_id: str, reason: str = "") -> Alert:
    """Raises Refused without a reason or where it is not in review, Forbidden for who may not approve."""
    return send_back(system, actor, alert_id, Verb.RETURN, reason)
