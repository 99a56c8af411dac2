"""Lift: a person says that it is safe to return. The all clear goes through review like any alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from broadcaster.domain.alert import Alert, MsgType
from broadcaster.domain.errors import Invalid
from broadcaster.rendering.templates import load
from broadcaster.services.drafting import Draft
from broadcaster.services.follow_up import follow_up, prepared
from broadcaster.services.system import Actor, System


def lift(
    system: System, actor: Actor, alert_id: str, reason: str = "", zones: Sequence[str] = (), whole: bool = False
) -> Alert:
    """The all clear, in review; for all of the alert's zones, or for some, while the others go on.

    ``whole``: of every alert of its incident that is live, in all their zones, see ``follow_up``.
    Raises Refused where the alert is not live, Forbidden for tokens and feeds, Invalid for zones not in it.
    """

    def write(old: Alert) -> Draft:
        draft = prepared(old, "lifted", MsgType.UPDATE, guidance=load(old.content.template).spec.all_clear)
        wrong = sorted(set(zones) - set(old.zones))
        if wrong:
            raise Invalid("not_in_alert", f"The alert does not hold in {', '.join(wrong)}.")
        return replace(draft, zones=tuple(zones), areas=()) if zones else draft

    return follow_up(system, actor, alert_id, "lift", write, reason, whole)
