"""Alert cards: what stands on one, from the frozen alert; drawn once and kept in the data folder.

A post never waits for its card: where one cannot be drawn, the post goes out without.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Mode
from broadcaster.domain.errors import NotFound
from broadcaster.domain.posting import SHAPES, Picture
from broadcaster.rendering import card, card_layout, card_sheet
from broadcaster.rendering.card_sheet import Sheet
from broadcaster.services.card_sheet import sheet
from broadcaster.services.system import System
from broadcaster.store import alerts as store

log = logging.getLogger(__name__)
FOLDER = "cards"
KEPT = 2_000  # files; the oldest go


def picture(system: System, connection: Connection, alert: Alert, language: str, shape: str) -> Picture | None:
    """The card of an alert in one language; None where the machine's typefaces lack letters of it, or it fails."""
    try:
        made = sheet(system, connection, alert, language)
        if card_sheet.can_draw(made):
            wide, high = SHAPES[shape]
            png = _kept(system, made, shape)
            return Picture(png, card_sheet.alt(made), address(system, alert, language, shape), wide, high)
        log.warning("no card of alert %s in %s: no typeface here has all its letters", alert.id, language)
    except Exception:  # whatever is wrong with a picture must not hold back a warning
        log.exception("the card of alert %s cannot be drawn; it is posted without", alert.id)
    return None


def public(system: System, slug: str, language: str, shape: str, kind: str = "png") -> bytes:
    """The card that stands at a public address, as "png" or "jpg". Raises NotFound: only what is or was on air, and no
    exercise."""
    with system.database.read() as connection:
        alert = store.by_slug(connection, slug)
        aired = alert is not None and alert.identifier is not None and alert.mode is Mode.ACTUAL
        known = language in system.config.agency.languages and shape in SHAPES
        found = picture(system, connection, alert, language, shape) if alert and aired and known else None
    if found is None:
        raise NotFound("no_card", f"There is no card {slug} in {language}, {shape}.")
    return card.jpeg(found.png) if kind == "jpg" else found.png


def preview(system: System, alert_id: str, language: str, shape: str) -> bytes:
    """The card of any alert, for who writes and approves it. Raises NotFound."""
    with system.database.read() as connection:
        alert = store.get(connection, alert_id)
        found = picture(system, connection, alert, language, shape) if shape in SHAPES else None
    if found is None:
        raise NotFound(
            "no_card", f"There is no card of {alert_id} in {language}, {shape}: no typeface has its letters."
        )
    return found.png


def address(system: System, alert: Alert, language: str, shape: str) -> str:
    """Where platforms fetch it that take no upload."""
    return f"{system.settings.public_url}/cards/{alert.slug}.{language}.{shape}.png"


# --- kept files -------------------------------------------------------------------------------------------------
def _kept(system: System, made: Sheet, shape: str) -> bytes:
    """The PNG from the data folder, else drawn and put there; two processes that draw the same write the same."""
    svg = card_layout.write(made, SHAPES[shape])
    folder = Path(system.settings.data) / FOLDER
    path = folder / f"{hashlib.sha256(svg.encode()).hexdigest()[:32]}.png"
    if path.is_file():
        return path.read_bytes()
    png = card.paint(svg, made)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(png)
    fresh.replace(path)
    _prune(folder)
    return png


def _prune(folder: Path) -> None:
    for old in sorted(folder.glob("*.png"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
