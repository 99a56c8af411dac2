"""Telling our own people that something waits for them: whom, when, in what words. Pure.

Rules (rules.md section 3): the approvers on duty at once, the next after N minutes, once per person and step, never a
flood; an override is told to everybody with a role; a drill says so first and last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from broadcaster.domain.alert import Mode
from broadcaster.domain.language import primary
from broadcaster.domain.wording import drill_label

LINK = "<link>"  # stands in a written notice for the address, which is signed for its reader when it is sent
APART = timedelta(seconds=60)  # texts to one person: what comes sooner waits and comes together
GIVEN_UP = timedelta(hours=1)  # a notice that could not be sent for so long is no news any more
MOST_TRIES = 6
MOST_RESENDS = 2  # of one whose outcome nobody knows
SILENT = timedelta(seconds=15)  # a try that was begun and says nothing for so long: its process is gone
FOUND_TWICE = timedelta(seconds=10)  # "not found" must hold twice, so far apart (as for deliveries)
UNHEARD = timedelta(minutes=2)  # sent or to be sent, and not confirmed for so long: nobody may count on it
RINGING = frozenset(
    {
        "channel",
        "review_due",
        "rule_limit",
        "feed",
        "feed_health",
        "switch",
        "shortfall",
        "people",
        "rule_held",
        "rule_disarmed",
        "rules_file",
    }
)


class Kind(StrEnum):
    """What a notice is about; the first word of its ``about``."""

    REVIEW = "review"
    OVERRIDE = "override"
    RELEASE = "release"
    ALARM = "alarm"
    ACCOUNT = "account"


ALONE = (Kind.OVERRIDE, Kind.RELEASE, Kind.ACCOUNT)  # never waits, and never shares a message with others


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who can be told. ``addresses``: channel name -> address, empty where none fits."""

    email: str
    order: int
    roles: frozenset[str]
    language: str
    addresses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice says: the headline (of an account: a name of ``CHANGES``), who did it, what for, and its mode.

    ``about``: an alarm's kind.
    """

    headline: str
    by: str = ""
    reason: str = ""
    mode: Mode = Mode.ACTUAL
    parts: int = 1
    about: str = ""


# --- whom and when ----------------------------------------------------------------------------------------------
def groups(people: Iterable[Told], submitter: str | None) -> list[list[Told]]:
    """Who is told of a review at each step: by their order, those alike together; never its submitter, who may not
    decide, and nobody who cannot be reached."""
    able = [p for p in people if p.addresses and p.email.casefold() != (submitter or "").casefold()]
    return [[p for p in able if p.order == order] for order in sorted({p.order for p in able})]


def steps_due(submitted: datetime, now: datetime, minutes: int, known: int) -> int:
    """How many of ``known`` steps are due: the first at once, each next ``minutes`` later."""
    passed = int((now - submitted) / timedelta(minutes=minutes))
    return max(0, min(known, passed + 1))


def unanswered(submitted: datetime, now: datetime, minutes: int, known: int) -> bool:
    """Was the last step told, and its time is over too?"""
    return now - submitted >= timedelta(minutes=minutes * max(1, known))


def must_wait(kind: Kind, last: datetime | None, now: datetime) -> bool:
    """Is this too soon after the last one to the same person? What is on air already, or what a thief may have done,
    never waits."""
    return kind not in ALONE and last is not None and now - last < APART


# --- what became of a try -----------------------------------------------------------------------------------------
def after_refusal(tries: int, age: timedelta, permanent: bool) -> str:
    """The state after a provider's no: tried again while that can help, else failed."""
    return "failed" if permanent or tries >= MOST_TRIES or age >= GIVEN_UP else "queued"


def pause(tries: int, retry_after: float | None) -> timedelta:
    """How long until the next try: what the provider asks for, else 5, 10, 20 s ..."""
    wanted = retry_after if retry_after is not None else 5.0 * 2 ** max(0, tries - 1)
    return timedelta(seconds=min(300.0, wanted))


