"""What people do with their own login: password, authenticator app, recovery codes, language, duty."""

from __future__ import annotations

from broadcaster.accounts import passwords, people, recovery, sessions
from broadcaster.domain.audience import BadRow, normal_phone
from broadcaster.domain.errors import Invalid, Unauthenticated
from broadcaster.services import audit, notices, users
from broadcaster.services.system import Actor, System
from broadcaster.services.users import Enrolment

LANGUAGES = ("en", "es")


def change_password(system: System, email: str, current: str, new: str, origin: str, keep: str) -> None:
    """Set one's own password; all sessions but the one with cookie id ``keep`` end.

    ``current`` is compared, and counted, as at the login. Raises Unauthenticated, Forbidden (locked), Invalid.
    """
    actor = users.reverify(system, email, current, "", origin, mending=True)
    if current == new:
        raise Invalid("password", "that is the password you have; take another")
    users.check_password(system, email, new)
    person, hashed, at = users.find(system, email), passwords.hash_password(new), system.now()
    with system.database.write() as connection:
        people.change(connection, person.id, password=hashed, password_until=None)
        sessions.end_all(connection, person.id, keep)
        notices.account_changed(system, connection, person.email, "password", at)
        audit.record(system, connection, actor, "user.password", person.email, at)


def new_secret(system: System) -> str:
    """A secret for an authenticator app, encrypted: it counts only once ``confirm_app`` has seen a code of it."""
    return str(users.totp(system).generate_totp_secret())


def enrolment(system: System, email: str, secret: str) -> Enrolment:
    """What the app needs of an encrypted secret."""
    factory = users.totp(system)
    return Enrolment(factory.get_totp_uri(email, secret), factory.get_totp_b32_key(secret))


def picture(system: System, email: str, secret: str) -> str:
    """The QR code of an encrypted secret: a "data:image/svg+xml" address."""
    return str(users.totp(system).generate_qrcode(email, secret))


def confirm_app(system: System, actor: Actor, secret: str, code: str) -> list[str]:
    """Count an app as second factor once it shows a right code; codes of an older one stop working.

    Returns recovery codes where the person had none: shown once. Raises Unauthenticated for a wrong code.
    """
    person, at = users.find(system, actor.name), system.now()
    counter = users.totp(system).counter_of(code, secret, at)
    if counter is None:
        raise Unauthenticated("code", "this code is not right; is the phone's clock set by the network?")
    with system.database.write() as connection:
        people.enroll(connection, person.id, secret)
        people.claim_counter(connection, person.id, counter)
        notices.account_changed(system, connection, person.email, "app", at)
        audit.record(system, connection, actor, "user.enroll", person.email, at)
    return first_codes(system, actor)


def remove_app(system: System, actor: Actor) -> None:
    """Do without the app; ``users.fit`` then refuses approvals where the policy asks for a second factor."""
    person, at = users.find(system, actor.name), system.now()
    with system.database.write() as connection:
        nothing = {"tf_primary_method": None, "tf_totp_secret": None, "tf_last_counter": None}
        people.change(connection, person.id, **nothing)
        notices.account_changed(system, connection, person.email, "app_off", at)
        audit.record(system, connection, actor, "user.app_remove", person.email, at)


def new_codes(system: System, actor: Actor) -> list[str]:
    """Ten recovery codes, shown once; older ones stop working."""
    person, made, at = users.find(system, actor.name), recovery.make(), system.now()
    kept = [recovery.hashed(system.settings.secret_key, code) for code in made]
    with system.database.write() as connection:
        if people.row(connection, person.id).mf_recovery_codes:  # the first ones come with a factor that is told of
            notices.account_changed(system, connection, person.email, "codes", at)
        people.change(connection, person.id, mf_recovery_codes=kept)
        audit.record(system, connection, actor, "user.recovery_new", person.email, at, codes=len(kept))
    return made


def codes_left(system: System, email: str) -> int:
    """How many recovery codes nobody has used."""
    person = users.find(system, email)
    with system.database.read() as connection:
        return len(people.row(connection, person.id).mf_recovery_codes or [])


def first_codes(system: System, actor: Actor) -> list[str]:
    """Recovery codes for somebody who has none yet; nothing where there are some."""
    return [] if codes_left(system, actor.name) else new_codes(system, actor)


def prefer(system: System, actor: Actor, language: str, on_duty: bool) -> None:
    """The interface's language, and whether one is told of reviews and alarms. Raises Invalid."""
    if language not in LANGUAGES:
        raise Invalid("language", f"the console speaks {', '.join(LANGUAGES)}")
    person = users.find(system, actor.name)
    with system.database.write() as connection:
        people.change(connection, person.id, language=language, on_duty=on_duty)
        more = {"language": language, "on_duty": on_duty}
        audit.record(system, connection, actor, "user.prefer", person.email, system.now(), **more)


def set_phone(system: System, actor: Actor, text: str) -> str:
    """The telephone that gets one's notices, "" for none; the number before is told of it too. Returns it as E.164.

    The actor has been proven in this request. Raises Invalid.
    """
    try:
        phone = normal_phone(text, system.config.agency.phone_region) if text.strip() else None
    except BadRow as error:
        text = f"{text!r} is no telephone number; write it with its country, as +1 503 555 0100"
        raise Invalid("phone", text) from error
    person, at = users.find(system, actor.name), system.now()
    with system.database.write() as connection:
        before = people.row(connection, person.id, lock=True).phone
        people.change(connection, person.id, phone=phone)
        if before != phone:
            notices.account_changed(system, connection, person.email, "phone", at, before)
        audit.record(system, connection, actor, "user.phone", person.email, at)
    return phone or ""
