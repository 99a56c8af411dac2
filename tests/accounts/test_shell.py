"""The way back in from the shell, which leaves a trace; and which passwords are too easy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from broadcaster.accounts.passwords import weakness
from broadcaster.cli.main import cli

PASSWORD = "right horse battery"


def test_whoever_lost_everything_comes_back_by_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    for name in ("DATABASE_URL", "BROADCASTER_ENV", "SECRET_KEY", "PUBLIC_URL", "CONSOLE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BROADCASTER_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("BROADCASTER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("REDIS_URL", redis_url)

    def run(*words: str, stdin: str = "", code: int = 0) -> str:
        done = CliRunner().invoke(cli, list(words), input=stdin)
        assert done.exit_code == code, (done.output, done.stderr)
        return done.stdout

    add = ("users", "add", "--password-stdin", "--role", "admin")
    run(*add, "ann@judge.example", stdin=PASSWORD + "\n")
    run(*add, "ben@judge.example", stdin=PASSWORD + "\n")
    made = json.loads(run("users", "change", "ann@judge.example", "reset-password", "--json"))
    assert len(made["password"]) == 20
    run("users", "change", "ann@judge.example", "reset-factor")
    run("users", "change", "ann@judge.example", "unlock")
    run("users", "change", "ann@judge.example", "logout")
    run("users", "change", "ann@judge.example", "disable")
    run("users", "change", "ben@judge.example", "disable", code=1)
    run("users", "change", "ann@judge.example", "enable")
    alarms = run("doctor", "--json", code=1)
    assert "alone chose to give ann@judge.example a new first password" in alarms


EASY = (
    *("password2026", "P@ssw0rd!!!!", "letmeinletmein", "aaaaaaaaaaaa", "123456789012", "abcdefghijkl"),
    *("Qwertyuiop123", "JudgeCounty2026", "anna.smith.anna", "correct horse battery staple", "evacuation-2026"),
    "zyxwvutsrqpo",
)


@pytest.mark.parametrize("easy", EASY)
def test_what_everybody_tries_first_is_no_password(easy: str) -> None:
    assert "first" in weakness(easy, ["Judge County", "anna.smith@judge.example"])


@pytest.mark.parametrize("stolen", ["1q2w3e4r5t6y7u8i", "WolverHampton", "tequieromucho1"])
def test_what_stands_in_lists_of_stolen_passwords_is_refused_without_a_network(stolen: str) -> None:
    assert "stolen" in weakness(stolen)


@pytest.mark.parametrize(
    "good", [PASSWORD, "seven quiet otters", "kx9 vb2 lq7 wm", "ñandú verde seis", "雨の日は家で本を読むのが好き"]
)
def test_a_few_words_of_one_s_own_are_fine(good: str) -> None:
    assert weakness(good, ["Judge County", "anna.smith@judge.example"]) == ""


def test_length_alone_is_measured_exactly() -> None:
    assert "at least 12" in weakness("kx9vb2lq7wm")
    assert weakness("kx9vb2lq7wmd") == ""
    assert weakness("kx9 vb2 lq7 wmd " * 8) == ""
    assert "at most 128" in weakness("kx9 vb2 lq7 wmd " * 8 + "x")