def may_have_told(state: str, age: timedelta) -> bool:
    """Was its person told by a notice in this state, or may they still be?"""
    return state == "delivered" or (state not in ("failed", "dropped") and age < UNHEARD)


def after_doubt(tries: int, age: timedelta) -> str:
    """Nobody knows whether it went out, and nobody can tell: rather twice than never, within bounds."""
    return "queued" if tries <= MOST_RESENDS and age < GIVEN_UP else "failed"


# --- words ------------------------------------------------------------------------------------------------------
_WAITS = {
    "en": "{agency}: waits for your approval: {headline}. From {by}. {link}",
    "es": "{agency}: espera su aprobacion: {headline}. De {by}. {link}",
}
_WAITS_MORE = {
    "en": "{agency}: {parts} alerts wait for your approval together: {headline}. From {by}. {link}",
    "es": "{agency}: {parts} alertas esperan juntas su aprobacion: {headline}. De {by}. {link}",
}
_ALONE = {
    "en": "{agency}: released by {by} alone: {headline}. Reason: {reason}. A second person must sign: {link}",
    "es": "{agency}: enviada por {by} sin otra persona: {headline}. Motivo: {reason}. Otra persona debe firmar: {link}",
}
_BY_RULE = {
    "en": "{agency}: the rule {by} released by itself: {headline}. Read it, and stop it if it is wrong: {link}",
    "es": "{agency}: la regla {by} envio sin personas: {headline}. Leala, y detengala si hay error: {link}",
}
_ALARM = {"en": "{agency}: alarm: {headline} {link}", "es": "{agency}: alarma: {headline} {link}"}
_TOGETHER = {
    "en": "{agency}: {n} things wait for you: {headlines}. {link}",
    "es": "{agency}: {n} asuntos le esperan: {headlines}. {link}",
}
_SUBJECT = {
    Kind.REVIEW: {"en": "Waits for approval: {headline}", "es": "Espera aprobación: {headline}"},
    Kind.OVERRIDE: {"en": "Released by one person: {headline}", "es": "Enviada por una sola persona: {headline}"},
    Kind.RELEASE: {"en": "Released by a rule: {headline}", "es": "Enviada por una regla: {headline}"},
    Kind.ALARM: {"en": "Alarm: {headline}", "es": "Alarma: {headline}"},
    Kind.ACCOUNT: {"en": "Your login was changed", "es": "Su acceso cambió"},
}
_CHANGED = {
    "en": "{agency}: {change}. If this was not you, tell an admin at once, and look at your account: {link}",
    "es": "{agency}: {change}. Si no fue usted, avise enseguida a un administrador y revise su cuenta: {link}",
}
CHANGES = {  # what can be changed about somebody's way in, in words without accents: a text stays one part
    "password": {"en": "the password of your login was changed", "es": "se cambio la clave de su acceso"},
    "reset": {
        "en": "an admin gave your login a new first password",
        "es": "un administrador dio a su acceso una nueva primera clave",
    },
    "app": {"en": "an app was made your second factor", "es": "una app es ahora su segundo factor"},
    "app_off": {"en": "your app is no second factor any more", "es": "su app ya no es su segundo factor"},
    "passkey": {"en": "a passkey was added to your login", "es": "se agrego una llave de acceso a su cuenta"},
    "passkey_off": {"en": "a passkey of your login was removed", "es": "se quito una llave de acceso de su cuenta"},
    "codes": {"en": "new recovery codes were made for your login", "es": "se crearon codigos de recuperacion nuevos"},
    "code_used": {
        "en": "somebody logged in to your account with a recovery code",
        "es": "alguien entro en su cuenta con un codigo de recuperacion",
    },
    "factors_off": {
        "en": "an admin took the second factors off your login",
        "es": "un administrador quito los segundos factores de su acceso",
    },
    "phone": {
        "en": "the telephone that gets your notices was changed",
        "es": "se cambio el telefono que recibe sus avisos",
    },
}
_ALARMS = {  # the domain says alarms in English; what rings is said in the reader's language before that
    "channel": {"es": "un canal necesita a alguien"},
    "review_due": {"es": "hay que confirmar si una alerta sigue en vigor"},
    "rule_limit": {"es": "una regla automatica llego a su limite"},
    "feed": {"es": "una fuente trajo algo que alguien debe mirar"},
    "rule_held": {"es": "lo que una regla no pudo enviar espera a alguien"},
    "rule_disarmed": {"es": "una regla ya no envia por si sola"},
    "rules_file": {"es": "no se puede leer el archivo de las reglas"},
    "feed_health": {"es": "una fuente de avisos no esta bien"},
    "switch": {"es": "algo esta detenido"},
    "shortfall": {"es": "los mensajes de una alerta activa no llegan"},
    "people": {"es": "alguien debe mirar un cambio de permisos"},
}
LONGEST_HEADLINE = 90  # in a text, so that the link is never what is cut
LONGEST_REASON = 120


