"""Passkeys: made, used to log in, used to prove oneself anew. Each challenge is good once, for five minutes.

Nobody guesses a signature, so these tries are not counted, and an account that is locked because a stranger guessed
its password stays open to its own keys.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.accounts import passkeys, people
from broadcaster.accounts.passkeys import Site, WrongPasskey
from broadcaster.accounts.people import Person
from broadcaster.domain.errors import Invalid, NotFound, Refused, Unauthenticated
from broadcaster.services import audit, notices, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import challenges, webauthn
from broadcaster.store.schema import users as users_table

LONGEST_NAME = 60
WRONG = "this passkey was not accepted; try again, or use your password"


def site(system: System) -> Site:
    """Whom keys are made for."""
    return Site.of(system.settings.console_url, system.config.agency.name)


def ask_login(system: System) -> dict[str, Any]:
    """Options for a browser that offers whatever key it has: nobody types an e-mail."""
    return passkeys.request(_usable(system), _challenge(system, "login", None))


def ask_proof(system: System, email: str) -> dict[str, Any]:
    """Options for proving somebody anew by one of their own keys."""
    person = users.find(system, email)
    known = [row.credential_id for row in rows(system, email)]
    if not known:
        raise Refused("no_passkey", "You have no passkey here: use your password or a code.")
    return passkeys.request(_usable(system), _challenge(system, "prove", person.id), known)


def ask_new(system: System, actor: Actor) -> dict[str, Any]:
    """Options for making a key. The actor has been proven in this request."""
    person = users.find(system, actor.name)
    known = [row.credential_id for row in rows(system, actor.name)]
    challenge = _challenge(system, "register", person.id)
    return passkeys.creation(_usable(system), challenge, _handle(system, person), person.email, known)


def login(system: System, answer: str, origin: str) -> Actor:
    """Whoever holds the key that signed. Raises Unauthenticated, alike for every mistake."""
    person = _proved(system, "login", answer, None, origin)
    return users.proven(system, person, origin, mending=True)


def reverify(system: System, email: str, answer: str, origin: str, *, mending: bool = False) -> Actor:
    """The person of a session, proven anew by a key of theirs, for a challenge asked for them."""
    person = _proved(system, "prove", answer, users.find(system, email), origin)
    return users.proven(system, person, origin, mending)


def register(system: System, actor: Actor, answer: str, name: str) -> None:
    """Keep a new key. Raises Invalid, Refused, or Unauthenticated where the answer fits no challenge of this person."""
    person, name = users.find(system, actor.name), name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid("passkey_name", f"give the passkey a name of at most {LONGEST_NAME} characters")
    try:
        made = passkeys.made(site(system), _taken(system, "register", person.id, answer), answer)
    except WrongPasskey as error:
        raise Unauthenticated("passkey", "the browser's answer does not fit; start again") from error
    at = system.now()
    row = {"user_id": person.id, "name": name, "usage": "first", "create_datetime": at, "lastuse_datetime": at}
    key = {"credential_id": made.credential_id, "public_key": made.public_key, "sign_count": made.sign_count}
    kind = {"backup_state": made.backup_state, "device_type": made.device_type, "transports": list(made.transports)}
    with system.database.write() as connection:
        same = sa.select(webauthn.c.id).where(webauthn.c.credential_id == made.credential_id)
        if connection.execute(same).first():
            raise Refused("passkey_known", "this passkey is registered already")
        connection.execute(webauthn.insert().values(**row, **key, **kind))
        notices.account_changed(system, connection, person.email, "passkey", at)
        audit.record(system, connection, actor, "user.passkey_add", person.email, at, name=name)


def remove(system: System, actor: Actor, id_: int) -> None:
    """Forget one of the actor's own keys. Raises NotFound."""
    person = users.find(system, actor.name)
    with system.database.write() as connection:
        mine = sa.and_(webauthn.c.id == id_, webauthn.c.user_id == person.id)
        name = connection.execute(sa.select(webauthn.c.name).where(mine)).scalar_one_or_none()
        if name is None:
            raise NotFound("passkey", "you have no such passkey")
        connection.execute(webauthn.delete().where(mine))
        notices.account_changed(system, connection, person.email, "passkey_off", system.now())
        audit.record(system, connection, actor, "user.passkey_remove", person.email, system.now(), name=name)


