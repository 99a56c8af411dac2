"""The page's forms: joining and leaving, in every language of the page. Looking changes nothing; only a POST does.

A language stands in the address ("/fr/subscribe"), as on the rest of the page; without one the browser says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template, request
from markupsafe import Markup

from broadcaster.domain.errors import BroadcasterError, NotFound
from broadcaster.domain.language import direction, primary
from broadcaster.public import asking
from broadcaster.public.recent import Recent
from broadcaster.rendering.phrasebook import language_name, languages, strings, tables
from broadcaster.services import cards, joining
from broadcaster.services import subscribers as leaving
from broadcaster.services.system import System

CARD_SECONDS, CARDS = 10, 100  # how long a card is served from memory, and how many (about 10 MB)
Answer = tuple[str, int]
Said = tuple[Response, int]


class Forms:
    """The views, on one System."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._spoken = languages(tuple(system.config.agency.languages))
        self._cards = Recent(system.now, CARD_SECONDS, CARDS)

    def subscribe(self, language: str | None = None) -> Answer:
        """GET and POST /subscribe"""
        words = self._words(language)
        if request.method == "GET":
            return self._form(words)
        form = request.form
        address = form.get("address", "").strip()
        try:
            wanted = form.get("language", ""), form.getlist("zones"), form.getlist("hows")
            kind = joining.ask(self._system, address, *wanted)
        except BroadcasterError as refused:
            return self._form(words, refused)
        text = words["f"]["look_phone" if kind == "phone" else "look_mail"]
        return render_template("public/said.html", title=words["f"]["one_more"], text=text, **words), 200

    def push(self) -> Said:
        """POST /subscribe/push: {"subscription", "language", "zones"}, by the page's script"""
        given = _json()
        zones = given.get("zones")
        chosen = [zone for zone in zones if isinstance(zone, str)] if isinstance(zones, list) else []
        return _said(
            lambda: joining.join_by_push(
                self._system, given.get("subscription"), str(given.get("language", "")), chosen
            )
        )

    def push_leave(self) -> Said:
        """POST /subscribe/push/leave: {"subscription"}"""
        return _said(lambda: joining.leave_by_push(self._system, _json().get("subscription")))

    def confirm(self, language: str | None = None) -> Answer:
        """GET and POST /subscribe/confirm?t=TOKEN"""
        words = self._words(language)
        f = words["f"]
        if request.method == "GET":
            page = render_template(
                "public/press.html", title=f["title"], text=f["press_join"], button=f["join"], **words
            )
            return page, 200
        try:
            joining.confirm(self._system, request.args.get("t", ""))
        except BroadcasterError as refused:
            return self._refused(words, refused)
        return render_template("public/said.html", title=f["joined"], text=f["joined_text"], **words), 200

    def card(self, slug: str, language: str, shape: str, kind: str) -> Response:
        """GET /cards/<slug>.<language>.<shape>.png or .jpg: the alert card, drawn when a platform first fetches it"""
        try:
            picture = self._cards.get(
                (slug, language, shape, kind), lambda: cards.public(self._system, slug, language, shape, kind)
            )
        except NotFound as missing:
            abort(404, missing.text)
        made = Response(picture, mimetype=CARD_TYPES[kind], headers={"Cache-Control": "public, max-age=60"})
        made.add_etag()
        made.make_conditional(request)
        return made

    def unsubscribe(self, token: str, language: str | None = None) -> Answer:
        """GET and POST /unsubscribe/<token>; mail programs POST here by themselves (RFC 8058)."""
        words = self._words(language)
        f = words["f"]
        try:
            if request.method == "POST":
                leaving.unsubscribe(self._system, token)
                return render_template("public/said.html", title=f["left"], text=f["left_text"], **words), 200
            address = leaving.unsubscribe_address(self._system, token)
        except BroadcasterError as refused:
            return self._refused(words, refused)
        address_text = Markup('<bdi dir="ltr">{}</bdi>').format(address)
        text = Markup(f["leave_text"]).format(address=address_text)  # noqa: S704 - our own words
        page = render_template("public/press.html", title=f["leave"], text=text, button=f["leave"], **words)
        return page, 200

    def _form(self, words: dict[str, Any], refused: BroadcasterError | None = None) -> Answer:
        agency = self._system.config.agency
        page = render_template(
            "public/subscribe.html",
            title=words["f"]["title"],
            ways=joining.ways(self._system),
            hows=tuple(joining.hows(self._system)),
            key=joining.application_key(self._system),
            zones=joining.places(self._system),
            languages=[_language(code) for code in agency.languages],
            chosen=words["language"],
            problem=refused and self._problem(words, refused),
            given=request.form,
            **words,
        )
        return page, refused.status if refused else 200

    def _refused(self, words: dict[str, Any], refused: BroadcasterError) -> Answer:
        problem = self._problem(words, refused)
        text = Markup('<span lang="en" dir="ltr">{}</span>').format(problem["text"])
        text = text if problem["foreign"] else Markup("{}").format(problem["text"])
        page = render_template("public/said.html", title=words["f"]["problem"], text=text, **words)
        return page, refused.status

    def _problem(self, words: dict[str, Any], refused: BroadcasterError) -> dict[str, Any]:
        """In the reader's words where the page has them, else in ours, marked as English."""
        own = tables(words["language"])["errors"].get(refused.code)
        if primary(words["language"]) == "en" or own is None:
            return {"text": refused.text, "foreign": primary(words["language"]) != "en"}
        return {"text": own, "foreign": False}

    def _words(self, named: str | None) -> dict[str, Any]:
        """What every form says, in the language that the address names, else the browser's."""
        header = request.headers.get("Accept-Language", "").encode("latin-1", "replace")
        language = named if named in self._spoken else asking.language(header, self._spoken)
        path = request.full_path.rstrip("?")
        path = path.removeprefix(f"/{named}") if named else path
        menu = [{**_language(code), "href": f"/{code}{path}", "current": code == language} for code in self._spoken]
        return {
            "language": language,
            "tag": strings(language)["tag"],
            "direction": direction(language),
            "home": f"/{language}",
            "page": strings(language),
            "f": tables(language)["forms"],
            "tongues": menu,
        }


