"""People with logins, without the second of work that a real password hash costs each test.

Their hashes are Argon2id too, with the least parameters: a hash names its own, so every door reads them as it reads a
real one. What adding a person does is tested in tests/accounts with ``services.users`` itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from argon2 import PasswordHasher

from broadcaster.accounts import people
from broadcaster.services import audit
from broadcaster.services.system import Actor, System

PASSWORD = "right horse battery"
SHELL = Actor("system", "cli:root@test")


@cache
def _hashed(password: str) -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def hire(system: System, staff: Mapping[str, Sequence[str]], password: str = PASSWORD, **phones: str) -> None:
    """Give them logins: names (of judge.example, or whole e-mails) with their roles; ``phones`` by name."""
    at = system.now()
    with system.database.write() as connection:
        for name, roles in staff.items():
            email = name if "@" in name else f"{name}@judge.example"
            people.insert(connection, email, _hashed(password), roles, phones.get(name), at)
            audit.record(system, connection, SHELL, "user.add", email, at, roles=sorted(roles))
