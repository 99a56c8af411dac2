"""``init``: a configuration that loads, and nothing half done."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.domain.errors import Invalid, Refused
from broadcaster.services import begin
from broadcaster.services.begin import Answers
from broadcaster.services.system import SYSTEM, System
from broadcaster.services.users import find
from broadcaster.settings import load_config, load_settings

ANSWERS = Answers('Clear "Water" County – Ω', "alerts@county.example", "America/Los_Angeles", ("en", "es"), "it@county")


def test_what_it_writes_can_be_loaded(tmp_path: Path) -> None:
    written = begin.write_config(tmp_path / "config", ANSWERS)
    env = {"BROADCASTER_CONFIG": str(tmp_path / "config"), "BROADCASTER_DATA": str(tmp_path)}
    config = load_config(load_settings(env), env)
    assert (config.agency.name, config.agency.cap_sender) == (ANSWERS.name, ANSWERS.cap_sender)
    assert (config.agency.timezone, config.agency.languages) == (ANSWERS.timezone, ANSWERS.languages)
    assert config.agency.contact == "it@county"
    assert {path.name for path in written} == {
        "agency.toml",
        "policy.toml",
        "channels.toml",
        "feeds.toml",
        "rules.toml",
    }


def test_the_examples_it_writes_are_right_once_uncommented(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    begin.write_config(folder, ANSWERS)
    for path in folder.glob("*.toml"):
        lines = path.read_text().splitlines()
        kept = [line.removeprefix("# ") for line in lines if re.match(r"(# )?(\[|\w+ = )", line)]
        path.write_text("\n".join(kept))
    env = {
        "BROADCASTER_CONFIG": str(folder),
        "BROADCASTER_DATA": str(tmp_path),
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t",
        "TWILIO_MESSAGING_SERVICE_SID": "MG1",
        "MASTODON_ACCESS_TOKEN": "m",
    }
    config = load_config(load_settings(env), env)
    assert [channel.kind for channel in config.channels] == ["twilio_sms", "mastodon"]
    assert [rule.action for rule in config.rules] == ["submit"]


def test_an_agency_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text("mine")
    with pytest.raises(Refused):
        begin.write_config(tmp_path, ANSWERS)
    assert [path.name for path in tmp_path.iterdir()] == ["agency.toml"]
    assert (tmp_path / "agency.toml").read_text() == "mine"


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text("mine")
    begin.write_config(tmp_path, ANSWERS)
    assert (tmp_path / "feeds.toml").read_text() == "mine"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"cap_sender": ""},
        {"cap_sender": "a b"},
        {"cap_sender": "a,b"},
        {"cap_sender": "a<b"},
        {"cap_sender": "a&b"},
        {"timezone": "California"},
        {"timezone": "../etc"},
        {"timezone": ""},
    ],
)
def test_wrong_answers_write_nothing(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        begin.write_config(tmp_path / "config", replace(ANSWERS, **wrong))
    assert not (tmp_path / "config").exists()


def test_what_is_refused_later_takes_the_files_back(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text("mine")
    with pytest.raises(Refused), begin.written(tmp_path, ANSWERS):
        raise Refused("x", "for a test")
    assert [path.name for path in tmp_path.iterdir()] == ["feeds.toml"]


def test_the_first_admin_goes_into_an_empty_database_alone(system: System) -> None:
    begin.first_admin(system, SYSTEM, "a@county.example", "a long enough password")
    assert find(system, "a@county.example").roles == {"admin"}
    with pytest.raises(Refused, match="not_empty"):
        begin.first_admin(system, SYSTEM, "b@county.example", "a long enough password")