def _json() -> dict[str, Any]:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _said(work: Callable[[], None]) -> Said:
    """What the script is told: nothing where it is done, else why not, in English for whoever looks."""
    try:
        work()
    except BroadcasterError as refused:
        return jsonify({"code": refused.code, "text": refused.text}), refused.status
    return Response(), 204


def _language(code: str) -> dict[str, str]:
    """A language under its own name; one that the page does not speak, under its English one."""
    own = strings(code)
    known = primary(own["tag"]) == primary(code)
    name = own["language"] if known else language_name(code, "en")
    return {"code": code, "tag": own["tag"] if known else code, "name": name}


CARD_TYPES = {"png": "image/png", "jpg": "image/jpeg"}


def blueprint(system: System) -> Blueprint:
    """/subscribe and /unsubscribe, also under each language; /cards"""
    views = Forms(system)
    made = Blueprint("forms", __name__)
    both = ["GET", "POST"]
    spoken = ",".join(f'"{code}"' for code in languages(tuple(system.config.agency.languages)))
    made.add_url_rule("/cards/<slug>.<language>.<shape>.<any(png, jpg):kind>", "card", views.card)
    made.add_url_rule("/subscribe/push", "push", views.push, methods=["POST"])
    made.add_url_rule("/subscribe/push/leave", "push_leave", views.push_leave, methods=["POST"])
    for start in ("", f"/<any({spoken}):language>"):
        made.add_url_rule(f"{start}/subscribe", "subscribe", views.subscribe, methods=both)
        made.add_url_rule(f"{start}/subscribe/confirm", "confirm", views.confirm, methods=both)
        made.add_url_rule(f"{start}/unsubscribe/<path:token>", "unsubscribe", views.unsubscribe, methods=both)
    return made
