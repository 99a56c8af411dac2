"""The page's forms: joining and leaving. Looking changes nothing; only a POST does."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from broadcaster.domain.errors import BroadcasterError
from broadcaster.services import joining
from broadcaster.services import subscribers as leaving
from broadcaster.services.system import System


class Forms:
    """The views, on one System."""

    def __init__(self, system: System) -> None:
        self._system = system

    def subscribe(self) -> tuple[str, int]:
        """GET and POST /subscribe"""
        if request.method == "GET":
            return self._form("", 200)
        form = request.form
        try:
            kind = joining.ask(
                self._system, form.get("address", "").strip(), form.get("language", ""), form.getlist("zones")
            )
        except BroadcasterError as refused:
            return self._form(refused.text, refused.status)
        where = "phone for a text" if kind == "phone" else "mail"
        return render_template(
            "public/said.html", title="One more step", text=f"Look at your {where} and open the link in it."
        ), 200

    def confirm(self) -> str:
        """GET and POST /subscribe/confirm?t=TOKEN"""
        if request.method == "GET":
            return render_template(
                "public/press.html", title="Get alerts", text="One press and alerts will come.", button="Get alerts"
            )
        joining.confirm(self._system, request.args.get("t", ""))
        return render_template("public/said.html", title="You will get alerts", text="Every message says how to leave.")

    def unsubscribe(self, token: str) -> str:
        """GET and POST /unsubscribe/<token>; mail programs POST here by themselves (RFC 8058)."""
        if request.method == "GET":
            address = leaving.unsubscribe_address(self._system, token)
            text = f"{address} will get no more alerts from us, not even of danger to life."
            return render_template("public/press.html", title="Stop all alerts", text=text, button="Stop all alerts")
        leaving.unsubscribe(self._system, token)
        return render_template(
            "public/said.html", title="You will get no more alerts", text="You can join again at any time."
        )

    def _form(self, problem: str, status: int) -> tuple[str, int]:
        page = render_template(
            "public/subscribe.html",
            ways=joining.ways(self._system),
            zones=joining.places(self._system),
            languages=self._system.config.agency.languages,
            problem=problem,
            given=request.form,
        )
        return page, status


def blueprint(system: System) -> Blueprint:
    """/subscribe and /unsubscribe"""
    views = Forms(system)
    made = Blueprint("forms", __name__)
    both = ["GET", "POST"]
    made.add_url_rule("/subscribe", "subscribe", views.subscribe, methods=both)
    made.add_url_rule("/subscribe/confirm", "confirm", views.confirm, methods=both)
    made.add_url_rule("/unsubscribe/<path:token>", "unsubscribe", views.unsubscribe, methods=both)
    return made