def rows(system: System, email: str) -> list[sa.Row[Any]]:
    """A person's keys, the oldest first."""
    query = sa.select(webauthn).join(users_table).where(users_table.c.email == email.lower())
    with system.database.read() as connection:
        return list(connection.execute(query.order_by(webauthn.c.id)))


# --- the parts --------------------------------------------------------------------------------------------------
def _usable(system: System) -> Site:
    found = site(system)
    if not found.usable:
        text = f"Passkeys need CONSOLE_URL to name this host, under https (or http://localhost): it is {found.origin}"
        raise Refused("passkey_site", text)
    return found


def _challenge(system: System, purpose: str, user_id: int | None) -> bytes:
    made, now = secrets.token_bytes(32), system.now()
    row = {"purpose": purpose, "user_id": user_id, "expires": now + timedelta(seconds=passkeys.SECONDS)}
    with system.database.write() as connection:
        connection.execute(challenges.delete().where(challenges.c.expires < now))
        connection.execute(challenges.insert().values(hash=_hash(made), **row))
    return made


def _taken(system: System, purpose: str, user_id: int | None, answer: str) -> bytes:
    """The challenge of an answer, used up. Raises WrongPasskey where it was never asked, or not of this person."""
    challenge = passkeys.challenge_in(answer)
    whose = challenges.c.user_id.is_(None) if user_id is None else challenges.c.user_id == user_id
    known = sa.and_(challenges.c.hash == _hash(challenge), challenges.c.purpose == purpose, whose)
    with system.database.write() as connection:
        used = connection.execute(challenges.delete().where(known).returning(challenges.c.expires)).scalar_one_or_none()
    if used is None or used <= system.now():
        raise WrongPasskey("no such challenge")
    return challenge


def _proved(system: System, purpose: str, answer: str, wanted: Person | None, origin: str) -> Person:
    try:
        challenge = _taken(system, purpose, wanted.id if wanted else None, answer)
        return _signed(system, challenge, answer, wanted)
    except WrongPasskey as error:
        who = Actor(wanted.email if wanted else "unknown", origin)
        with system.database.write() as connection:
            audit.record(system, connection, who, "user.passkey_refused", who.name, system.now(), why=str(error)[:80])
        raise Unauthenticated("credentials", WRONG) from error


def _signed(system: System, challenge: bytes, answer: str, wanted: Person | None) -> Person:
    """Check the signature with the kept key, and write down the key's count. Raises WrongPasskey."""
    with system.database.write() as connection:
        query = sa.select(webauthn).where(webauthn.c.credential_id == passkeys.id_in(answer)).with_for_update()
        key = connection.execute(query).one_or_none()
        if key is None:
            raise WrongPasskey("unknown key")
        person = _owner(connection, key.user_id)
        if not person.active or (wanted is not None and person.id != wanted.id):
            raise WrongPasskey("not this person's key, or their login is off")
        count = passkeys.proved(site(system), challenge, answer, key.public_key, key.sign_count)
        seen = {"sign_count": count, "lastuse_datetime": system.now()}
        connection.execute(webauthn.update().where(webauthn.c.id == key.id).values(**seen))
    return person


def _owner(connection: Connection, user_id: int) -> Person:
    person = people.find(connection, people.row(connection, user_id).email)
    assert person is not None
    return person


def _handle(system: System, person: Person) -> bytes:
    """What keys call this person: random, so that it says nothing about them. Made once."""
    with system.database.write() as connection:
        kept = people.row(connection, person.id, lock=True).fs_webauthn_user_handle
        if kept is None:
            kept = secrets.token_hex(32)
            people.change(connection, person.id, fs_webauthn_user_handle=kept)
    return str(kept).encode()


def _hash(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()
