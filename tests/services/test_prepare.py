"""Before anything starts."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.errors import ConfigError
from broadcaster.services import folders, prepare
from broadcaster.settings import load_settings
from broadcaster.store.schema import audit_head


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "config"
    config.mkdir()
    (config / "agency.toml").write_text('[agency]\nname = "A"\ncap_sender = "a@b.example"\n')
    return {"BROADCASTER_DATA": str(tmp_path / "deep" / "data"), "BROADCASTER_CONFIG": str(config)}


def test_the_first_start_makes_folder_key_and_tables(environ: dict[str, str]) -> None:
    system = prepare.prepare(environ)
    data = Path(environ["BROADCASTER_DATA"])
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
    assert len(system.settings.secret_key) >= 48
    with system.database.read() as connection:
        assert connection.execute(sa.select(audit_head.c.entry)).scalar_one() == 0
    system.close()


def test_the_key_stays_the_same_for_ever(environ: dict[str, str]) -> None:
    keys = set()
    for _ in range(2):
        system = prepare.prepare(environ)
        keys.add(system.settings.secret_key)
        system.close()
    assert len(keys) == 1


def test_a_key_in_the_environment_leaves_no_file(environ: dict[str, str]) -> None:
    system = prepare.prepare({**environ, "SECRET_KEY": "x" * 40})
    assert system.settings.secret_key == "x" * 40
    assert not Path(environ["BROADCASTER_DATA"], "secret_key").exists()
    system.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught:
        folders.data_folder(tmp_path / "file" / "data")
    assert caught.value.id == "S010"
    assert str(tmp_path) in caught.value.text


def test_a_broken_configuration_stops_before_there_is_a_database(environ: dict[str, str]) -> None:
    Path(environ["BROADCASTER_CONFIG"], "agency.toml").write_text("nonsense")
    with pytest.raises(ConfigError):
        prepare.prepare(environ)
    assert not Path(environ["BROADCASTER_DATA"], "broadcaster.db").exists()


def test_a_database_that_is_away_is_one_error_that_says_what_to_do(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare.prepare({**environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    assert caught.value.id == "S021"
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 90)
    settings = load_settings({"BROADCASTER_DATA": str(data)})
    folders.socket_folder(settings)
    folder = Path(settings.redis_url.removeprefix("unix://")).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    os.chown(folder, 65534, 65534)
    with pytest.raises(ConfigError) as caught:
        folders.socket_folder(settings)
    folder.rmdir()
    assert caught.value.id == "S011"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({"PORT": port})
    assert caught.value.where == "PORT"


@pytest.mark.parametrize(
    ("url", "id_"), [("postgresql://h:port/x", "S006"), ("sqlite:////no/such/folder/x.db", "S021")]
)
def test_an_address_that_is_none_or_leads_nowhere_is_one_error_too(environ: dict[str, str], url: str, id_: str) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare.prepare({**environ, "DATABASE_URL": url})
    assert (caught.value.id, caught.value.where) == (id_, "DATABASE_URL")
