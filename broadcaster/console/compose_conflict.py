"""Two people in one draft: both versions field by field, and somebody chooses. Nothing is written over silently."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from broadcaster.console import compose_form, compose_view
from broadcaster.console.compose_form import Typed
from broadcaster.domain.alert import Alert
from broadcaster.rendering.templates import Spec
from broadcaster.services import preview
from broadcaster.services.drafting import redraft
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import zones as zone_store

GROUPS = {  # rows of the form that are no fields: what is chosen together
    "where": ("zones", "shapes", "kept"),
    "end": ("end", "expires"),
    "channels": ("channels",),
    "languages": ("languages",),
    "hashtag": ("hashtag",),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that differs. ``key`` names the choice: a value's name, or a key of ``GROUPS``."""

    key: str
    label: str
    mine: str
    theirs: str


def page(system: System, action: str, alert: Alert, mine: Typed, spec: Spec, wrong: str = "") -> str:
    """The screen that shows both."""
    theirs, now = _stored(system, alert, spec)
    carried = [*compose_form.pairs(mine), ("revision", str(now.revision))]
    return shown(system, action, alert.id, _rows(system, mine, theirs, spec), carried, mine, wrong)


def shown(
    system: System, action: str, id_: str, rows: list[Row], carried: list[tuple[str, str]], mine: Typed, wrong: str
) -> str:
    """The screen of these rows; ``carried`` is the writer's own form, ``id_`` an alert that the other wrote."""
    return render_template(
        "console/compose_conflict.html",
        action=action,
        rows=rows,
        carried=carried,
        last=preview.written_last(system, id_),
        wrong=wrong,
        exercise=mine.mode != "actual",
        picked={row.key: request.form.get(f"pick.{row.key}", "") for row in rows},
    )


def resolved(system: System, alert: Alert, mine: Typed, spec: Spec) -> Typed | None:
    """The form made of both as somebody chose; None where a row was left open."""
    theirs, _now = _stored(system, alert, spec)
    wanted = wanted_of(_rows(system, mine, theirs, spec))
    if wanted is None:
        return None
    for key in wanted:
        mine = taken(mine, theirs, key)
    return mine


def wanted_of(rows: list[Row]) -> list[str] | None:
    """Keys of the rows where somebody chose the other's version; None where a row was left open."""
    picks = {row.key: request.form.get(f"pick.{row.key}", "") for row in rows}
    if not set(picks.values()) <= {"mine", "theirs"}:
        return None
    return [key for key, pick in picks.items() if pick == "theirs"]


def taken(chosen: Typed, theirs: Typed, key: str) -> Typed:
    """``chosen`` with the other's version of that row."""
    if key in GROUPS:
        return replace(chosen, **{name: getattr(theirs, name) for name in GROUPS[key]})
    name = key.removeprefix("f.")
    both = {f"f.{name}": theirs.values.get(f"f.{name}", ""), f"o.{name}": theirs.values.get(f"o.{name}", "")}
    return replace(chosen, values={**chosen.values, **both})


def _stored(system: System, alert: Alert, spec: Spec) -> tuple[Typed, Alert]:
    with system.database.read() as connection:
        now = store.get(connection, alert.id)
        theirs = compose_form.written(system, connection, redraft(now), spec)
    return compose_form.tagged(system, theirs, now), now


def _rows(system: System, mine: Typed, theirs: Typed, spec: Spec) -> list[Row]:
    rows = field_rows(mine, theirs, spec)
    if differ(mine, theirs, "where"):
        rows.append(Row("where", _("Where"), where(system, mine), where(system, theirs)))
    return [*rows, *common_rows(mine, theirs)]


def field_rows(mine: Typed, theirs: Typed, spec: Spec) -> list[Row]:
    """Fields that differ."""
    keys = dict.fromkeys(key for key in [*mine.values, *theirs.values] if key.startswith("f."))
    return [
        Row(key, _label(key, spec), _said(key, mine, spec), _said(key, theirs, spec))
        for key in keys
        if _both(key, mine) != _both(key, theirs)
    ]


def common_rows(mine: Typed, theirs: Typed) -> list[Row]:
    """End, channels, languages and hashtag, where they differ."""
    shown = {"end": _end, "channels": _channels, "languages": _languages, "hashtag": _hashtag}
    labels = {"end": _("Until when"), "channels": _("Channels"), "languages": _("Languages"), "hashtag": _("Hashtag")}
    asked = {key: say for key, say in shown.items() if key != "hashtag" or mine.hashtag is not None}
    return [Row(key, labels[key], say(mine), say(theirs)) for key, say in asked.items() if differ(mine, theirs, key)]


def differ(mine: Typed, theirs: Typed, key: str) -> bool:
    """Does one of ``GROUPS`` say something else?"""
    return any(_alike(getattr(mine, name)) != _alike(getattr(theirs, name)) for name in GROUPS[key])


def _alike(value: Any) -> Any:
    """Order and line ends mean nothing."""
    return sorted(value) if isinstance(value, tuple) else (value or "").split()


def _both(key: str, given: Typed) -> tuple[str, str]:
    value = given.values.get(key, "").strip()
    own = given.values.get(f"o.{key.removeprefix('f.')}", "").strip()
    return value, own if value in ("", compose_form.OTHER) else ""


def _label(key: str, spec: Spec) -> str:
    _f, name, *language = key.split(".")
    called = compose_view.label(spec, name)
    return f"{called} ({compose_view.called(language[0])})" if language else called


def _said(key: str, given: Typed, spec: Spec) -> str:
    value, own = _both(key, given)
    return own or compose_view.choice_words(spec, key.split(".")[1], value)


def where(system: System, given: Typed) -> str:
    """The places, one a line."""
    with system.database.read() as connection:
        names = {zone.id: zone.name for zone in zone_store.every(connection)}
    drawn = [line for line in given.shapes.splitlines() if line.strip()]
    return "\n".join([*(names.get(id_, id_) for id_ in given.zones), *map(compose_form.described, given.kept), *drawn])


def _end(given: Typed) -> str:
    return _("Until lifted") if given.end == "lifted" else given.expires.replace("T", " ")


def _channels(given: Typed) -> str:
    return ", ".join(given.channels)


def _hashtag(given: Typed) -> str:
    return given.hashtag or ""


def _languages(given: Typed) -> str:
    return ", ".join(compose_view.language_name(each) for each in given.languages)
