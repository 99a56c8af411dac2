"""Kill switches from the command line: stopping needs the shell alone, letting go on a proven person."""

from __future__ import annotations

from tests.cli.test_commands import PASSWORD, Run, county, run, value

__all__ = ["county", "run"]  # fixtures


def test_switches_are_listed_stopped_and_resumed(county: Run) -> None:
    assert [one["stopped"] for one in value(county("switches", "list", "--json"))[:2]] == [False, False]
    assert value(county("switches", "stop", "sending", "--reason", "wrong county", "--json"))["first"] is True
    assert "STOPPED by shell:" in county("switches", "list").stdout
    resume = ("switches", "resume", "sending", "--password-stdin", "--as")
    assert "role" in county(*resume, "a@x.example", stdin=f"{PASSWORD}\n", code=1).stderr
    assert "credentials" in county(*resume, "b@x.example", stdin="wrong\n", code=1).stderr
    county(*resume, "b@x.example", stdin=f"{PASSWORD}\n")
    assert "not_stopped" in county(*resume, "b@x.example", stdin=f"{PASSWORD}\n", code=1).stderr
    assert "STOPPED" not in county("switches", "list").stdout


def test_an_unknown_switch_is_one_clear_line(county: Run) -> None:
    assert "There is no switch 'everything'" in county("switches", "stop", "everything", code=1).stderr
