"""What the page says in each language. A language without strings of its own gets the agency's first that has."""

from __future__ import annotations

from collections.abc import Mapping

Strings = Mapping[str, str]

STRINGS: Mapping[str, Strings] = {
    "en": {
        "language": "English",
        "title": "Alerts",
        "now": "Current alerts",
        "none": "No alerts from {agency} as of",
        "not_everything": "Not every danger appears here. In danger call {number}.",
        "call": "In danger call {number}.",
        "ended": "Ended in the last 24 hours",
        "until": "until {time}",
        "until_lifted": "In force until lifted",
        "confirmed": "last confirmed {time}",
        "issued": "Issued {time}",
        "ended_at": "Ended {time}",
        "holds": "This message holds until {time}. Look here for the next one.",
        "what_to_do": "What to do",
        "where": "Where",
        "contact": "Contact",
        "more": "More",
        "cap": "CAP file",
        "checked": "Page checked",
        "zones": "Is my place in it?",
        "zones_intro": "What holds in each zone now.",
        "zone_none": "No alert from {agency} holds here as of",
        "archive": "All alerts so far",
        "archive_empty": "No alert has been issued yet.",
        "home": "Current alerts",
        "feed": "Atom feed",
        "data": "Data",
        "get_alerts": "Get alerts by text",
        "skip": "Skip to the alerts",
        "replaced_by": "Replaced by",
        "replaces": "Replaces an earlier alert",
        "read_it": "read it",
        "expired_text": "Its time has run out. Nobody has declared it safe. Ask {source} before you go back.",
        "lifted_text": "It was lifted by {agency}.",
        "cancelled_text": "It was sent in error. There is no danger from what it said.",
        "called_off_text": "{issuer} has cancelled it, perhaps because it ended early. "
        "Nobody here has declared it safe. Ask {source}.",
        "superseded_text": "A newer alert took its place.",
        "partial_text": "This alert no longer holds here. Read what replaced it.",
        "details_in": "Details are in another language.",
        "issued_by": "Issued by {issuer}, in its own words",
        "simulation": "SIMULATION: nothing leaves this machine",
        "missing": "There is no such page",
        "missing_text": "An alert keeps its address for ever, so this one was never there.",
        "stale": "This page may be out of date. It was last checked at",
        "stale_source": "Ask {source}.",
        "the_agency": "the agency",
        "level": "Level",
        "status_none": "No alert",
        "pause": "Pause updates",
        "resume": "Resume updates",
    },
    "es": {
        "language": "Español",
        "title": "Alertas",
        "now": "Alertas vigentes",
        "none": "No hay alertas de {agency} a la hora",
        "not_everything": "No todos los peligros aparecen aquí. Si está en peligro, llame al {number}.",
        "call": "Si está en peligro, llame al {number}.",
        "ended": "Terminadas en las últimas 24 horas",
        "until": "hasta {time}",
        "until_lifted": "Vigente hasta que se levante",
        "confirmed": "confirmada por última vez: {time}",
        "issued": "Emitida: {time}",
        "ended_at": "Terminó: {time}",
        "holds": "Este mensaje vale hasta {time}. Busque aquí el siguiente.",
        "what_to_do": "Qué hacer",
        "where": "Dónde",
        "contact": "Contacto",
        "more": "Más información",
        "cap": "Archivo CAP",
        "checked": "Página verificada",
        "zones": "¿Está mi lugar incluido?",
        "zones_intro": "Lo que rige ahora en cada zona.",
        "zone_none": "No rige aquí ninguna alerta de {agency} a la hora",
        "archive": "Todas las alertas hasta ahora",
        "archive_empty": "Todavía no se ha emitido ninguna alerta.",
        "home": "Alertas vigentes",
        "feed": "Canal Atom",
        "data": "Datos",
        "get_alerts": "Reciba alertas por mensaje de texto",
        "skip": "Ir a las alertas",
        "replaced_by": "Reemplazada por",
        "replaces": "Reemplaza una alerta anterior",
        "read_it": "léala",
        "expired_text": "Su plazo terminó. Nadie ha declarado que sea seguro. Pregunte a {source} antes de volver.",
        "lifted_text": "Fue levantada por {agency}.",
        "cancelled_text": "Se envió por error. No hay peligro por lo que decía.",
        "called_off_text": "{issuer} la ha cancelado, quizás porque terminó antes. "
        "Nadie aquí ha declarado que sea seguro. Pregunte a {source}.",
        "superseded_text": "Una alerta más nueva la reemplazó.",
        "partial_text": "Esta alerta ya no rige aquí. Lea la que la reemplazó.",
        "details_in": "Los detalles están en otro idioma.",
        "issued_by": "Emitida por {issuer}, en sus propias palabras",
        "simulation": "SIMULACIÓN: nada sale de esta máquina",
        "missing": "No existe esa página",
        "missing_text": "Una alerta conserva su dirección para siempre; esta nunca existió.",
        "stale": "Esta página puede estar desactualizada. Se verificó por última vez a la hora",
        "stale_source": "Pregunte a {source}.",
        "the_agency": "la agencia",
        "level": "Nivel",
        "status_none": "Sin alerta",
        "pause": "Pausar actualizaciones",
        "resume": "Reanudar actualizaciones",
    },
}


def strings(language: str, fallback: str = "en") -> Strings:
    """The strings of a language, else of ``fallback``, else English."""
    base = language.split("-")[0]
    return STRINGS.get(base) or STRINGS.get(fallback) or STRINGS["en"]


def languages(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the agency's languages that the page speaks, in its order; English where it speaks none."""
    return tuple(language for language in wanted if language.split("-")[0] in STRINGS) or ("en",)
