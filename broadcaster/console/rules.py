"""Rules: what each does, trying one on the last month, arming and disarming it; and what to do about a release."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, proven
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import Forbidden, Refused, Unauthenticated
from broadcaster.domain.rules import written
from broadcaster.services import alert_page, arm, rule_test
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/rules, /console/rules/<name>, /console/alerts/<id>/released"""
    return [*_reading(system), *_acting(system)]


def _reading(system: System) -> list[Screen]:
    @allowed()
    def home() -> str:
        """GET /console/rules"""
        return render_template("console/rules.html", rules=arm.listing(system))

    @allowed()
    def one(name: str) -> str:
        """GET /console/rules/<name>"""
        return _shown(system, name)

    @allowed()
    def released(alert_id: str) -> str:
        """GET /console/alerts/<id>/released: what the notice of a release leads to. Scanners open links: it does
        nothing, its buttons do."""
        about = alert_page.about(system, alert_id)
        return render_template("console/rule_released.html", **about, rule=arm.released_by(system, alert_id))

    return [
        Screen("/rules", "rules", home),
        Screen("/rules/<name>", "rule", one),
        Screen("/alerts/<alert_id>/released", "alert_released", released),
    ]


def _acting(system: System) -> list[Screen]:
    @allowed()
    def test(name: str) -> ResponseReturnValue:
        """POST /console/rules/<name>/test"""

        def act() -> str:
            found = rule_test.run(system, actor(), name)
            counts = {"released": found.released, "submitted": found.submitted}
            return _("Tested: it would have released %(released)s and submitted %(submitted)s.", **counts)

        return _tried(system, name, act)

    @allowed("approver", "admin")
    def sign(name: str) -> ResponseReturnValue:
        """POST /console/rules/<name>/arm: digest of what was read, proof"""

        def act() -> str:
            if arm.arm(system, proven(system), name, request.form.get("digest", "")):
                return _("It is armed. From now on it releases what it matches, by itself.")
            return _("You have signed. Another approver must sign before it is armed.")

        return _tried(system, name, act)

    @allowed("approver", "admin")
    def disarm(name: str) -> ResponseReturnValue:
        """POST /console/rules/<name>/disarm: reason"""

        def act() -> str:
            arm.disarm(system, actor(), name, request.form.get("reason", ""))
            return _("It is disarmed. What it matches goes to review.")

        return _tried(system, name, act)

    return [
        Screen("/rules/<name>/test", "rule_test", test, ("POST",)),
        Screen("/rules/<name>/arm", "rule_arm", sign, ("POST",)),
        Screen("/rules/<name>/disarm", "rule_disarm", disarm, ("POST",)),
    ]


# --- the parts --------------------------------------------------------------------------------------------------
def _shown(system: System, name: str, wrong: str = "") -> str:
    found = arm.state(system, name)
    days = system.config.policy.arming_days
    return render_template("console/rule.html", it=found, text=written(found.rule), days=days, wrong=wrong)


def _tried(system: System, name: str, act: Callable[[], str]) -> ResponseReturnValue:
    try:
        flash(act())
    except (Forbidden, Unauthenticated, Refused) as error:
        return _shown(system, name, spoken.of(error)), error.status
    return redirect(f"/console/rules/{quote(name)}")
