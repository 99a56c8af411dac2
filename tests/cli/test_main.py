"""The command line as a script sees it: exit codes, and stdout for the result alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broadcaster.cli.main import COMMANDS, cli

PASSWORD = "a long enough password"


def call(*words: str, **options: object) -> Result:
    return CliRunner().invoke(cli, list(words), **options)  # type: ignore[arg-type]


@pytest.fixture
def agency(tmp_path: Path) -> dict[str, str | None]:
    """The environment of an installation made by init."""
    env = {"BROADCASTER_DATA": str(tmp_path / "data"), "BROADCASTER_CONFIG": str(tmp_path / "config")}
    done = call(*init("Judge County"), env=env, input=f"{PASSWORD}\n")
    assert (done.exit_code, done.stderr) == (0, "")
    return {**env}


def init(name: str, email: str = "Admin@Judge.example") -> list[str]:
    return ["init", "--name", name, "--email", email, "--timezone", "America/Denver", "--password-stdin"]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_be_imported_and_explains_itself(name: str) -> None:
    done = call(name, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


def test_help_lists_every_command() -> None:
    done = call("--help")
    assert all(f"  {name}" in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("words", [["nonsense"], ["check", "--nonsense"], ["part", "nonsense"], ["backup"]])
def test_wrong_usage_is_exit_code_2(words: list[str]) -> None:
    done = call(*words)
    assert (done.exit_code, done.stdout) == (2, "")


def test_a_command_imports_only_what_it_needs() -> None:
    code = "import sys, broadcaster.cli.main as m; m.cli.get_command(None, 'check'); print('rq' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_init_makes_an_agency_that_check_accepts(agency: dict[str, str | None]) -> None:
    done = call("check", env=agency)
    assert (done.exit_code, done.stdout) == (0, "Judge County: 0 channels, 0 feeds, 0 rules\n")


def test_init_twice_is_refused_and_changes_nothing(agency: dict[str, str | None]) -> None:
    done = call(*init("Other"), env=agency, input=f"{PASSWORD}\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "agency_exists" in done.stderr
    assert "Judge County" in call("check", env=agency).stdout


def test_init_with_a_password_nobody_may_have_leaves_no_configuration(tmp_path: Path) -> None:
    env = {"BROADCASTER_DATA": str(tmp_path / "data"), "BROADCASTER_CONFIG": str(tmp_path / "config")}
    done = call(*init("Judge County"), env=env, input="short\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert list((tmp_path / "config").iterdir()) == []


def test_init_without_a_password_makes_one_and_says_it_once(tmp_path: Path) -> None:
    env = {"BROADCASTER_DATA": str(tmp_path / "data"), "BROADCASTER_CONFIG": str(tmp_path / "config")}
    done = call(*init("Judge County")[:-1], env=env)
    assert done.exit_code == 0
    assert ", password " in done.stdout


def test_a_configuration_error_is_one_line_with_id_place_and_hint(tmp_path: Path) -> None:
    done = call("check", env={"BROADCASTER_CONFIG": str(tmp_path), "BROADCASTER_DEMO": "0"})
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("C001 ")
    assert done.stderr.count("\n") == 1
    assert "broadcaster init" in done.stderr


def test_backup_and_restore_go_together(agency: dict[str, str | None], tmp_path: Path) -> None:
    file = str(tmp_path / "b.zip")
    done = call("backup", file, env=agency)
    assert (done.exit_code, done.stderr) == (0, "")
    refused = call("restore", file, env=agency)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "--force" in refused.stderr
    forced = call("restore", file, "--force", env=agency)
    assert (forced.exit_code, forced.stderr) == (0, "")
    assert "audit chain is whole" in forced.stdout


def test_audit_verify_says_so_and_fails_where_the_key_is_another(agency: dict[str, str | None]) -> None:
    assert call("audit", "verify", env=agency).stdout == "the chain is whole\n"
    done = call("audit", "verify", env={**agency, "SECRET_KEY": "x" * 48})
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no entry fits this SECRET_KEY" in done.stderr


def test_migrate_says_what_stands(agency: dict[str, str | None]) -> None:
    assert call("migrate", env=agency).stdout == "the database stands at this version\n"


def test_sweep_names_the_steps_it_did(agency: dict[str, str | None]) -> None:
    done = call("sweep", env=agency)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "broadcaster.services.expand.resume" in done.stdout


def test_doctor_gives_one_json_list_and_exit_code_1_while_something_is_wrong(agency: dict[str, str | None]) -> None:
    done = call("doctor", "--json", env=agency)
    assert done.exit_code == 1
    assert {"name": "database", "ok": True, "text": "tables of this version", "hint": "run: migrate"} in json.loads(
        done.stdout
    )
    assert "WRONG backups: there has never been one -> run: backup" in call("doctor", env=agency).stdout


def test_a_part_without_any_secret_key_does_not_start(agency: dict[str, str | None], tmp_path: Path) -> None:
    done = call("part", "clock", env={**agency, "BROADCASTER_DATA": str(tmp_path / "new")})
    assert done.exit_code == 1
    assert done.stderr.startswith("S014 ")


def test_the_redis_part_is_refused_where_redis_is_elsewhere(agency: dict[str, str | None]) -> None:
    done = call("part", "redis", env={**agency, "REDIS_URL": "redis://127.0.0.1:1"})
    assert done.exit_code == 1
    assert done.stderr.startswith("S015 ")


def test_python_dash_m_is_the_same_door(agency: dict[str, str | None]) -> None:
    env = {**os.environ, **{name: value for name, value in agency.items() if value}}
    done = subprocess.run([sys.executable, "-m", "broadcaster", "check"], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
