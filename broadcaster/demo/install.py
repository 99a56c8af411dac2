"""The demonstration agency's first start: zones, two people with new passwords, 200 invented subscribers.

Runs once, into a database without people, and only where BROADCASTER_DEMO allows it; never in production.
"""

from __future__ import annotations

import os
from pathlib import Path

from broadcaster.accounts import passwords, people
from broadcaster.services import subscribers_csv, users, zones
from broadcaster.services.system import Actor, System
from broadcaster.settings import DEMO_AGENCY

LOGINS = "demo-logins.txt"
PEOPLE = {"author@example.org": ["author"], "approver@example.org": ["approver"]}
PHONES = {"approver@example.org": "+15035550142"}  # nobody has it; its texts show with the simulated phones
INSTALLER = Actor("system", "demo")


def install(system: System) -> str | None:
    """Install where nothing is; the logins in words at this first start, None at every later one.

    The passwords are kept in the data folder, readable by its owner alone.
    """
    if not system.settings.demo or system.settings.production or _agency_is_real(system) or _begun(system):
        return None
    zones.import_geojson(system, INSTALLER, DEMO_AGENCY / "config" / "zones" / "clearwater.geojson")
    subscribers_csv.import_csv(system, INSTALLER, DEMO_AGENCY / "subscribers.csv")
    made = {email: passwords.random_password() for email in PEOPLE}
    text = "".join(f"{email}  {password}\n" for email, password in made.items())
    _keep(Path(system.settings.data) / LOGINS, text)  # before the people: a crash leaves no login nobody knows
    new = [users.NewPerson(email, password, PEOPLE[email], PHONES.get(email)) for email, password in made.items()]
    users.add_all(system, INSTALLER, new)  # all or nobody: after a crash the next start does it over
    return text


def _agency_is_real(system: System) -> bool:
    return (Path(system.settings.config) / "agency.toml").exists()


def _begun(system: System) -> bool:
    with system.database.read() as connection:
        return people.count(connection) > 0


def _keep(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
