"""Alert cards: what stands on one, from the frozen alert; drawn once and kept in the data folder.

A post never waits for its card: where one cannot be drawn, the post goes out without.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Info, Mode, State
from broadcaster.domain.errors import ConfigError, Invalid, NotFound
from broadcaster.domain.lifecycle import ENDED
from broadcaster.domain.outline import outline
from broadcaster.domain.posting import SHAPES, Picture
from broadcaster.domain.shapes import geometry
from broadcaster.domain.wording import EVACUATION_LEVELS, IN_ERROR, drill_label, level
from broadcaster.rendering import card
from broadcaster.rendering.card import Sheet
from broadcaster.rendering.drawing import Scene, chart
from broadcaster.rendering.phrasebook import ending_word, evacuation_words, level_word, strings
from broadcaster.rendering.templates import load
from broadcaster.rendering.words import sentences, when
from broadcaster.services.postings import info_in, permanent
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import versions

log = logging.getLogger(__name__)
ACTION_LENGTH = 150  # characters of what to do, in whole sentences
FOLDER = "cards"
# Whether a Cancel meant "sent in error" is known of the Cancel alone, so here it reads "called off".
OVER = {
    State.LIFTED: "lifted",
    State.EXPIRED: "expired",
    State.SUPERSEDED: "superseded",
    State.CANCELLED: "called_off",
}
KEPT = 2_000  # files; the oldest go


def picture(system: System, connection: Connection, alert: Alert, language: str, shape: str) -> Picture | None:
    """The card of an alert in one language; None where the machine's typefaces lack letters of it, or it fails."""
    try:
        made = sheet(system, connection, alert, language)
        if card.can_draw(made):
            wide, high = SHAPES[shape]
            png = _kept(system, made, shape)
            return Picture(png, card.alt(made), address(system, alert, language, shape), wide, high)
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


def sheet(system: System, connection: Connection, alert: Alert, language: str) -> Sheet:
    """What stands on the card: the alert's own words, and the words of its level in that language."""
    agency, info = system.config.agency, info_in(alert, language)
    look = _look(alert, info)
    key, label, colours = _lawful(system, alert, language) if look.startswith(("act_", "be_")) else ("", "", ("", ""))
    return Sheet(
        look=look,
        word=level_word(look, language) if look.startswith(("act_", "be_")) else ending_word(look, language),
        label=label,
        colours=colours,
        headline=info.headline or info.event,
        action="" if alert.state in OVER else sentences(info.instruction, ACTION_LENGTH),
        times=_times(alert, look, agency.timezone, language),
        source=info.sender_name or agency.name,
        drill=drill_label(alert.mode, language),
        link=permanent(system, alert),
        language=language,
        scene=_scene(connection, alert, key or look),
    )


def _look(alert: Alert, info: Info) -> str:
    if alert.ending == "cancelled":
        return "cancelled" if alert.content.template == IN_ERROR else "called_off"
    if alert.ending == "lifted":
        return "lifted"
    if alert.state in OVER:  # its own card, fetched later: no longer a danger's
        return OVER[alert.state]
    return str(level(info.urgency, info.severity, info.certainty, info.response_types))


def _lawful(system: System, alert: Alert, language: str) -> tuple[str, str, tuple[str, str]]:
    """(its pattern on maps, the lawful word, its ground and text) of an evacuation's step."""
    practice = system.config.policy.evacuation_levels
    try:
        step = EVACUATION_LEVELS[practice].get(load(alert.content.template).spec.evacuation)
    except (Invalid, ConfigError):  # the template was taken away since
        step = None
    if step is None:
        return "", "", ("", "")
    return f"evacuation-{step.key}", evacuation_words(practice, step.key, language)[0], (step.background, step.text)


def _times(alert: Alert, look: str, timezone: str, language: str) -> str:
    said = strings(language)
    issued = said["issued"].format(time=when(alert.sent or alert.created, timezone, language))
    if not look.startswith(("act_", "be_")):
        return issued
    if alert.until_lifted or alert.expires is None:
        return f"{said['until_lifted']} · {issued}"
    return said["until"].format(time=when(alert.expires, timezone, language))


def _scene(connection: Connection, alert: Alert, kind: str) -> Scene | None:
    """Its area on the zones' map; an ending shows none, for a painted area is read as danger."""
    if alert.ending in ("cancelled", "lifted") or alert.state in ENDED:
        return None
    places = [{"id": p.id, "name": p.name, "shape": outline(p.shape)[0]} for p in versions.places(connection)]
    areas = [{"geometry": geometry(area)} for area in alert.content.areas]
    return Scene(chart(json.dumps(places)), kind, {"zones": list(alert.zones), "areas": areas})


# --- kept files -------------------------------------------------------------------------------------------------
def _kept(system: System, made: Sheet, shape: str) -> bytes:
    """The PNG from the data folder, else drawn and put there; two processes that draw the same write the same."""
    svg = card.write(made, SHAPES[shape])
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
