"""What was declared when an alert was lifted: the choice a person made, never more than that.

"Safe" is a word for what somebody declared safe (rules.md section 1): a road is open again, water is safe to drink,
and where the words were typed freely the page says "Lifted" and shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.rendering.fields import choice_of
from broadcaster.rendering.templates import ROOT, Spec, load
from broadcaster.store import versions as store

LIFTED = "lifted"  # the one template whose alerts lift others
GUIDANCE = "guidance"  # its field that says what people may do again


def clearings(root: Path = ROOT) -> dict[str, Mapping[str, str]]:
    """What the page calls a lifted alert in each language, by what was declared."""
    spec = _spec(root)
    return {key: dict(words) for key, words in spec.endings.items()} if spec else {}


def declared(connection: Connection, root: Path = ROOT) -> dict[str, str]:
    """For each all clear, and each alert that one lifted, the key in ``clearings`` of what was declared.

    An alert that was lifted twice (for some zones, then for the rest) has what was declared last.
    """
    spec = _spec(root)
    if spec is None:
        return {}
    said = [(row, _said(spec, row.fields or {})) for row in store.lifting(connection)]
    return {id: key for row, key in said for id in (row.id, row.replaced) if id is not None}


def declared_by(alert: Alert, root: Path = ROOT) -> str:
    """The key in ``clearings`` of what an all clear declares, before it is on air too."""
    spec = _spec(root)
    return _said(spec, alert.content.fields) if spec and alert.content.template == LIFTED else ""


def _said(spec: Spec, fields: Mapping[str, str]) -> str:
    """The choice; empty for words of one's own, also where they stand in one language alone."""
    if any(name.startswith(f"{GUIDANCE}.") and text.strip() for name, text in fields.items()):
        return ""
    key = choice_of(spec.fields[GUIDANCE], fields.get(GUIDANCE, ""))
    return key if key is not None and key in spec.endings else ""


def _spec(root: Path) -> Spec | None:
    """None where an agency has taken the template away or broken it: the page goes on, with "Lifted" alone."""
    try:
        spec = load(LIFTED, root).spec
    except (Invalid, ConfigError):
        return None
    return spec if GUIDANCE in spec.fields else None
