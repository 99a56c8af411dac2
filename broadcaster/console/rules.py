"""Rules: what each does, trying one on the last month, arming and disarming it; and what to do about a release."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import rules_edit, spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, proven
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import Forbidden, Refused, Unauthenticated
from broadcaster.domain.rule_change import shadowed
from broadcaster.domain.rules import written
from broadcaster.services import alert_page, arm, proposals, rule_lists, rule_test
from broadcaster.services.rule_write import hindrance
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/rules, /console/rules/<name>, /console/alerts/<id>/released; the editor is ``rules_edit``"""
    return [*_reading(system), *_acting(system), *rules_edit.screens(system)]


def _reading(system: System) -> list[Screen]:
    @allowed()
    def home() -> str:
        """GET /console/rules"""
        with system.database.read() as connection:
            hindered = hindrance(system, connection)
        waiting = [one for one in proposals.listing(system) if one["waits"] and one["kind"] == "rule"]
        facts = {"rules": arm.listing(system), "waiting": waiting, "hindered": hindered and spoken.of(hindered)}
        return render_template("console/rules.html", **facts)

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
            said: str = _("Tested: it would have released %(released)s and submitted %(submitted)s.", **counts)
            if not found.left_out:
                return said
            beyond: str = _("Older entries that were too many to look at: %(n)s.", n=found.left_out)
            return f"{said} {beyond}"

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
    facts = {
        "text": written(found.rule),
        "days": system.config.policy.arming_days,
        "zone_names": dict(rule_lists.known(system).zones),
        "shadow": shadowed(system.ruled().config.rules).get(name, ""),
    }
    return render_template("console/rule.html", it=found, wrong=wrong, **facts)


def _tried(system: System, name: str, act: Callable[[], str]) -> ResponseReturnValue:
    try:
        flash(act())
    except (Forbidden, Unauthenticated, Refused) as error:
        return _shown(system, name, spoken.of(error)), error.status
    return redirect(f"/console/rules/{quote(name)}")
