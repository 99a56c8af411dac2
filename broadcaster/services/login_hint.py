"""``?for=``: a link sent to somebody fills in their e-mail at the login. It proves nothing and opens nothing.

Short, because texts are counted in segments, and without the e-mail itself, because addresses are logged on their way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from broadcaster.accounts import people
from broadcaster.services.system import System

DAYS = 7


def signed(system: System, email: str) -> str:
    """The value of ``for`` for this person: "ID.DAY.MAC"; "" for nobody we know."""
    with system.database.read() as connection:
        person = people.find(connection, email)
    if person is None:
        return ""
    about = f"{person.id}.{_day(system.now())}"
    return f"{about}.{_mac(system, about)}"


def read(system: System, text: str) -> str:
    """The e-mail that a value stands for; "" where it is forged, older than a week, or of nobody who may log in."""
    about, _, mac = text.rpartition(".")
    id_, _, day = about.partition(".")
    if not hmac.compare_digest(mac.encode(), _mac(system, about).encode()) or not id_.isdecimal():
        return ""
    if not 0 <= _day(system.now()) - int(day) <= DAYS:
        return ""
    with system.database.read() as connection:
        row = people.known(connection, int(id_))
    return row.email if row is not None and row.active else ""


def _mac(system: System, about: str) -> str:
    key = hmac.new(system.settings.secret_key.encode(), b"login-for", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(hmac.new(key, about.encode(), hashlib.sha256).digest()[:12]).decode()


def _day(moment: datetime) -> int:
    return int(moment.timestamp() // 86_400)
