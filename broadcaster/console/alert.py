"""/console/alerts: the list, one alert with its numbers, and what can be done about one that is live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, proven
from broadcaster.console.review import answered, words
from broadcaster.console.screens import Screen, part_only
from broadcaster.domain.alert import Alert, State
from broadcaster.domain.errors import Invalid
from broadcaster.domain.lifecycle import ENDED
from broadcaster.domain.progress import Column
from broadcaster.services import alert_page
from broadcaster.services.cancel import cancel
from broadcaster.services.correct import correct
from broadcaster.services.extend import extend
from broadcaster.services.lift import lift
from broadcaster.services.progress import progress
from broadcaster.services.reviewing import reviewing
from broadcaster.services.stop import stop
from broadcaster.services.system import Actor, System

Why = tuple[System, Actor, str, str]  # what every follow-up takes: system, actor, alert, reason
SHOWN = {
    "live": (State.LIVE,),
    "review": (State.IN_REVIEW,),
    "draft": (State.DRAFT, State.RETURNED),
    "ended": tuple(sorted(ENDED)),
}


def screens(system: System) -> list[Screen]:
    """/console/alerts and /console/alerts/<id> with its acts; ?whole=1 is about all that are live of its incident"""

    @allowed()
    def listed() -> str:
        """GET /console/alerts: show (live, review, draft, ended; else all that is not over), drills=1, page"""
        show = request.args.get("show", "")
        states = SHOWN.get(show) or tuple(s for name in ("live", "review", "draft") for s in SHOWN[name])
        number = request.args.get("page", 1, type=int)
        drills = request.args.get("drills") == "1"
        cards = alert_page.listing(system, states, drills, max(1, number))
        return render_template("console/alerts.html", cards=cards, show=show, drills=drills, page=max(1, number))

    @allowed()
    def one(alert_id: str) -> str:
        """GET /console/alerts/<id>"""
        page = "console/alert_part.html" if part_only() else "console/alert.html"
        return render_template(page, **_facts(system, alert_id), wrong="")

    return [
        Screen("/alerts", "alerts", listed),
        Screen("/alerts/<alert_id>", "alert", one),
        *_acts(system),
    ]


def _acts(system: System) -> list[Screen]:
    @allowed("approver", "admin")
    def halt(alert_id: str) -> ResponseReturnValue:
        """POST /console/alerts/<id>/stop: reason"""
        return answered(
            lambda: _halted(system, alert_id),
            lambda error: (
                render_template("console/alert.html", **_facts(system, alert_id), wrong=spoken.of(error)),
                error.status,
            ),
        )

    @allowed()
    def longer(alert_id: str) -> ResponseReturnValue:
        """GET and POST /console/alerts/<id>/extend: expires (local time; empty: as long again), reason"""
        return _asked(
            system, alert_id, "console/alert_extend.html", lambda why: extend(*why, _moment(system), _whole())
        )

    @allowed()
    def safe(alert_id: str) -> ResponseReturnValue:
        """GET and POST /console/alerts/<id>/lift: zone (repeated), reason"""

        def write(why: Why) -> Alert:
            return lift(*why, whole=True) if _whole() else lift(*why, _zones(system, alert_id))

        return _asked(system, alert_id, "console/alert_lift.html", write)

    @allowed()
    def in_error(alert_id: str) -> ResponseReturnValue:
        """GET and POST /console/alerts/<id>/error: reason and proof release it; do=review hands it to an approver"""
        if request.method == "GET":
            return _error_page(system, alert_id)
        return answered(
            lambda: _taken_back(system, alert_id),
            lambda error: (_error_page(system, alert_id, spoken.of(error)), error.status),
        )

    both = ("GET", "POST")
    return [
        Screen("/alerts/<alert_id>/stop", "alert_stop", halt, ("POST",)),
        Screen("/alerts/<alert_id>/extend", "alert_extend", longer, both),
        Screen("/alerts/<alert_id>/lift", "alert_lift", safe, both),
        Screen("/alerts/<alert_id>/error", "alert_error", in_error, both),
    ]


# --- the parts --------------------------------------------------------------------------------------------------
def _facts(system: System, alert_id: str) -> dict[str, Any]:
    now = progress(system, alert_id)
    facts = {"it": reviewing(system, actor(), alert_id), "now": now, "drawn": _drawn(now.chart) if now else None}
    return facts | _about(system, alert_id) | words(system)


def _about(system: System, alert_id: str) -> dict[str, Any]:
    """``alert_page.about``, and ``every`` one of them where the address asks for it; ``scope`` goes on asking."""
    about = alert_page.about(system, alert_id)
    every = about["whole"] if _whole() else ()
    return about | {"every": every, "scope": "?whole=1" if every else ""}


def _whole() -> bool:
    return request.args.get("whole") == "1"


def _drawn(chart: Sequence[Column]) -> dict[str, Any]:
    """Two lines in a box from (46, 10) to (400, 160)."""
    top = max((max(one.sent, one.confirmed) for one in chart), default=0) or 1
    wide = 354 / max(1, len(chart) - 1)

    def line(values: list[int]) -> str:
        return " ".join(f"{46 + n * wide:.1f},{160 - 150 * value / top:.1f}" for n, value in enumerate(values))

    return {"top": top, "sent": line([c.sent for c in chart]), "confirmed": line([c.confirmed for c in chart])}


def _halted(system: System, alert_id: str) -> ResponseReturnValue:
    stop(system, actor(), alert_id, request.form.get("reason", ""))
    flash(_("No further message of this alert starts. People who have it still believe it: tell them."))
    return redirect(f"/console/alerts/{alert_id}")


def _asked(system: System, alert_id: str, page: str, write: Callable[[Why], Alert]) -> ResponseReturnValue:
    """A follow-up that goes to review: its form, then its review."""
    if request.method == "GET":
        return render_template(page, **_facts(system, alert_id), wrong="")
    why = (system, actor(), alert_id, request.form.get("reason", ""))
    return answered(
        lambda: redirect(f"/console/alerts/{write(why).id}/review"),
        lambda error: (render_template(page, **_facts(system, alert_id), wrong=spoken.of(error)), error.status),
    )


def _error_page(system: System, alert_id: str, wrong: str = "") -> str:
    seen = alert_page.correction(system, actor().name, alert_id, _whole())
    facts = _about(system, alert_id) | words(system)
    return render_template("console/alert_error.html", seen=seen, wrong=wrong, **facts)


def _taken_back(system: System, alert_id: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "").strip() or _("Sent in error")
    if request.form.get("do") == "review":
        return redirect(f"/console/alerts/{cancel(system, actor(), alert_id, reason, _whole()).id}/review")
    made = correct(system, proven(system), alert_id, reason, _whole())
    held = reviewing(system, actor(), made.id).held
    said = _("The correction is released, but sending is stopped: nobody is told until it goes on.")
    flash((said if held else _("The correction is on its way.")) + " " + _("A second person must sign it."))
    return redirect(f"/console/alerts/{made.id}")


def _zones(system: System, alert_id: str) -> tuple[str, ...]:
    """The zones ticked; all of them is the whole alert. None is no answer."""
    chosen = request.form.getlist("zone")
    if not chosen:
        raise Invalid("no_zone", _("Tick the zones where it is over."))
    known = alert_page.about(system, alert_id)["alert"].zones
    return () if set(chosen) >= set(known) else tuple(chosen)


def _moment(system: System) -> datetime | None:
    """The new end as typed, in the agency's time."""
    typed = request.form.get("expires", "").strip()
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        raise Invalid("expires", _("Write the end like 2026-11-22T18:30.")) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(system.config.agency.timezone))
