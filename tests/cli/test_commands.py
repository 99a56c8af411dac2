"""The command line as scripts meet it: results on stdout alone, reasons on stderr, exit 0, 1 or 2."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broadcaster.cli.main import cli
from broadcaster.demo.samples import sample
from broadcaster.settings import DEMO_AGENCY

PASSWORD = "right horse battery"
ZONES = str(DEMO_AGENCY / "config" / "zones" / "clearwater.geojson")
PEOPLE = str(DEMO_AGENCY / "subscribers.csv")
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> Run:
    """Run a command on an installation of its own; ``stdin`` is a pipe, as for a script."""
    for name in ("DATABASE_URL", "BROADCASTER_ENV", "SECRET_KEY", "PUBLIC_URL", "CONSOLE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BROADCASTER_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("BROADCASTER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("REDIS_URL", redis_url)

    def call(*arguments: str, stdin: str = "", code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(arguments), input=stdin)
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return call


@pytest.fixture
def county(run: Run) -> Run:
    """Zones, people to reach, and three who log in."""
    run("zones", "import", ZONES)
    run("subscribers", "import", PEOPLE)
    for email, role in (("a@x.example", "author"), ("b@x.example", "approver"), ("c@x.example", "approver")):
        run("users", "add", email, "--role", role, "--password-stdin", stdin=f"{PASSWORD}\n")
    return run


def value(result: Result) -> Any:
    return json.loads(result.stdout)


def draft(run: Run, tmp_path: Path) -> str:
    """The id of a draft from the bundled NWS sample."""
    file = tmp_path / "nws.json"
    file.write_bytes(sample("nws", datetime.now(UTC)))
    found = value(run("feeds", "ingest", "nws", str(file), "--json"))
    (entry,) = found["files"][0]["entries"]
    assert entry["decision"] == "new"
    return str(entry["alert"])


def as_(email: str) -> list[str]:
    return ["--as", email, "--password-stdin", "--json"]


def digest(run: Run, id_: str) -> str:
    return str(value(run("alerts", "show", id_, "--json"))["digest"])


def test_a_document_goes_from_file_to_live_by_two_people(county: Run, tmp_path: Path) -> None:
    id_ = draft(county, tmp_path)
    login = f"{PASSWORD}\n"
    assert value(county("alerts", "submit", id_, *as_("a@x.example"), stdin=login))["state"] == "in_review"
    seen = digest(county, id_)
    county("alerts", "approve", id_, *as_("a@x.example"), "--digest", seen, stdin=login, code=1)
    county("alerts", "approve", id_, *as_("b@x.example"), "--digest", "0" * 64, stdin=login, code=1)
    assert value(county("alerts", "list", "--json"))["alerts"][0]["state"] == "in_review"
    assert (
        value(county("alerts", "approve", id_, *as_("b@x.example"), "--digest", seen, stdin=login))["state"] == "live"
    )
    county("alerts", "approve", id_, *as_("c@x.example"), "--digest", seen, stdin=login, code=1)
    found = value(county("deliveries", id_, "--json"))
    assert set(found["channels"]) == {"sms", "social"}
    assert value(county("alerts", "stop", id_, *as_("b@x.example"), "--reason", "enough", stdin=login))["id"] == id_
    assert "the chain is whole" in county("audit", "verify").stdout


def test_an_alert_is_written_by_a_template(county: Run) -> None:
    login, what = f"{PASSWORD}\n", ["evacuation_order", "--field", "hazard=wildfire", "--hashtag", "Bear Creek Fire"]
    made = value(county("alerts", "create", *what, *as_("a@x.example"), stdin=login))
    assert (made["state"], made["hashtag"], made["created_by"]) == ("draft", "BearCreekFire", "a@x.example")
    assert [one["code"] for one in made["findings"] if one["blocking"]] == ["no_area"]
    drill = county("alerts", "create", *what, "--mode", "exercise", *as_("a@x.example"), stdin=login)
    assert (value(drill)["mode"], value(drill)["hashtag"]) == ("exercise", "")
    for wrong, code in ((["--field", "hazard"], 2), (["--expires", "soon"], 2), (["--zone", "nowhere"], 1)):
        county("alerts", "create", *what, *wrong, *as_("a@x.example"), stdin=login, code=code)
    assert len(value(county("alerts", "list", "--json"))["alerts"]) == 2


def test_an_incident_is_named_and_unnamed(county: Run, tmp_path: Path) -> None:
    id_, login = draft(county, tmp_path), f"{PASSWORD}\n"
    made = value(county("alerts", "hashtag", id_, "Bear Creek Fire", *as_("a@x.example"), stdin=login))
    assert made == {"incident": value(county("alerts", "show", id_, "--json"))["incident"], "hashtag": "BearCreekFire"}
    refused = county("alerts", "hashtag", id_, "911", *as_("a@x.example"), stdin=login, code=1)
    assert "needs a letter" in refused.stderr
    assert value(county("alerts", "hashtag", id_, *as_("a@x.example"), stdin=login))["hashtag"] == ""


def test_review_goes_back_and_forth_with_reasons(county: Run, tmp_path: Path) -> None:
    id_, login = draft(county, tmp_path), f"{PASSWORD}\n"
    county("alerts", "submit", id_, *as_("a@x.example"), stdin=login)
    county("alerts", "withdraw", id_, *as_("b@x.example"), stdin=login, code=1)
    assert value(county("alerts", "withdraw", id_, *as_("a@x.example"), stdin=login))["state"] == "draft"
    county("alerts", "submit", id_, *as_("a@x.example"), stdin=login)
    county("alerts", "return", id_, *as_("b@x.example"), stdin=login, code=1)
    back = county("alerts", "return", id_, *as_("b@x.example"), "--reason", "typo", stdin=login)
    assert value(back)["state"] == "returned"
    county("alerts", "submit", id_, *as_("a@x.example"), stdin=login)
    gone = county("alerts", "reject", id_, *as_("b@x.example"), "--reason", "not ours", stdin=login)
    assert value(gone)["state"] == "rejected"
    steps = [(step["verb"], step["by"]) for step in value(county("alerts", "show", id_, "--json"))["reviews"]]
    assert steps[-1] == ("reject", "b@x.example")


def test_one_person_may_override_and_a_cancel_extend_and_lift_wait_for_review(county: Run, tmp_path: Path) -> None:
    id_, login = draft(county, tmp_path), f"{PASSWORD}\n"
    county("alerts", "submit", id_, *as_("b@x.example"), stdin=login)
    alone = county(
        "alerts", "override", id_, *as_("b@x.example"), "--digest", digest(county, id_), "--reason", "fire", stdin=login
    )
    assert value(alone) == {"id": id_, "state": "live", "signature_owed": True}
    later = county("alerts", "extend", id_, *as_("a@x.example"), stdin=login)
    assert value(later)["state"] == "in_review"
    for verb in ("cancel", "lift"):
        made = value(county("alerts", verb, id_, *as_("a@x.example"), "--reason", "over", stdin=login))
        assert (made["state"], made["id"] != id_) == ("in_review", True)
    county("alerts", "extend", id_, *as_("a@x.example"), "--expires", "soon", stdin=login, code=2)
    county("alerts", "extend", id_, *as_("a@x.example"), "--expires", "2026-01-01T00:00:00", stdin=login, code=1)


def test_a_script_must_name_what_it_saw_and_who_it_is(county: Run, tmp_path: Path) -> None:
    id_, login = draft(county, tmp_path), f"{PASSWORD}\n"
    for verb in ("approve", "override"):
        county("alerts", verb, id_, *as_("b@x.example"), stdin=login, code=2)
    county("alerts", "submit", id_, "--as", "a@x.example", stdin=login, code=2)
    county("alerts", "submit", id_, "--password-stdin", stdin=login, code=2)
    wrong = county("alerts", "submit", id_, *as_("a@x.example"), stdin="wrong\n", code=1)
    assert wrong.stdout == ""
    assert "credentials" in wrong.stderr
    assert value(county("alerts", "list", "--json"))["alerts"][0]["state"] == "draft"


def test_guesses_on_the_command_line_close_the_account(county: Run, tmp_path: Path) -> None:
    for _ in range(5):
        county("alerts", "submit", "x", *as_("a@x.example"), stdin="wrong\n", code=1)
    assert "locked" in county("alerts", "submit", "x", *as_("a@x.example"), stdin=f"{PASSWORD}\n", code=1).stderr


def test_production_takes_no_piped_password_for_what_puts_an_alert_on_air(
    county: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "agency.toml").write_text('[agency]\nname = "Judge County"\ncap_sender = "a@judge.example"\n')
    monkeypatch.setenv("BROADCASTER_ENV", "production")
    monkeypatch.setenv("SECRET_KEY", "k" * 40)
    monkeypatch.setenv("PUBLIC_URL", "https://alerts.example")
    monkeypatch.setenv("CONSOLE_URL", "https://alerts.example")
    for verb in ("approve", "override"):
        refused = county("alerts", verb, "x", *as_("b@x.example"), "--digest", "d", stdin=f"{PASSWORD}\n", code=1)
        assert "password_stdin" in refused.stderr
    assert "no_alert" in county("alerts", "reject", "x", *as_("b@x.example"), stdin=f"{PASSWORD}\n", code=1).stderr


def test_a_code_comes_in_the_second_line(county: Run, tmp_path: Path) -> None:
    from passlib.totp import TOTP  # type: ignore[import-untyped]

    secret = value(county("users", "enroll", "a@x.example", "--json"))["secret"]
    id_ = draft(county, tmp_path)
    county("alerts", "submit", id_, *as_("a@x.example"), stdin=f"{PASSWORD}\n", code=1)
    login = f"{PASSWORD}\n{TOTP(secret).generate().token}\n"
    assert value(county("alerts", "submit", id_, *as_("a@x.example"), stdin=login))["state"] == "in_review"
    county("alerts", "withdraw", id_, *as_("a@x.example"), stdin=login, code=1)


def test_people_and_tokens_are_added_once(run: Run) -> None:
    added = run("users", "add", "A@X.example", "--role", "author", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert added.stdout == "a@x.example\n"
    again = run("users", "add", "a@x.example", "--role", "author", "--password-stdin", stdin=f"{PASSWORD}\n", code=1)
    assert "user_exists" in again.stderr
    run("users", "add", "x@x.example", "--role", "boss", "--password-stdin", code=2)
    run("users", "add", "x@x.example", "--role", "author", code=2)
    run("users", "add", "x@x.example", "--role", "author", "--password-stdin", stdin="short\n", code=1)
    run("users", "add", "x@x.example", "--role", "author", "--password-stdin", stdin="passwor\n", code=1)
    weak = run("users", "add", "x@x.example", "--role", "author", "--password-stdin", stdin="password\n")
    assert "taken, but weak: a password needs at least 12" in weak.stderr
    token = run("tokens", "add", "partner", "--scope", "submit", "--owner", "a@x.example").stdout
    assert token.startswith("bc_")
    assert len(token.split()) == 1
    run("tokens", "add", "partner", "--scope", "submit", code=1)
    run("tokens", "add", "other", "--scope", "write", code=2)
    run("tokens", "add", "other", "--scope", "read", "--owner", "nobody@x.example", code=1)
    assert [row["name"] for row in value(run("tokens", "list", "--json"))] == ["partner"]
    run("tokens", "revoke", "partner")
    run("tokens", "revoke", "partner", code=1)
    assert value(run("users", "list", "--json"))[0]["roles"] == ["author"]


def test_subscribers_go_in_and_out(run: Run, tmp_path: Path) -> None:
    run("zones", "import", ZONES)
    file = tmp_path / "p.csv"
    file.write_text("phone,email,language,zones,channels\n+15555550001,,en,valley,sms\nx,,en,valley,\n")
    result = run("subscribers", "import", str(file), "--json")
    assert (value(result)["added"], value(result)["rejected"]) == (1, 1)
    assert "p.rejected.csv" in result.stderr
    assert "people read" not in result.stderr
    file.write_text("phone,email,language,zones,channels\n+15555550002,,vi,valley,sms\n")
    said = run("subscribers", "import", str(file)).stderr
    assert "1 people read vi, which agency.toml does not have (lines 2): they get the text in en." in said
    out = tmp_path / "out.csv"
    run("subscribers", "export", str(out))
    assert run("subscribers", "export").stdout == out.read_text()
    run("subscribers", "export", str(out), code=1)
    run("subscribers", "import", str(tmp_path / "none.csv"), code=1)
    run("zones", "import", str(file), code=1)
    assert len(value(run("zones", "list", "--json"))) == 6


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody without a name")
def test_a_user_without_a_name_acts_under_the_number() -> None:
    nameless, env = 54321, {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    code = f"import os, pwd; from broadcaster.cli.common import operator; os.setuid({nameless}); print(operator().name)"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, f"shell:uid{nameless}@{socket.gethostname()}"), done.stderr


def test_documents_that_cannot_be_used_are_reported_and_a_missing_file_takes_nothing(
    county: Run, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.xml", tmp_path / "good.xml"
    bad.write_bytes(b"<html>")
    good.write_bytes(sample("cap", datetime.now(UTC)))
    county("feeds", "ingest", "cap", str(good), str(tmp_path / "none.xml"), code=1)
    county("feeds", "ingest", "nothing", str(good), code=1)
    found = value(county("feeds", "ingest", "cap", str(bad), str(good), str(good), "--json"))["files"]
    assert found[0]["problems"]
    assert [[entry["decision"] for entry in file["entries"]] for file in found] == [[], ["new"], ["ignore"]]


def test_links_of_an_index_that_a_file_cannot_follow_are_said(county: Run, tmp_path: Path) -> None:
    index = tmp_path / "index.xml"
    index.write_text(
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>i</id><title>t</title><entry><id>e</id><title>w</title>'
        '<link type="application/cap+xml" href="https://cap.example/one.xml"/></entry></feed>'
    )
    (found,) = value(county("feeds", "ingest", "cap-index", str(index), "--json"))["files"]
    assert found["file"] == str(index)
    assert "links" in {problem["code"] for problem in found["problems"]}


def test_feeds_are_listed_and_a_poll_that_fails_says_why(run: Run) -> None:
    assert [row["name"] for row in value(run("feeds", "list", "--json"))] == ["nws", "cap", "cap-index"]
    run("feeds", "poll", "nothing", code=1)
    assert run("feeds", "poll", "cap", code=1).stderr


def test_an_incidents_records_go_into_one_file(county: Run, tmp_path: Path) -> None:
    id_, login = draft(county, tmp_path), f"{PASSWORD}\n"
    county("alerts", "submit", id_, *as_("a@x.example"), stdin=login)
    county("alerts", "approve", id_, *as_("b@x.example"), "--digest", digest(county, id_), stdin=login)
    incident = value(county("alerts", "show", id_, "--json"))["incident"]
    file = tmp_path / "records.zip"
    county("export", incident, str(file))
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        texts = json.loads(archive.read(f"alerts/{id_}/sent.json"))
        verbs = [entry["verb"] for entry in json.loads(archive.read("audit.json"))]
        everything = b"".join(archive.read(name) for name in names)
    assert {text["channel"] for text in texts} == {"sms", "social"}
    assert "alert.approve" in verbs
    assert any(name.startswith("versions/") for name in names)
    assert any(name.startswith("documents/") for name in names)
    assert b"+1555555" not in everything
    county("export", incident, str(file), code=1)
    county("export", "nothing", str(tmp_path / "other.zip"), code=1)


def test_an_approver_signs_a_templates_words_and_the_list_says_so(county: Run) -> None:
    def words(template: str) -> dict[str, tuple[str, str | None]]:
        found = next(t for t in value(county("templates", "list", "--json")) if t["name"] == template)
        return {w["language"]: (w["state"], w["signed_by"]) for w in found["words"]}

    login = f"{PASSWORD}\n"
    assert words("boil_water") == {"en": ("unsigned", None), "es": ("unsigned", None)}
    county("templates", "sign", "boil_water", "es", *as_("a@x.example"), stdin=login, code=1)
    signed = value(county("templates", "sign", "boil_water", "es", *as_("b@x.example"), stdin=login))
    assert (signed["state"], signed["signed_by"]) == ("signed", "b@x.example")
    assert words("boil_water") == {"en": ("unsigned", None), "es": ("signed", "b@x.example")}
    assert words("cap") == {}
    listed = county("templates", "list").stdout
    assert "boil_water  en es\n  en  signed by nobody\n  es  signed by b@x.example, " in listed
    county("templates", "sign", "boil_water", "hmn", *as_("b@x.example"), stdin=login, code=1)


def test_templates_publishing_and_unknown_things(run: Run) -> None:
    assert "whole" in run("templates", "check").stdout
    assert {row["name"] for row in value(run("templates", "list", "--json"))} >= {"cap", "evacuation_order"}
    first = value(run("publish", "--json"))["version"]
    assert value(run("publish", "--json"))["version"] > first
    run("alerts", "show", "nothing", code=1)
    run("deliveries", "nothing", code=1)
    run("alerts", "fly", code=2)
    run("nothing", code=2)
