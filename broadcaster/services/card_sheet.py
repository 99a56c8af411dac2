"""What stands on an alert's card: from the frozen alert, and from how it stands now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Info, State, info_in
from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.domain.language import primary
from broadcaster.domain.outline import outline
from broadcaster.domain.shapes import geometry
from broadcaster.domain.snapshot import ALL_CLEAR, DANGER, Place, face
from broadcaster.domain.text_html import for_people
from broadcaster.domain.wording import EVACUATION_LEVELS, IN_ERROR, TAKEN_BACK, drill_label, level
from broadcaster.rendering.card_sheet import ACTION_LENGTH, Sheet, listed, together, where
from broadcaster.rendering.drawing import Scene, chart
from broadcaster.rendering.phrasebook import ending_word, evacuation_words, level_word, strings
from broadcaster.rendering.templates import load
from broadcaster.rendering.typed import typed
from broadcaster.rendering.words import sentences, when
from broadcaster.services.declared import clearings, declared, declared_by
from broadcaster.services.postings import permanent
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import versions

OVER = frozenset({State.LIFTED, State.EXPIRED, State.SUPERSEDED, State.CANCELLED})
NOTHING = frozenset({"none", "n/a", "not applicable", "null", "-"})  # what feeds write where they have no advice
FULL_STOPS = {"zh": "。", "ja": "。"}


def sheet(system: System, connection: Connection, alert: Alert, language: str) -> Sheet:
    """What stands on the card: the alert's own words, and the words of its level in that language. Of what is over it
    says first that it is, and only then what it was."""
    info = for_people(info_in(alert.content.infos, language) or Info(language=language))
    known = versions.places(connection)
    names = _names(known, alert)
    look = _look(connection, alert, info)
    danger = look in DANGER
    key, label, colours = _lawful(system, alert, language) if danger else ("", "", ("", ""))
    headline, action = _words(alert, info, language, label, names)
    over = _over(system, alert, info, look, language)
    return Sheet(
        look=look,
        word=level_word(look, language) if danger else ending_word(look, language, _cleared(connection, alert, look)),
        label=label,
        colours=colours,
        headline=together(over or headline, names),
        where="" if over else _where(alert, names, headline, language),
        action="" if over else action,
        was=together(headline, names) if over else "",
        times=_times(alert, look, system.config.agency.timezone, language),
        source=info.sender_name or system.config.agency.name,
        drill=drill_label(alert.mode, language),
        link=permanent(system, alert),
        language=language,
        scene=_scene(known, alert, key or look) if danger else None,
    )


def _look(connection: Connection, alert: Alert, info: Info) -> str:
    """Its level while it holds, afterwards how it ended, as the page says it: "sent in error" only where somebody said
    so, and "lifted" not of what goes on for some zones."""
    over = alert.state in OVER
    known = alert.content.template == IN_ERROR or (
        alert.state is State.CANCELLED and alert.id in versions.in_error(connection, IN_ERROR)
    )
    held = over and alert.id in _went_on(connection)
    told = face((alert.state if over else State.LIVE).value, alert.ending, known, held)
    if told != State.LIVE:
        return told
    return str(level(info.urgency, info.severity, info.certainty, info.response_types))


def _went_on(connection: Connection) -> set[str]:
    """Ids of all alerts from which a danger came that is live now."""
    live = (alert for alert in store.in_states(connection, State.LIVE) if alert.ending not in ALL_CLEAR)
    return set(store.ancestors(connection, sorted({old for alert in live for old in alert.replaces})))


def _cleared(connection: Connection, alert: Alert, look: str) -> Mapping[str, str] | None:
    """What was declared when it was lifted, by language."""
    if look != "lifted":
        return None
    said = declared_by(alert) if alert.ending == "lifted" else declared(connection).get(alert.id, "")
    return clearings().get(said)


def _words(alert: Alert, info: Info, language: str, label: str, names: Sequence[str]) -> tuple[str, str]:
    """(headline, what to do); in a language that nobody wrote, what the template says in it. Without the exercise's
    word, which stands on the card by itself."""
    own, drill = primary(info.language), drill_label(alert.mode, info.language)
    if own != primary(language) and (found := _typed(alert, language, label, names)):
        return found
    headline = info.headline or info.event
    if drill:
        headline = headline.removeprefix(f"{drill}:").removesuffix(drill).strip()
    action = sentences(info.instruction, ACTION_LENGTH) or sentences(info.instruction, 2 * ACTION_LENGTH)
    return headline, "" if action.strip(" .").casefold() in NOTHING else action


def _typed(alert: Alert, language: str, label: str, names: Sequence[str]) -> tuple[str, str] | None:
    try:
        spec = load(alert.content.template).spec
    except (Invalid, ConfigError):  # the template was taken away since
        return None
    own = typed(spec, alert.content.fields, ()).get(primary(language), {})
    event = label or own.get("event", "")
    if not event:
        return None
    action = own.get("action", "")
    said = listed(names, language)
    return f"{event}: {said}" if said else event, action and f"{action}{FULL_STOPS.get(language.split('-')[0], '.')}"


def _over(system: System, alert: Alert, info: Info, look: str, language: str) -> str:
    """That it holds no more, in the page's words; nothing where its own words say so. An all clear stays one when its
    time has run out."""
    ended = alert.state in OVER and not (alert.ending in ALL_CLEAR and alert.state is State.EXPIRED)
    wordless = look == "called_off" and info.description in TAKEN_BACK.values()
    if not (ended or wordless):
        return ""
    said, agency = strings(language), system.config.agency
    source = agency.contact or agency.other_source or said["the_agency"]
    return said[f"{look}_text"].format(source=source, agency=agency.name, issuer=info.sender_name or agency.name)


def _names(known: Sequence[Place], alert: Alert) -> tuple[str, ...]:
    named = {place.id: place.name for place in known}
    return tuple(named[zone] for zone in alert.zones if zone in named)


def _where(alert: Alert, names: Sequence[str], headline: str, language: str) -> str:
    """Nothing where the author named a place of their own: it stands in the headline."""
    document = alert.content.template == "cap" or not names
    areas = [area.description for area in alert.content.areas if area.description] if document else []
    return "" if alert.content.fields.get("place") else where(headline, names, areas, language)


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
    if look not in DANGER:
        return issued
    if alert.until_lifted or alert.expires is None:
        return f"{said['until_lifted']} · {issued}"
    return said["until"].format(time=when(alert.expires, timezone, language))


def _scene(known: Sequence[Place], alert: Alert, kind: str) -> Scene:
    """Its area on the zones' map. An ending has none: a painted area is read as danger."""
    zones = [{"id": p.id, "name": p.name, "shape": outline(p.shape)[0]} for p in known]
    areas = [{"geometry": geometry(area)} for area in alert.content.areas]
    return Scene(chart(json.dumps(zones)), kind, {"zones": list(alert.zones), "areas": areas})
