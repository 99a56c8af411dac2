"""Words that mean one thing everywhere: levels, evacuation levels, endings, drill labels, orders of magnitude.

Sources: the house's look (level from urgency, certainty, severity and response together), California's standard
statewide evacuation terminology, Oregon's three levels. Pure tables and the few decisions on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from broadcaster.domain.alert import CapMessage, Certainty, Info, Mode, Severity, Urgency
from broadcaster.domain.language import primary

Words = Mapping[str, str]  # language -> words; "es_plain": the hand-made variant inside GSM-7, for SMS


class Level(StrEnum):
    """How soon somebody must act, most pressing first (the order of this class is the order on the page)."""

    ACT_NOW = "act_now"
    ACT_SOON = "act_soon"
    BE_READY = "be_ready"
    BE_AWARE = "be_aware"

    @property
    def order(self) -> int:
        """0 is the most pressing."""
        return list(Level).index(self)


LEVEL_WORDS: Mapping[Level, Words] = {
    Level.ACT_NOW: {"en": "Act now", "es": "Actúe ahora"},
    Level.ACT_SOON: {"en": "Act soon", "es": "Actúe pronto"},
    Level.BE_READY: {"en": "Be ready", "es": "Prepárese"},
    Level.BE_AWARE: {"en": "Be aware", "es": "Esté atento"},
}
LEVEL_SHAPES: Mapping[Level, str] = {
    Level.ACT_NOW: "octagon",
    Level.ACT_SOON: "triangle",
    Level.BE_READY: "triangle-outline",
    Level.BE_AWARE: "circle",
}
LEVEL_COLOURS: Mapping[Level, tuple[str, str]] = {  # background and text, 7:1 and more
    Level.ACT_NOW: ("#8B0000", "#FFFFFF"),
    Level.ACT_SOON: ("#8F3900", "#FFFFFF"),
    Level.BE_READY: ("#FFD84D", "#1A1A1A"),
    Level.BE_AWARE: ("#D6E4F5", "#0B2545"),
}
_GRAVE = frozenset({Severity.EXTREME, Severity.SEVERE})
_REAL = frozenset({Certainty.OBSERVED, Certainty.LIKELY})


def level(urgency: Urgency, severity: Severity, certainty: Certainty, responses: Iterable[str] = ()) -> Level:
    """The level, the first row of the table that fits. An all clear (and what is past) only informs.

    Never from severity alone: a watch is Extreme and Future, hence "Be ready".
    """
    if "AllClear" in set(responses) or urgency == Urgency.PAST:
        return Level.BE_AWARE
    if urgency == Urgency.IMMEDIATE and severity in _GRAVE and certainty in _REAL:
        return Level.ACT_NOW
    if urgency == Urgency.EXPECTED and severity in _GRAVE:
        return Level.ACT_SOON
    if urgency == Urgency.IMMEDIATE and severity == Severity.MODERATE:
        return Level.ACT_SOON
    if urgency == Urgency.FUTURE or certainty == Certainty.POSSIBLE or severity == Severity.MODERATE:
        return Level.BE_READY
    return Level.BE_AWARE


def pressing(message: CapMessage) -> Level:
    """The most pressing level of a message's infos."""
    return most_pressing(message.infos or (Info(),))


def most_pressing(infos: Iterable[Info]) -> Level:
    """The most pressing level of some infos; "Be aware" of none."""
    found = (level(i.urgency, i.severity, i.certainty, i.response_types) for i in infos)
    return min(found, key=lambda one: one.order, default=Level.BE_AWARE)


@dataclass(frozen=True, slots=True)
class EvacuationLevel:
    """One step of a place's evacuation words: the lawful name, its sentence, colours of the label."""

    key: str  # order, warning, shelter, lifted; Oregon: level3, level2, level1
    name: Words
    sentence: Words
    background: str
    text: str


