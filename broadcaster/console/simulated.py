"""Simulated phones and posts, and the demonstration's bundled feed documents."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, origin
from broadcaster.console.screens import Screen, part_only
from broadcaster.demo.samples import FILES, sample
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import NotFound
from broadcaster.services import simulated
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System


def screens(system: System) -> list[Screen]:
    """/console/simulated with its cards, and /console/samples/<feed>"""

    @allowed()
    def shown() -> str:
        """GET /console/simulated"""
        page = "console/simulated_part.html" if part_only() else "console/simulated.html"
        return render_template(page, stages=simulated.stages(system))

    @allowed()
    def card(channel: str, name: str) -> Response:
        """GET /console/simulated/<channel>/<name>.png: the card that went with a post"""
        png = simulated.card(system, channel, name)
        return FlaskResponse(png, mimetype="image/png", headers={"Cache-Control": "private, max-age=86400"})

    @allowed("author", "admin")
    def take(name: str) -> Response:
        """POST /console/samples/<feed>: take the bundled document of that feed's format, as if it came now."""
        feed = system.config.feed(name)
        if feed is None or feed not in samples(system):
            raise NotFound("sample", "there is no such sample here")
        document = sample(feed.format, system.now())
        result = ingest(system, feed, document, {}, Actor(f"feed:{feed.name}", origin()))
        flash(_("%(feed)s: %(n)s taken, asked by %(who)s", feed=feed.name, n=len(result.entries), who=actor().name))
        return redirect("/console/")

    return [
        Screen("/simulated", "simulated", shown),
        Screen("/simulated/<channel>/<name>", "simulated_card", card),
        Screen("/samples/<name>", "sample", take, ("POST",)),
    ]


def samples(system: System) -> list[FeedConfig]:
    """The feeds that have a bundled document; none outside the demonstration."""
    if not system.settings.demo or system.settings.production:
        return []
    return [feed for feed in system.config.feeds if feed.format in FILES]
