"""/console/alerts/<id>/review and /override: everything an approver must see, and the decision in the same form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_currency
from flask_babel import gettext as _

from broadcaster.console import compose_view, spoken
from broadcaster.console.access import allowed
from broadcaster.console.posted import card_words, marked, posted
from broadcaster.console.proof import actor, proven
from broadcaster.console.screens import Screen, part_only
from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.domain.errors import BroadcasterError, NotFound, Refused
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.wording import drill_label
from broadcaster.services.approve import approve
from broadcaster.services.override import override
from broadcaster.services.reject import reject
from broadcaster.services.return_ import return_
from broadcaster.services.reviewing import Part, Reviewing, Text, reviewing
from broadcaster.services.system import System
from broadcaster.services.withdraw import withdraw

BACK: Mapping[str, Callable[..., Any]] = {"return": return_, "reject": reject, "withdraw": withdraw}


def words(system: System) -> dict[str, Any]:
    """What the templates of reviews and alerts use besides ``screens.facts``."""
    currency = system.config.policy.price_currency
    return {
        "language_name": compose_view.language_name,
        "money": lambda amount: format_currency(amount, currency),
        "code": "",
        "bare": bare,
        "lead_of": lead_of,
        "agency_name": system.config.agency.name,
        "posted": partial(posted, system),
        "marked": marked,
        "card_words": partial(card_words, system),
    }


def bare(title: str, alert: Alert) -> str:
    """A title without the label of an exercise in front, where the screen's own title begins with it."""
    language = alert.content.infos[0].language if alert.content.infos else "en"
    return title.removeprefix(f"{drill_label(Mode.EXERCISE, language)}: ") if alert.mode == Mode.EXERCISE else title


def lead_of(part: Part) -> list[Text]:
    """The texts that stand open: text messages in the alert's first language; where there are none, its first text."""
    first = next(iter(part.alert.content.languages), "")
    found = [text for text in part.texts if text.kind == "phone" and text.message.language == first]
    return found or list(part.texts[:1])


def screens(system: System) -> list[Screen]:
    """/console/alerts/<id>/review, /console/alerts/<id>/decide, /console/alerts/<id>/override"""

    @allowed()
    def page(alert_id: str) -> ResponseReturnValue:
        """GET /console/alerts/<id>/review; as a part: what moves, with ``seen`` = the digest that the page shows"""
        found = reviewing(system, actor(), alert_id)
        if part_only():
            return render_template(
                "console/review_part.html", it=found, seen=request.args.get("seen", ""), **words(system)
            )
        if found.alert.state != State.IN_REVIEW and not found.alert.signature_owed:
            return redirect(f"/console/alerts/{alert_id}")
        return _page(system, "console/review.html", found)

    @allowed()
    def decide(alert_id: str) -> ResponseReturnValue:
        """POST /console/alerts/<id>/decide: do (approve, return, reject, withdraw), and what each needs"""
        do = request.form.get("do", "")
        act = _approved if do == "approve" else _sent_back
        return answered(lambda: act(system, alert_id), lambda error: _refused(system, alert_id, do, error))

    @allowed("approver", "admin")
    def alone(alert_id: str) -> ResponseReturnValue:
        """GET and POST /console/alerts/<id>/override: digest, reason, understood, proof"""
        if request.method == "GET":
            found = reviewing(system, actor(), alert_id)
            if found.alert.state != State.IN_REVIEW:
                return redirect(f"/console/alerts/{alert_id}")
            return _page(system, "console/review_override.html", found)
        act, page = _released, "console/review_override.html"
        return answered(
            lambda: act(system, alert_id), lambda error: _refused(system, alert_id, "override", error, page)
        )

    return [
        Screen("/alerts/<alert_id>/review", "review", page),
        Screen("/alerts/<alert_id>/decide", "decide", decide, ("POST",)),
        Screen("/alerts/<alert_id>/override", "override", alone, ("GET", "POST")),
    ]


def answered(
    act: Callable[[], ResponseReturnValue], otherwise: Callable[[BroadcasterError], ResponseReturnValue]
) -> ResponseReturnValue:
    """What an act leads to; where it is refused, the same screen again with the reason beside what was pressed."""
    try:
        return act()
    except NotFound:
        raise
    except BroadcasterError as error:
        return otherwise(error)


# --- the parts --------------------------------------------------------------------------------------------------
def _page(system: System, template: str, found: Reviewing, **more: Any) -> str:
    calm = {"wrong": "", "where": "", "reason": "", "ticked": False}
    return render_template(template, it=found, **words(system) | calm | more)


def _refused(
    system: System, alert_id: str, do: str, error: BroadcasterError, template: str = "console/review.html"
) -> ResponseReturnValue:
    """The same screen with the reason beside what was pressed; what changed since it was loaded, where that is why."""
    seen = dict(pair.split("=", 1) for pair in request.form.getlist("part") if "=" in pair)
    found = reviewing(system, actor(), alert_id, seen if error.code == "digest" else None)
    if error.code == "wrong_state" and do in ("approve", "override") and _released_by(found, actor().name):
        flash(_released_words(system, alert_id))  # pressed twice, or sent twice by a bad network
        return redirect(f"/console/alerts/{alert_id}")
    more = {"wrong": spoken.of(error), "where": do, "code": error.code, "reason": request.form.get("reason", "")}
    page = _page(system, template, found, ticked="understood" in request.form and error.code != "digest", **more)
    return page, error.status


def _released_by(found: Reviewing, person: str) -> bool:
    """Is it on air by this person's own word? Then pressing again is no mistake."""
    mine = {step.verb for step in found.parts[0].steps if step.by == person}
    return found.alert.state == State.LIVE and not mine.isdisjoint({Verb.APPROVE, Verb.OVERRIDE})


def _understood() -> None:
    if request.form.get("understood") != "1":
        raise Refused("not_ticked", _("Tick the sentence first: it says how many people this reaches."))


def _approved(system: System, alert_id: str) -> ResponseReturnValue:
    """Approve or sign, by whoever proves themselves in this form."""
    _understood()
    done = approve(system, proven(system), alert_id, request.form.get("digest", ""), request.form.get("reason", ""))
    signed = done.id in request.form.getlist("sign")
    flash(_("Signed.") if signed else _released_words(system, alert_id))
    return redirect(f"/console/alerts/{alert_id}")


def _released(system: System, alert_id: str) -> ResponseReturnValue:
    """Release it alone."""
    _understood()
    override(system, proven(system), alert_id, request.form.get("digest", ""), request.form.get("reason", ""))
    said = _released_words(system, alert_id)
    flash(said + " " + _("Everybody with a role is told, and a second person must sign it."))
    return redirect(f"/console/alerts/{alert_id}")


def _released_words(system: System, alert_id: str) -> str:
    """What is said of a release: that it is on air, that it is practice, or that a switch keeps its texts back."""
    done = reviewing(system, actor(), alert_id)
    if done.held:
        return _("It is released, but sending is stopped: nobody gets a text until it goes on.")
    return _("It is on air.") if done.alert.mode == Mode.ACTUAL else _("The exercise is under way.")


def _sent_back(system: System, alert_id: str) -> ResponseReturnValue:
    do = request.form.get("do", "")
    if do not in BACK:
        raise Refused("unknown", _("Choose what to do."))
    BACK[do](system, actor(), alert_id, request.form.get("reason", ""))
    said = {
        "return": _("It went back to its author, with your reason."),
        "reject": _("It is rejected and will not go out."),
        "withdraw": _("It is a draft again."),
    }
    flash(said[do])
    return redirect(f"/console/alerts/{alert_id}" if do == "withdraw" else "/console/")
