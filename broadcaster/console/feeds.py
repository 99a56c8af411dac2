"""The feeds' desk: each feed with its polls and problems, its entries, and what became of every one of them."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as Answer

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, origin
from broadcaster.console.screens import Screen, part_only
from broadcaster.domain.errors import Refused
from broadcaster.services import feed_desk, poll
from broadcaster.services.system import Actor, System

SHOWN_BYTES = 60_000  # of an entry's document on the screen; the rest by download


def screens(system: System) -> list[Screen]:
    """/console/feeds, /console/feeds/<name>, /console/entries/<id>"""
    return [*_feeds(system), *_entries(system)]


def _feeds(system: System) -> list[Screen]:
    @allowed()
    def home() -> str:
        """GET /console/feeds"""
        page = "console/feeds_part.html" if part_only() else "console/feeds.html"
        waiting = feed_desk.entries(system, waiting=True, before=request.args.get("before", type=int))
        return render_template(page, feeds=feed_desk.feeds(system), waiting=waiting)

    @allowed()
    def one(name: str) -> str:
        """GET /console/feeds/<name>"""
        feed, polls = feed_desk.feed(system, name)
        entries = feed_desk.entries(system, name, before=request.args.get("before", type=int))
        documents = feed_desk.documents(system, name)
        return render_template("console/feed.html", feed=feed, polls=polls, entries=entries, documents=documents)

    @allowed()
    def document(name: str, id_: int) -> Response:
        """GET /console/feeds/<name>/documents/<id>: the bytes as they came, as a download."""
        return _download(feed_desk.document(system, name, id_), f"{name}-{id_}")

    @allowed("author", "admin", "approver")
    def poll_now(name: str) -> Answer:
        """POST /console/feeds/<name>/poll"""
        result = poll.poll(system, name, Actor(f"feed:{name}", origin()))
        if result["status"] == "error":
            flash(result["error"], "error")
        else:
            flash(_("%(name)s was read: %(n)s entries.", name=name, n=len(result["entries"])))
        return redirect(f"/console/feeds/{name}")

    return [
        Screen("/feeds", "feeds", home),
        Screen("/feeds/<name>", "feed", one),
        Screen("/feeds/<name>/poll", "feed_poll", poll_now, ("POST",)),
        Screen("/feeds/<name>/documents/<int:id_>", "feed_document", document),
    ]


def _download(body: bytes, name: str) -> Response:
    """Bytes of others: no browser shows or runs them."""
    answer = Response(body, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{secure_filename(name)}.txt"'
    return answer


def _entries(system: System) -> list[Screen]:
    def shown(id_: int, wrong: str = "") -> str:
        entry = feed_desk.entry(system, id_)
        raw = bytes(entry.row.raw)
        text = raw[:SHOWN_BYTES].decode("utf-8", "replace")
        return render_template("console/entry.html", entry=entry, text=text, size=len(raw), wrong=wrong)

    @allowed()
    def one(id_: int) -> str:
        """GET /console/entries/<id>"""
        return shown(id_)

    @allowed()
    def raw(id_: int) -> Response:
        """GET /console/entries/<id>/raw: the exact bytes, as a download that no browser shows or runs."""
        return _download(bytes(feed_desk.entry(system, id_).row.raw), f"entry-{id_}")

    @allowed()
    def put_aside(id_: int) -> Answer | tuple[str, int]:
        """POST /console/entries/<id>/aside: reason"""
        try:
            feed_desk.put_aside(system, actor(), id_, request.form.get("reason", ""))
        except Refused as error:
            return shown(id_, spoken.of(error)), error.status
        flash(_("Put aside. It stays in the record."))
        return redirect("/console/feeds")

    return [
        Screen("/entries/<int:id_>", "entry", one),
        Screen("/entries/<int:id_>/raw", "entry_raw", raw),
        Screen("/entries/<int:id_>/aside", "entry_aside", put_aside, ("POST",)),
    ]