def text(kind: Kind, agency: str, facts: Facts, language: str) -> str:
    """What is said, in one paragraph; ``LINK`` stands where the address will."""
    forms = {
        Kind.REVIEW: _WAITS if facts.parts == 1 else _WAITS_MORE,
        Kind.OVERRIDE: _ALONE,
        Kind.RELEASE: _BY_RULE,
        Kind.ALARM: _ALARM,
        Kind.ACCOUNT: _CHANGED,
    }[kind]
    said = in_language(forms, language).format(
        agency=agency,
        headline=_headline(kind, facts, language),
        by=facts.by,
        reason=shortened(facts.reason, LONGEST_REASON).rstrip("."),
        parts=facts.parts,
        change=in_language(CHANGES.get(facts.headline, {"en": ""}), language),
        link=LINK,
    )
    return marked(said, facts.mode, language)


def alarm_words(about: str, words: str, language: str) -> str:
    """An alarm's words, with what it is in the reader's language before them."""
    said = _ALARMS.get(about, {}).get(primary(language), "")
    return f"{said}. {words}" if said else words


def _headline(kind: Kind, facts: Facts, language: str) -> str:
    if kind != Kind.ALARM:
        return shortened(facts.headline, LONGEST_HEADLINE)
    return shortened(alarm_words(facts.about, facts.headline, language), 2 * LONGEST_HEADLINE)


def subject(kind: Kind, facts: Facts, language: str) -> str:
    """The first line of a mail."""
    said = in_language(_SUBJECT[kind], language).format(
        headline=shortened(_headline(kind, facts, language), LONGEST_HEADLINE)
    )
    label = drill_label(facts.mode, language)
    return f"{label}: {said}" if label else said


def together(agency: str, headlines: Sequence[str], mode: Mode, language: str) -> str:
    """Several things for one person, told as one."""
    short = [shortened(one, LONGEST_HEADLINE // 2).rstrip(".") for one in headlines[:3]]
    more = "" if len(headlines) <= 3 else " ..."
    said = in_language(_TOGETHER, language).format(
        agency=agency, n=len(headlines), headlines="; ".join(short) + more, link=LINK
    )
    return marked(said, mode, language)


def marked(said: str, mode: Mode, language: str) -> str:
    """A drill says so first and last."""
    label = drill_label(mode, language)
    return f"{label}. {said} {label}" if label else said


def in_language(forms: Mapping[str, str], language: str) -> str:
    """The person's language, else English."""
    return forms.get(primary(language), forms["en"])


def shortened(words: str, most: int) -> str:
    """At most ``most`` characters, cut between words."""
    plain = " ".join(words.split())
    return plain if len(plain) <= most else plain[: most - 3].rsplit(" ", 1)[0] + "..."
