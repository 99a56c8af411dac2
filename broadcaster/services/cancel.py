"""Cancel: "sent in error, there is no danger", to everybody the alert may have reached, by the same channels."""

from __future__ import annotations

from broadcaster.domain.alert import Alert, MsgType
from broadcaster.services.drafting import Draft
from broadcaster.services.follow_up import follow_up, prepared
from broadcaster.services.system import Actor, System


def cancel(system: System, actor: Actor, alert_id: str, reason: str = "", whole: bool = False) -> Alert:
    """The Cancel, in review; one approver may release it alone (override), the signature is then owed.

    ``whole``: of every alert of its incident that is live, see ``follow_up``.
    Raises Refused where the alert is not live, Forbidden for tokens and feeds.
    """
    return follow_up(system, actor, alert_id, "cancel", written, reason, whole)


def written(old: Alert) -> Draft:
    """The prepared words about the old alert."""
    return prepared(old, "sent_in_error", MsgType.CANCEL)
