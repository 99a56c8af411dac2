"""The demonstration agency installs itself once, and nothing of it can be mistaken for the real thing."""

from __future__ import annotations

import csv
import stat
from dataclasses import replace
from pathlib import Path

import phonenumbers
import pytest
import sqlalchemy as sa

from broadcaster.demo.install import LOGINS, install
from broadcaster.demo.samples import FILES, sample
from broadcaster.domain.config import Config, Settings
from broadcaster.domain.errors import Refused
from broadcaster.services import users, zones
from broadcaster.services.system import System
from broadcaster.settings import DEMO_AGENCY, load_config
from broadcaster.store.schema import subscriber_zones, subscribers
from broadcaster.store.schema import zones as zones_table
from tests.conftest import Clock


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, demo=True)


@pytest.fixture
def config(settings: Settings) -> Config:
    return load_config(settings, {})


def counted(system: System, table: sa.Table) -> int:
    with system.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_the_first_start_makes_zones_subscribers_and_two_people_whose_passwords_work(system: System) -> None:
    text = install(system)
    assert text is not None
    logins = dict(line.split() for line in text.splitlines())
    roles = {email: users.verify(system, email, password, "", "c").roles for email, password in logins.items()}
    assert roles == {"author@example.org": {"author"}, "approver@example.org": {"approver"}}
    assert (counted(system, zones_table), counted(system, subscribers)) == (6, 200)
    assert counted(system, subscriber_zones) > 200
    kept = Path(system.settings.data) / LOGINS
    assert kept.read_text() == text
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_start_that_ended_before_both_people_stood_is_done_over(system: System) -> None:
    """An e-mail in the way of the second one ends the first start there; none of the two is left behind."""
    with system.database.write() as connection:
        connection.execute(sa.text("CREATE UNIQUE INDEX only_one ON users (active)"))
    with pytest.raises(Refused):
        install(system)
    with system.database.write() as connection:
        connection.execute(sa.text("DROP INDEX only_one"))
    text = install(system)
    assert text is not None
    logins = dict(line.split() for line in text.splitlines())
    assert {email for email, password in logins.items() if users.verify(system, email, password, "", "c")} == set(
        logins
    )
    assert (Path(system.settings.data) / LOGINS).read_text() == text


def test_a_second_start_changes_nothing_and_tells_no_password(system: System) -> None:
    install(system)
    before = (Path(system.settings.data) / LOGINS).read_text()
    assert install(system) is None
    assert (Path(system.settings.data) / LOGINS).read_text() == before
    assert counted(system, subscribers) == 200


@pytest.mark.parametrize("why", ["off", "production", "real agency"])
def test_nothing_is_installed_where_it_does_not_belong(system: System, why: str) -> None:
    changed = replace(system.settings, demo=why != "off", production=why == "production")
    if why == "real agency":
        folder = Path(system.settings.config)
        folder.mkdir()
        (folder / "agency.toml").write_text('[agency]\nname = "x"\ncap_sender = "x@y"\n')
    assert install(replace(system, settings=changed)) is None
    assert counted(system, subscribers) == 0


def test_invented_numbers_cannot_exist() -> None:
    with (DEMO_AGENCY / "subscribers.csv").open(newline="") as file:
        numbers = [phonenumbers.parse(row["phone"]) for row in csv.DictReader(file)]
    assert len(numbers) == 200
    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    assert not any(phonenumbers.is_valid_number(number) for number in numbers)


def test_the_demonstrations_channels_are_all_simulated(config: Config) -> None:
    assert {channel.kind for channel in config.channels} == {"simulated"}
    assert {feed.format for feed in config.feeds} == set(FILES)


def test_each_format_has_a_sample_issued_now(clock: Clock) -> None:
    for format_ in FILES:
        text = sample(format_, clock.at).decode()
        for known in ("@clearwater.example", '"@', "w-nws.webmaster@noaa.gov"):
            text = text.replace(known, "")
        assert "@" not in text
        assert clock.at.strftime("%Y-%m-%dT%H:%M:%S") in text


def test_zones_seed_an_empty_database_only(system: System) -> None:
    folder = Path(system.settings.config) / "zones"
    folder.mkdir(parents=True)
    (folder / "a.geojson").write_bytes((DEMO_AGENCY / "config" / "zones" / "clearwater.geojson").read_bytes())
    assert (zones.seed(system), zones.seed(system)) == (6, 0)
