"""Leaving and coming back, whatever way somebody says so: by text, by mail's link, or through a provider."""

from __future__ import annotations

from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.engine import Connection

from broadcaster.domain.errors import NotFound
from broadcaster.services.system import System
from broadcaster.store import people


def opt_out(system: System, connection: Connection, address: str, source: str, at: datetime) -> bool:
    """This normalised address wants nothing more, on any channel. False where that was known already.

    ``source`` is the proof that is kept: "text:sms", "link", "provider:NAME".
    """
    return people.leave(connection, system.settings.secret_key, address, source, at)


def opt_in(system: System, connection: Connection, address: str, source: str, at: datetime) -> bool:
    """The person's own word that alerts may come again. False where the address had not left."""
    return people.come_back(connection, system.settings.secret_key, address)


def unsubscribe_url(system: System, address: str) -> str:
    """The page where this address leaves with one press; signed, good for ever."""
    return f"{system.settings.public_url}/unsubscribe/{_signer(system).dumps(address)}"


def unsubscribe_address(system: System, token: str) -> str:
    """Whose link this is. Raises NotFound for one that we did not write."""
    try:
        return str(_signer(system).loads(token))
    except BadSignature as error:
        raise NotFound("unsubscribe_link", "this link is not whole; copy all of it from the message") from error


def unsubscribe(system: System, token: str) -> str:
    """Leave by link; again changes nothing. Returns the address. Raises NotFound."""
    address = unsubscribe_address(system, token)
    with system.database.write() as connection:
        opt_out(system, connection, address, "link", system.now())
    return address


def _signer(system: System) -> URLSafeSerializer:
    return URLSafeSerializer(system.settings.secret_key, salt="unsubscribe")
