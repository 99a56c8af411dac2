"""Two people in one bundle: both versions row by row, as ``compose_conflict`` shows them of one alert.

Where is one row: a zone has one message, so the places of all parts are taken from one of the two versions.
"""

from __future__ import annotations

from dataclasses import replace

from flask_babel import gettext as _

from broadcaster.console import compose_conflict, compose_view
from broadcaster.console.compose_bundle_form import Form, Sheet, opened, pairs, shares, stored
from broadcaster.console.compose_conflict import Row, taken
from broadcaster.rendering.templates import load
from broadcaster.services.system import System


def page(system: System, sheet: Sheet, mine: Form, wrong: str = "") -> str:
    """The screen that shows both."""
    theirs, standing = _stored(system, sheet)
    last = next(iter(standing.values()))
    carried = pairs(sheet, mine, theirs)
    return compose_conflict.shown(
        system, sheet.action, last, _rows(system, sheet, mine, theirs), carried, mine.first, wrong
    )


def resolved(system: System, sheet: Sheet, mine: Form) -> Form | None:
    """The form made of both as somebody chose; None where a row was left open."""
    theirs, _standing = _stored(system, sheet)
    wanted = compose_conflict.wanted_of(_rows(system, sheet, mine, theirs))
    if wanted is None:
        return None
    parts = dict(mine.parts)
    for key in wanted:
        owner, dash, plain = key.partition("-")
        for name in [owner] if dash else parts:
            parts[name] = taken(parts[name], theirs.parts[name], plain if dash else key)
    return replace(mine, parts=parts)


def _stored(system: System, sheet: Sheet) -> tuple[Form, dict[str, str]]:
    """What stands now as a form, and its alerts' ids by template."""
    now = stored(system, sheet.id, sheet.bundle.name) or sheet
    return opened(system, now), {name: alert.id for name, alert in now.alerts.items()}


def _rows(system: System, sheet: Sheet, mine: Form, theirs: Form) -> list[Row]:
    """Shared fields once, those of each part that stands, where for all parts, and what all parts have in common."""
    found: dict[str, Row] = {}
    for name in sheet.bundle.parts:
        spec = load(name).spec
        for row in compose_conflict.field_rows(mine.parts[name], theirs.parts[name], spec):
            if shares(sheet, row.key):
                found.setdefault(row.key, row)
            elif name in theirs.used:
                label = f"{compose_view.short(spec)}: {row.label}"
                found[f"{name}-{row.key}"] = replace(row, key=f"{name}-{row.key}", label=label)
    if any(compose_conflict.differ(mine.parts[name], theirs.parts[name], "where") for name in mine.parts):
        found["where"] = Row("where", _("Where"), _where(system, mine), _where(system, theirs))
    return [*found.values(), *compose_conflict.common_rows(mine.first, theirs.first)]


def _where(system: System, form: Form) -> str:
    """Each part's places."""
    return "\n".join(
        f"{compose_view.short(load(name).spec)}: " + ", ".join(compose_conflict.where(system, given).splitlines())
        for name, given in form.used.items()
    )
