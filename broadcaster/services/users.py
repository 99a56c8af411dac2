"""People who log in: adding them, a second factor, and proving who somebody is.

``verify`` is the one place where passwords and codes are compared; console and command line both come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.exc import IntegrityError

from broadcaster.accounts import passwords, people
from broadcaster.accounts.factors import OnceTotp
from broadcaster.accounts.people import Person
from broadcaster.domain import lockout
from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused, Unauthenticated
from broadcaster.services import audit
from broadcaster.services.system import Actor, System

WRONG = "this e-mail, password or code is not right"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, shown once: the otpauth address and the secret in base 32."""

    uri: str
    secret: str


def clean_email(text: str) -> str:
    """An e-mail in lower case. Raises Invalid. Asks nobody on the network."""
    try:
        checked = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Invalid("email", f"{text!r} is no e-mail address: {error}") from error
    return checked.normalized.lower()


def add(
    system: System, actor: Actor, email: str, password: str, roles: Sequence[str], phone: str | None = None
) -> Person:
    """Add a person. Raises Invalid for a short password or unknown role, Refused where the e-mail is taken."""
    email = clean_email(email)
    _check(password, roles)
    hashed = passwords.hash_password(password)
    at = system.now()
    try:
        with system.database.write() as connection:
            if people.find(connection, email) is not None:
                raise Refused("user_exists", f"{email} has a login already")
            people.insert(connection, email, hashed, roles, phone, at)
            audit.record(system, connection, actor, "user.add", email, at, roles=sorted(set(roles)))
    except IntegrityError as error:  # two at once: PostgreSQL lets both look before either writes
        raise Refused("user_exists", f"{email} has a login already, or was added this moment") from error
    return find(system, email)


def find(system: System, email: str) -> Person:
    """The person of that e-mail. Raises NotFound."""
    with system.database.read() as connection:
        person = people.find(connection, email)
    if person is None:
        raise NotFound("user", f"nobody has the e-mail {email}")
    return person


def enroll(system: System, actor: Actor, email: str) -> Enrolment:
    """Give a person a new TOTP secret as second factor; codes of an older one stop working."""
    person = find(system, email)
    factory = _totp(system)
    secret = factory.generate_totp_secret()
    at = system.now()
    with system.database.write() as connection:
        people.enroll(connection, person.id, secret)
        audit.record(system, connection, actor, "user.enroll", person.email, at)
    return Enrolment(factory.get_totp_uri(person.email, secret), factory.get_totp_b32_key(secret))


def verify(system: System, email: str, password: str, factor: str, origin: str) -> Actor:
    """The person behind e-mail, password and, where one is enrolled, second factor; a verified Actor.

    Raises Forbidden("locked") after too many tries, Unauthenticated otherwise, alike for every mistake.
    """
    email = email.strip().lower()
    _begin_try(system, email)
    with system.database.read() as connection:
        person = people.find(connection, email)
    right = passwords.matches(person.password if person else None, password)
    if person is None or not right or not person.active or not _factor_right(system, person, factor):
        _failed(system, email, origin)
        raise Unauthenticated("credentials", WRONG)
    with system.database.write() as connection:
        people.forget_failures(connection, email)
    return Actor(person.email, origin, person.roles, verified=True)


def _begin_try(system: System, email: str) -> None:
    now = system.now()
    with system.database.write() as connection:
        known = people.failures(connection, email, now)
        if lockout.locked(known, now):
            raise Forbidden("locked", "too many wrong tries for this account; wait 15 minutes")
        people.remember_failures(connection, email, lockout.after_try(known, now))


def _failed(system: System, email: str, origin: str) -> None:
    """A wrong try that closes the account leaves a trace; the others are only counted."""
    now = system.now()
    with system.database.write() as connection:
        known = people.failures(connection, email, now)
        if lockout.locked(known, now):
            audit.record(system, connection, Actor(email, origin), "user.locked", email, now, tries=known.count)


def _factor_right(system: System, person: Person, factor: str) -> bool:
    if person.totp is None:
        return True
    return _totp(system).verify_once(factor.strip(), person.totp, person.id, system.now())


def _totp(system: System) -> OnceTotp:
    def claim(user_id: int, counter: int) -> bool:
        with system.database.write() as connection:
            return people.claim_counter(connection, user_id, counter)

    return OnceTotp(system.settings.secret_key, system.config.agency.name.replace(":", " "), claim)


def _check(password: str, roles: Sequence[str]) -> None:
    if len(password) < passwords.MIN_LENGTH:
        raise Invalid("password", f"a password needs at least {passwords.MIN_LENGTH} characters")
    unknown = set(roles) - set(people.ROLES)
    if unknown or not roles:
        raise Invalid("role", f"roles are {', '.join(people.ROLES)}; not {', '.join(sorted(unknown)) or 'none'}")
