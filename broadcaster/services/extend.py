"""Extend: the same alert again with a later end; or, in force until lifted, confirmed and asked about later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from broadcaster.domain.alert import Alert
from broadcaster.services.drafting import Draft, redraft
from broadcaster.services.follow_up import follow_up
from broadcaster.services.system import Actor, System


def extend(
    system: System,
    actor: Actor,
    alert_id: str,
    reason: str = "",
    expires: datetime | None = None,
    whole: bool = False,
) -> Alert:
    """An Update, in review. Without ``expires`` an alert that has an end gets as long again from now.

    ``whole``: of every alert of its incident that is live, see ``follow_up``.
    ``expires`` for one in force until lifted gives it an end. Raises as ``cancel`` does.
    """

    def write(old: Alert) -> Draft:
        if old.until_lifted and expires is None:
            return redraft(old)
        return replace(redraft(old), until_lifted=False, expires=expires or _as_long_again(old, system.now()))

    return follow_up(system, actor, alert_id, "extend", write, reason, whole)


def _as_long_again(old: Alert, now: datetime) -> datetime:
    start = old.sent or old.created
    return now + (old.expires - start) if old.expires is not None else now
