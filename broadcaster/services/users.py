"""People who log in: adding them, a second factor, and proving who somebody is.

``verify`` and ``reverify`` are the one place where passwords and codes are compared; console and command line both come
here, and guesses at either door are counted together. Passkeys are ``services.passkeys``: nobody guesses a signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.exc import IntegrityError

from broadcaster.accounts import passwords, people, recovery
from broadcaster.accounts.factors import OnceTotp
from broadcaster.accounts.people import Person
from broadcaster.domain import lockout
from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused, Unauthenticated
from broadcaster.services import audit, notices
from broadcaster.services.system import Actor, System

WRONG = "this e-mail, password or code is not right"
WRONG_AGAIN = "this password, code or passkey is not right"


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


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be added."""

    email: str
    password: str
    roles: Sequence[str]
    phone: str | None = None


def add(
    system: System, actor: Actor, email: str, password: str, roles: Sequence[str], phone: str | None = None
) -> Person:
    """Add a person. Raises Invalid for a short password or unknown role, Refused where the e-mail is taken."""
    [added] = add_all(system, actor, [NewPerson(email, password, roles, phone)])
    return added


def add_all(system: System, actor: Actor, new: Sequence[NewPerson]) -> list[Person]:
    """Add all of them or nobody. Raises as ``add`` does."""
    emails = [clean_email(person.email) for person in new]
    for person, email in zip(new, emails, strict=True):
        check_password(system, email, person.password, at_shell=actor.origin.startswith("cli:"))
        check_roles(person.roles)
    hashed = [passwords.hash_password(person.password) for person in new]
    at = system.now()
    try:
        with system.database.write() as connection:
            for person, email, secret in zip(new, emails, hashed, strict=True):
                if people.find(connection, email) is not None:
                    raise Refused("user_exists", f"{email} has a login already")
                people.insert(connection, email, secret, person.roles, person.phone, at)
            for person, email in zip(new, emails, strict=True):
                audit.record(system, connection, actor, "user.add", email, at, roles=sorted(set(person.roles)))
    except IntegrityError as error:  # two at once: PostgreSQL lets both look before either writes
        text = f"{' or '.join(emails)} has a login already, or was added this moment"
        raise Refused("user_exists", text) from error
    return [find(system, email) for email in emails]


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
    factory = totp(system)
    secret = factory.generate_totp_secret()
    at = system.now()
    with system.database.write() as connection:
        people.enroll(connection, person.id, secret)
        notices.account_changed(system, connection, person.email, "app", at)
        audit.record(system, connection, actor, "user.enroll", person.email, at)
    return Enrolment(factory.get_totp_uri(person.email, secret), factory.get_totp_b32_key(secret))


def verify(system: System, email: str, password: str, factor: str, origin: str, *, mending: bool = False) -> Actor:
    """The person behind e-mail, password and, where one is enrolled, second factor; a verified Actor.

    ``factor`` is a code from the app or a recovery code, each good once. ``mending``: this leads only to where people
    mend their own access, see ``fit``. Raises Forbidden("locked") after too many tries, Unauthenticated otherwise,
    alike for every mistake.
    """
    email = email.strip().lower()
    _begin_try(system, email)
    with system.database.read() as connection:
        person = people.find(connection, email)
    right = passwords.matches(person.password if person else None, password)
    if person is None or not right or not _open(system, person) or not _factor_right(system, person, factor, origin):
        _failed(system, email, origin)
        raise Unauthenticated("credentials", WRONG)
    return proven(system, person, origin, mending)


def reverify(system: System, email: str, password: str, code: str, origin: str, *, mending: bool = False) -> Actor:
    """The person of a session, proven anew in one request: the password or a code from the app is enough.

    Counts tries with ``verify``, and raises as it does.
    """
    _begin_try(system, email)
    with system.database.read() as connection:
        person = people.find(connection, email)
    hashed = person.password if person else None
    right = bool(password) and passwords.matches(hashed, password)
    if person is None or not _open(system, person) or not (right or _code_right(system, person, code)):
        _failed(system, email, origin)
        raise Unauthenticated("credentials", WRONG_AGAIN)
    return proven(system, person, origin, mending)


def proven(system: System, person: Person, origin: str, mending: bool) -> Actor:
    """A verified Actor for somebody whose proof was right, by whatever means."""
    with system.database.write() as connection:
        people.forget_failures(connection, person.email)
    if not mending:
        fit(system, person)
    return Actor(person.email, origin, person.roles, verified=True)


def fit(system: System, person: Person) -> None:
    """May this person act at all? Not with a password that somebody else gave, and, where the policy asks approvers
    and admins for a second factor, not without one. Raises Forbidden."""
    if person.password_until is not None:
        raise Forbidden("own_password", "Set a password of your own first, under My account in the console.")
    if system.config.policy.require_second_factor and needs_factor(person):
        raise Forbidden("second_factor", "Here nobody approves without a second factor: enrol one under My account.")


def needs_factor(person: Person) -> bool:
    """Can they release or give power, with nothing beside a password?"""
    return bool(person.roles & {"approver", "admin"}) and not person.second_factor


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


def _open(system: System, person: Person) -> bool:
    return person.active and (person.password_until is None or system.now() < person.password_until)


def _factor_right(system: System, person: Person, factor: str, origin: str) -> bool:
    if not person.second_factor:
        return True
    if recovery.looks_like(factor):
        return _recovery_right(system, person, factor, origin)
    return _code_right(system, person, factor)


def _code_right(system: System, person: Person, code: str) -> bool:
    if person.totp is None or not code.strip():
        return False
    return totp(system).verify_once(code.strip(), person.totp, person.id, system.now())


def _recovery_right(system: System, person: Person, code: str, origin: str) -> bool:
    """Use one up, whoever else tries it at the same time."""
    with system.database.write() as connection:
        kept = list(people.row(connection, person.id, lock=True).mf_recovery_codes or [])
        place = recovery.place(system.settings.secret_key, kept, code)
        if place is None:
            return False
        del kept[place]
        people.change(connection, person.id, mf_recovery_codes=kept)
        notices.account_changed(system, connection, person.email, "code_used", system.now())
        who = Actor(person.email, origin)
        audit.record(system, connection, who, "user.recovery_used", person.email, system.now(), left=len(kept))
    return True


def totp(system: System) -> OnceTotp:
    """Codes of authenticator apps; each is used up in the record."""

    def claim(user_id: int, counter: int) -> bool:
        with system.database.write() as connection:
            return people.claim_counter(connection, user_id, counter)

    return OnceTotp(system.settings.secret_key, system.config.agency.name.replace(":", " "), claim)


def check_password(system: System, email: str, password: str, *, at_shell: bool = False) -> None:
    """Raises Invalid for a password nobody should use. At the shell, where scripts install an agency, one of 8
    characters is taken: whoever has the shell has the keys already; ``weakness`` is then for a warning."""
    short = len(password) < passwords.LEAST_LENGTH or len(password) > passwords.MAX_LENGTH
    wrong = weakness(system, email, password)
    if wrong and (short or not at_shell):
        raise Invalid("password", wrong)


def weakness(system: System, email: str, password: str) -> str:
    """Why this password is too easy for this person here; "" for a good one."""
    return passwords.weakness(password, [system.config.agency.name, email])


def check_roles(roles: Sequence[str]) -> None:
    """Raises Invalid for none, or an unknown one."""
    unknown = set(roles) - set(people.ROLES)
    if unknown or not roles:
        raise Invalid("role", f"roles are {', '.join(people.ROLES)}; not {', '.join(sorted(unknown)) or 'none'}")
