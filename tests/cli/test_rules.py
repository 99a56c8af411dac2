"""A rule from the command line: tested on a real document, armed by two people's proof, releasing, disarmed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from broadcaster.demo.samples import sample
from broadcaster.settings import DEMO_AGENCY
from tests.cli.test_commands import PASSWORD, Run, county, run, value

__all__ = ["county", "run"]  # fixtures
RULE = """[[rule]]
name = "weather"
feeds = ["nws"]
match = { event = ["Tornado Warning"], severity = ["Extreme"], zones = ["valley"] }
action = "release"
max_per_hour = 2
"""


def test_a_rule_is_tested_armed_by_two_and_releases_a_warning_of_the_weather_service(
    county: Run, tmp_path: Path
) -> None:
    shutil.copytree(DEMO_AGENCY / "config", tmp_path / "config")
    (tmp_path / "config" / "rules.toml").write_text(RULE)
    (one,) = value(county("rules", "list", "--json"))
    arm = ["rules", "arm", "weather", "--digest", one["digest"], "--json", "--password-stdin", "--as"]
    login = f"{PASSWORD}\n"
    assert "no_test_run" in county(*arm, "b@x.example", stdin=login, code=1).stderr
    assert "would have released 0, submitted 0" in county("rules", "test", "weather").stdout
    assert value(county(*arm, "b@x.example", stdin=login))["armed"] is False
    assert "four_eyes" in county(*arm, "b@x.example", stdin=login, code=1).stderr
    assert "role" in county(*arm, "a@x.example", stdin=login, code=1).stderr
    assert value(county(*arm, "c@x.example", stdin=login))["armed"] is True
    file = tmp_path / "nws.json"
    file.write_bytes(sample("nws", datetime.now(UTC)))
    (entry,) = value(county("feeds", "ingest", "nws", str(file), "--json"))["files"][0]["entries"]
    assert (entry["reason"], value(county("alerts", "show", entry["alert"], "--json"))["state"]) == ("", "live")
    assert value(county("rules", "test", "weather", "--json"))["released"] == 1
    assert "armed until" in county("rules", "list").stdout
    county("rules", "disarm", "weather", "--reason", "enough")
    assert "not armed" in county("rules", "list").stdout
    assert "there is no rule" in county("rules", "test", "none", code=1).stderr.lower()