_CALIFORNIA = (
    EvacuationLevel(
        "order",
        {"en": "Evacuation order", "es": "Orden de evacuación", "es_plain": "Orden de evacuacion"},
        {
            "en": "Immediate threat to life. This is a lawful order to leave now. "
            "The area is lawfully closed to public access.",
            "es": "Amenaza inmediata para la vida. Esta es una orden legal de salir ahora. "
            "El área está legalmente cerrada al público.",
        },
        "#B00020",
        "#FFFFFF",
    ),
    EvacuationLevel(
        "warning",
        {"en": "Evacuation warning", "es": "Advertencia de evacuación", "es_plain": "Advertencia de evacuacion"},
        {
            "en": "Potential threat to life and/or property. Those who require additional time to evacuate "
            "and those with pets and livestock should leave now.",
            "es": "Posible amenaza para la vida o la propiedad. Quienes necesiten más tiempo para evacuar "
            "y quienes tengan mascotas o ganado deben salir ahora.",
        },
        "#FFD400",
        "#1A1A1A",
    ),
    EvacuationLevel(
        "shelter",
        {"en": "Shelter in place", "es": "Refugiarse en el lugar"},
        {
            "en": "Go indoors. Shut and lock doors and windows. Prepare to stay until you are told otherwise.",
            "es": "Entre a un lugar cerrado. Cierre puertas y ventanas. Quédese hasta nuevo aviso.",
        },
        "#5B2A86",
        "#FFFFFF",
    ),
    EvacuationLevel(
        "lifted",
        {"en": "Evacuation lifted", "es": "Evacuación levantada", "es_plain": "Evacuacion levantada"},
        {"en": "It is safe to return.", "es": "Es seguro regresar."},
        "#0F5A2A",
        "#FFFFFF",
    ),
)
_OREGON = (
    EvacuationLevel(
        "order",
        {"en": "Level 3: Go now", "es": "Nivel 3: Váyase ahora", "es_plain": "Nivel 3: Salga ahora"},
        {
            "en": "Leave immediately. Danger in the area is current or imminent. Do not stop to gather belongings.",
            "es": "Salga de inmediato. El peligro es actual o inminente. No se detenga a reunir pertenencias.",
        },
        "#B00020",
        "#FFFFFF",
    ),
    EvacuationLevel(
        "warning",
        {"en": "Level 2: Be set", "es": "Nivel 2: Esté preparado", "es_plain": "Nivel 2: Preparado"},
        {
            "en": "Be prepared to leave at a moment's notice. There is significant danger in your area.",
            "es": "Esté preparado para salir en cualquier momento. Hay un peligro importante en su área.",
        },
        "#FFD400",
        "#1A1A1A",
    ),
    EvacuationLevel(
        "ready",
        {"en": "Level 1: Be ready", "es": "Nivel 1: Esté listo", "es_plain": "Nivel 1: Listo"},
        {
            "en": "Be ready for the potential to evacuate. Residents should be aware of the danger in the area.",
            "es": "Esté listo para una posible evacuación. Infórmese del peligro que existe en el área.",
        },
        "#2E7D32",
        "#FFFFFF",
    ),
    EvacuationLevel(
        "lifted",
        {"en": "Evacuation lifted", "es": "Evacuación levantada", "es_plain": "Evacuacion levantada"},
        {"en": "It is safe to return.", "es": "Es seguro regresar."},
        "#0F5A2A",
        "#FFFFFF",
    ),
)
EVACUATION_LEVELS: Mapping[str, Mapping[str, EvacuationLevel]] = {
    "california": {step.key: step for step in _CALIFORNIA},
    "oregon": {step.key: step for step in _OREGON},
}


@dataclass(frozen=True, slots=True)
class Ending:
    """One of the ways a message ends; they look and read differently everywhere."""

    state: str
    words: Words
    background: str
    text: str
    shape: str


