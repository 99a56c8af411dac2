"""Our own CAP message from an alert of ours: what the profile wants is filled in from the agency's facts.

Sources: OASIS CAP-v1.2, section 3.2; the profile rules in rules.md section 2.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from broadcaster.domain.alert import Alert, CapMessage, Info, Mode, Reference, Scope, Status
from broadcaster.domain.config import Agency

HEADLINE = 160
STATUS = {Mode.ACTUAL: Status.ACTUAL, Mode.EXERCISE: Status.EXERCISE, Mode.TEST: Status.TEST}


def build(alert: Alert, agency: Agency, references: tuple[Reference, ...], web: str, longest: timedelta) -> CapMessage:
    """The message as it goes to the world. ``references`` are all earlier messages, ``web`` the alert's page.

    ``longest`` is how long the message of an alert in force until lifted lives: a message must end, an
    order need not. The alert must carry the identifier and sent that going live stamped on it.
    """
    if alert.identifier is None or alert.sent is None:
        raise ValueError(f"alert {alert.id} was never live: it has no identifier and sent")
    expires = alert.expires or alert.sent + longest
    return CapMessage(
        identifier=alert.identifier,
        sender=agency.cap_sender,
        sent=alert.sent,
        status=STATUS[alert.mode],
        msg_type=alert.msg_type,
        scope=Scope.PUBLIC,
        note=alert.content.note or ("" if alert.mode is Mode.ACTUAL else "Exercise: practice only"),
        references=references,
        incidents=" ".join(filter(None, (_word(alert.incident), alert.content.hashtag))),
        infos=tuple(_info(info, alert, agency, web, alert.sent, expires) for info in alert.content.infos),
    )


def _info(info: Info, alert: Alert, agency: Agency, web: str, sent: datetime, expires: datetime) -> Info:
    return replace(
        info,
        categories=info.categories or ("Other",),
        event=info.event or info.headline,
        effective=info.effective or sent,
        expires=expires,
        sender_name=info.sender_name or agency.name,
        headline=shortened(info.headline or info.event),
        web=info.web or web,
        contact=info.contact or agency.contact,
        areas=info.areas or alert.content.areas,
    )


def shortened(text: str, longest: int = HEADLINE) -> str:
    """At most ``longest`` characters, cut between words with an ellipsis."""
    if len(text) <= longest:
        return text
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def _word(text: str) -> str:
    """CAP separates incidents by spaces and wants quotes round those that hold some (3.2.1), so ours hold none."""
    return "-".join(text.split())
