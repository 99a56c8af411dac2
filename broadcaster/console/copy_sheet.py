"""/console/alerts/<id>/sheet: an alert's words to copy or print for what this system does not reach; its card."""

from __future__ import annotations

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from broadcaster.console.access import allowed
from broadcaster.console.compose_view import language_name
from broadcaster.console.screens import Screen
from broadcaster.domain.language import direction, primary
from broadcaster.rendering.copy_sheet import LONG, SHORT, units
from broadcaster.services import cards, copy_sheet
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """The sheet, the file for the federal gateway, the card"""

    @allowed()
    def shown(alert_id: str) -> str:
        """GET /console/alerts/<id>/sheet"""
        found = copy_sheet.sheet(system, alert_id)
        helps = {"units": units, "SHORT": SHORT, "LONG": LONG, "primary": primary, "direction": direction}
        return render_template("console/copy_sheet.html", sheet=found, alert=found.alert, called=language_name, **helps)

    @allowed()
    def file(alert_id: str) -> ResponseReturnValue:
        """GET /console/alerts/<id>/ipaws.xml"""
        made = copy_sheet.gateway_file(system, alert_id)
        headers = {"Content-Disposition": f'attachment; filename="{alert_id}-ipaws.xml"'}
        return Response(made, mimetype="application/cap+xml", headers=headers)

    @allowed()
    def card(alert_id: str, language: str, shape: str) -> ResponseReturnValue:
        """GET /console/alerts/<id>/card.<language>.<shape>.png: as it would go with a post"""
        png = cards.preview(system, alert_id, language, shape)
        return Response(png, mimetype="image/png", headers={"Cache-Control": "private, max-age=60"})

    return [
        Screen("/alerts/<alert_id>/card.<language>.<shape>.png", "card", card),
        Screen("/alerts/<alert_id>/sheet", "copy_sheet", shown),
        Screen("/alerts/<alert_id>/ipaws.xml", "ipaws_file", file),
    ]