ENDINGS: Mapping[str, Ending] = {
    "lifted": Ending(
        "lifted",
        {"en": "Lifted", "es": "Levantada"},  # what was declared with it stands in the template ``lifted``
        "#0F5A2A",
        "#FFFFFF",
        "tick",
    ),
    "expired": Ending(
        "expired",
        {
            "en": "Expired: not declared safe",
            "es": "Vencida: no se ha declarado seguro",
        },
        "#575757",
        "#FFFFFF",
        "open-circle",
    ),
    "cancelled": Ending(
        "cancelled",
        {"en": "Sent in error: no danger", "es": "Enviada por error: no hay peligro"},
        "#1F4E9C",
        "#FFFFFF",
        "crossed",
    ),
    "called_off": Ending(  # an issuer's Cancel: it may have ended early, been replaced, or been wrong
        "cancelled",
        {
            "en": "Cancelled by its issuer: not declared safe",
            "es": "Cancelada por su emisor: no se ha declarado seguro",
        },
        "#575757",
        "#FFFFFF",
        "bar",
    ),
    "superseded": Ending("superseded", {"en": "Replaced", "es": "Reemplazada"}, "#E6E6E6", "#1A1A1A", "link"),
}
# Background and text of the band that a level or an ending has on cards and mails; the page's style sheet has them too.
BANDS: Mapping[str, tuple[str, str]] = {
    **{str(level): pair for level, pair in LEVEL_COLOURS.items()},
    **{name: (ending.background, ending.text) for name, ending in ENDINGS.items()},
}

TAKEN_BACK: Words = {
    "en": "Its issuer has cancelled it. Nobody here has declared it safe.",
    "es": "Su emisor la ha cancelado. Nadie aquí ha declarado que sea seguro.",
}
IN_ERROR = "sent_in_error"  # the one template whose Cancel says that there never was a danger

DRILL_LABELS: Mapping[Mode, Words] = {
    Mode.EXERCISE: {
        "en": "EXERCISE",
        "es": "SIMULACRO",
        "fr": "EXERCICE",
        "vi": "DIỄN TẬP",
        "zh": "演习",
        "ar": "تمرين",
    },
    Mode.TEST: {"en": "TEST", "es": "PRUEBA", "fr": "ESSAI", "vi": "THỬ NGHIỆM", "zh": "测试", "ar": "اختبار"},
}


def taken_back(info: Info) -> Info:
    """A warning's words for the Cancel that came without any: what it was, and never again what to do about it."""
    words = TAKEN_BACK.get(primary(info.language), TAKEN_BACK["en"])
    return replace(info, description=words, instruction="", response_types=())


def drill_label(mode: Mode, language: str) -> str:
    """The word that stands first and last in every text of a drill; empty for the real thing."""
    words = DRILL_LABELS.get(mode)
    return "" if words is None else words.get(primary(language), words["en"])


_MAGNITUDES: tuple[tuple[int, str], ...] = (
    (1, "nobody"),
    (10, "a few people"),
    (100, "dozens of people"),
    (1_000, "hundreds of people"),
    (10_000, "thousands of people"),
    (100_000, "tens of thousands of people"),
    (1_000_000, "hundreds of thousands of people"),
)


def magnitude(people: int) -> str:
    """The order of magnitude in words, for the sentence an approver ticks: 5000 -> "thousands of people"."""
    return next((words for below, words in _MAGNITUDES if people < below), "millions of people")


def confirm_sentence(people: int, mode: Mode) -> str:
    """What an approver confirms; a drill never shares the sentence of the real thing."""
    if mode == Mode.ACTUAL:
        return f"I understand this will alert {magnitude(people)}."
    return f"{drill_label(mode, 'en')}: I understand this practice message goes to {magnitude(people)}."


def priority(
    template: str, responses: Iterable[str], urgency: Urgency, severity: Severity, certainty: Certainty
) -> int:
    """Which broadcast a sender serves first; smaller goes first. Evacuation overtakes everything, 0.

    Then a correction (somebody may be fleeing for nothing), then by level: 10 act now .. 40 be aware.
    """
    wanted = set(responses)
    if template.startswith("evacuation") or (wanted & {"Evacuate", "Shelter"} and urgency == Urgency.IMMEDIATE):
        return 0
    if template == IN_ERROR:
        return 5
    return 10 * (level(urgency, severity, certainty, wanted).order + 1)
