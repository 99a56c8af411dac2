"""A part that starts while rules.toml is broken starts with the last good one, rings, and refuses all other faults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from broadcaster.cli.upkeep import check
from broadcaster.domain.errors import ConfigError
from broadcaster.rules_file import config_at_start, kept_at
from broadcaster.services import begin, prepare, rules_watch
from broadcaster.services.begin import Answers
from broadcaster.settings import load_settings
from broadcaster.store.schema import alarms
from tests.services.agency import rows

ANSWERS = Answers("Clear County", "alerts@county.example", "America/Los_Angeles", ("en",), "it@county")
GOOD = '[[rule]]\nname = "all"\nfeeds = ["nws"]\naction = "keep"\n'
FEED = '[[feed]]\nname = "nws"\nformat = "nws"\nurl = "https://a.example"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    begin.write_config(tmp_path / "config", ANSWERS)
    (tmp_path / "config" / "feeds.toml").write_text(FEED)
    (tmp_path / "config" / "rules.toml").write_text(GOOD)
    return tmp_path / "config"


@pytest.fixture
def env(folder: Path, tmp_path: Path) -> Mapping[str, str]:
    return {"BROADCASTER_CONFIG": str(folder), "BROADCASTER_DATA": str(tmp_path / "data")}


def started(env: Mapping[str, str]) -> list[str]:
    return [rule.name for rule in config_at_start(load_settings(env), env).rules]


@pytest.mark.parametrize("broken", ["[[rule", GOOD.replace("keep", "shout"), GOOD.replace("nws", "other"), "\xff"])
def test_a_broken_rules_file_alone_starts_with_the_last_good_one(
    folder: Path, env: Mapping[str, str], broken: str
) -> None:
    assert started(env) == ["all"]
    (folder / "rules.toml").write_text(broken, encoding="latin-1")
    assert started(env) == started(env) == ["all"]
    (folder / "rules.toml").write_text("")
    assert started(env) == []
    (folder / "rules.toml").write_text(broken, encoding="latin-1")
    assert started(env) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("agency.toml", "[agency"),
        ("policy.toml", "[policy]\nno = 1"),
        ("channels.toml", "[[channel]]\nname = 'x'\nkind = 'x'"),
        ("feeds.toml", FEED.replace('"nws"\nurl', '"none"\nurl')),
        ("feeds.toml", FEED.replace('name = "nws"', 'name = "other"')),  # the kept rule names a feed that is gone
    ],
)
def test_any_other_broken_file_stops_the_start_as_before(
    folder: Path, env: Mapping[str, str], file: str, text: str
) -> None:
    started(env)
    (folder / file).write_text(text)
    (folder / "rules.toml").write_text("[[rule")
    with pytest.raises(ConfigError):
        started(env)


def test_without_a_good_one_from_this_very_folder_nothing_starts(
    folder: Path, env: Mapping[str, str], tmp_path: Path
) -> None:
    (folder / "rules.toml").write_text("[[rule")
    with pytest.raises(ConfigError) as caught:
        started(env)
    assert caught.value.id == "C002"
    (folder / "rules.toml").write_text(GOOD)
    started(env)
    folder.rename(tmp_path / "moved")
    (tmp_path / "moved" / "rules.toml").write_text("[[rule")
    with pytest.raises(ConfigError):
        started({**env, "BROADCASTER_CONFIG": str(tmp_path / "moved")})


def test_the_alarm_rings_until_the_file_is_mended_and_check_refuses_it(
    folder: Path, env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    system = prepare.prepare({**env, "SECRET_KEY": "k" * 40})
    kept = kept_at(system.settings)
    assert (kept.read_text(), kept.stat().st_mode & 0o777, os.listdir(kept.parent)) == (GOOD, 0o600, ["rules.toml"])
    system.close()
    (folder / "rules.toml").write_text("[[rule")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(check)
    assert result.exit_code != 0
    system = prepare.prepare({**env, "SECRET_KEY": "k" * 40})
    assert [rule.name for rule in system.ruled().config.rules] == ["all"]
    rules_watch.watch(system)
    ((key, text),) = rows(system, sa.select(alarms.c.key, alarms.c.text).where(alarms.c.cleared.is_(None)))
    assert key == "rules_file"
    assert "the last good rules stay in force" in str(text)
    (folder / "rules.toml").write_text(GOOD.replace('"all"', '"every"'))
    rules_watch.watch(system)
    assert rows(system, sa.select(alarms.c.key).where(alarms.c.cleared.is_(None))) == []
    assert "every" in kept.read_text()
    system.close()


def test_a_data_folder_that_cannot_be_written_stops_no_start(folder: Path, env: Mapping[str, str]) -> None:
    settings = load_settings(env)
    Path(settings.data).write_text("a file")
    assert config_at_start(settings, env).rules
