"""Subscribers as values: addresses made alike, and one line of a subscribers' file judged.

Phones become E.164 (libphonenumber's possible-number check: invented numbers must pass, cut ones must not),
e-mails lower case. Nothing here asks a network.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import Locale, get_global
from email_validator import EmailNotValidError, validate_email

from broadcaster.domain.alert import Mode

COLUMNS = ("phone", "email", "language", "zones", "channels")
OPTIONAL = ("groups", "consent_at", "consent_source")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_WRONG = {
    phonenumbers.ValidationResult.TOO_SHORT: "is too short",
    phonenumbers.ValidationResult.TOO_LONG: "is too long",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "has no such country code",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "has no area code",
}


def groups_of(mode: Mode, exercise_group: str) -> tuple[str, ...]:
    """Whom a mode is kept to: subscribers of these groups, or everybody where there are none.

    A drill is never for the public by accident: with ``exercise_group`` set, it reaches that group alone.
    """
    return (exercise_group,) if mode != Mode.ACTUAL and exercise_group else ()


class BadRow(ValueError):
    """Why a line of a file, or an address, cannot be taken; the text is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """A person as a file names them. At least one of ``phone`` and ``email`` is there."""

    phone: str | None
    email: str | None
    language: str
    zones: frozenset[str]
    channels: frozenset[str]
    groups: tuple[str, ...] = ()
    consent_at: datetime | None = None
    consent_source: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a line is judged by: the agency's region, languages and time zone, and the names that exist.

    ``channels`` maps names of channels that reach people to the address they need: phone or email.
    """

    region: str
    languages: tuple[str, ...]
    timezone: str
    zones: Collection[str]
    channels: Mapping[str, str]


def address_hash(key: str, address: str) -> str:
    """Hex HMAC-SHA256 of a normalised address: all that is kept of somebody who left."""
    return hmac.new(key.encode(), address.encode(), hashlib.sha256).hexdigest()


def kind_of(address: str) -> str:
    """Which of a subscriber's addresses a normalised one is: push (a browser's subscription), email or phone."""
    if address.startswith("{"):
        return "push"
    return "email" if "@" in address else "phone"


def masked(address: str) -> str:
    """An address as a screen or log may show it: enough to recognise one's own, too little to use."""
    if kind_of(address) == "push":
        return "browser •••"
    if kind_of(address) == "email":
        name, _, host = address.partition("@")
        return f"{name[:1]}•••@{host}"
    return f"{address[:2]}•••••{address[-4:]}" if len(address) > 6 else "•••"


def normal_phone(text: str, region: str) -> str:
    """E.164. Raises BadRow."""
    if re.search(r"[^\W\d_]", text):
        raise BadRow(f"phone {text!r} holds letters")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise BadRow(f"phone {text!r} is no phone number") from error
    wrong = _WRONG.get(phonenumbers.is_possible_number_with_reason(number))
    if wrong or not phonenumbers.is_possible_number(number):
        raise BadRow(f"phone {text!r} {wrong or 'is no phone number'}")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def normal_email(text: str) -> str:
    """Lower case. Raises BadRow."""
    try:
        checked = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise BadRow(f"email {text!r} is no e-mail address") from error
    if "." not in checked.ascii_domain:
        raise BadRow(f"email {text!r} has no whole host after the @; write all of it, as name@example.org")
    return checked.normalized.lower()


def language_of(text: str, languages: tuple[str, ...]) -> str:
    """The agency's own spelling where it has the language (or its first part), else the tag as written.

    Raises BadRow for what is no tag, and for two letters that are no language (as jp, cn, sp): their person would be
    told in another language for ever. Of three letters there are thousands, so those are taken.
    """
    if not text:
        return languages[0]
    if not _LANGUAGE.fullmatch(text):
        raise BadRow(f"language {text!r} is no language tag such as en or es")
    by_lower = {language.lower(): language for language in languages}
    for candidate in (text.lower(), text.lower().split("-")[0]):
        if candidate in by_lower:
            return by_lower[candidate]
    first = text.lower().split("-")[0]
    if len(first) == 2 and first not in _codes():
        raise BadRow(f"language {text!r} is no language code; write one of ISO 639, such as en, es, vi, zh, ja or tl")
    return text.lower()


@functools.cache
def _codes() -> frozenset[str]:
    """Codes of languages that CLDR knows, older ones too."""
    return frozenset(Locale("en").languages) | frozenset(get_global("language_aliases"))


def parse_row(row: Mapping[str, str], known: Known) -> NewSubscriber:
    """One line of a subscribers' file. Raises BadRow with the reason."""
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS + OPTIONAL}
    phone = normal_phone(cells["phone"], known.region) if cells["phone"] else None
    email = normal_email(cells["email"]) if cells["email"] else None
    if phone is None and email is None:
        raise BadRow("neither phone nor email")
    channels = frozenset(_parts(cells["channels"]))
    _channels_reach(channels, known.channels, {"phone": phone, "email": email})
    return NewSubscriber(
        phone,
        email,
        language_of(cells["language"], known.languages),
        _zones(cells["zones"], known.zones),
        channels,
        tuple(dict.fromkeys(_parts(cells["groups"]))),
        _moment(cells["consent_at"], known.timezone),
        cells["consent_source"],
    )


def _parts(cell: str) -> list[str]:
    return [part for raw in cell.split(";") if (part := raw.strip())]


def _zones(cell: str, known: Collection[str]) -> frozenset[str]:
    zones = frozenset(_parts(cell))
    if not zones:
        raise BadRow("no zone: alerts go to zones, so this person would never hear anything")
    unknown = sorted(zones - set(known))
    if unknown:
        raise BadRow(f"unknown zone {', '.join(unknown)}")
    return zones


def _channels_reach(chosen: frozenset[str], known: Mapping[str, str], have: Mapping[str, str | None]) -> None:
    for name in sorted(chosen):
        if name not in known:
            raise BadRow(f"unknown channel {name}, or one that does not reach people")
        if known[name] and have.get(known[name]) is None:
            raise BadRow(f"channel {name} needs a {known[name]}")


def _moment(cell: str, timezone: str) -> datetime | None:
    if not cell:
        return None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError as error:
        raise BadRow(f"consent_at {cell!r} is no date such as 2026-05-01 or 2026-05-01T12:00:00Z") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone))
    return moment.astimezone(UTC)
