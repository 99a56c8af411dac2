"""What feeds.toml must say of a mailbox, and that nothing shows its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadcaster.domain.arming import digest
from broadcaster.domain.config import RuleConfig
from broadcaster.services import settings_view
from broadcaster.services.system import System
from broadcaster.settings import load_config, load_settings
from tests.cli.test_main import call
from tests.domain.test_config_check import AGENCY, refusal
from tests.mailboxes import PASSWORD, USER, imap_server

MAILBOX = f"""[[feed]]
name = "state"
format = "cap"
url = "imaps://mail.county.example/Warnings"
user = "{USER}"
password = "env:MAIL_PASSWORD"
senders = ["Alerts@Agency.example"]
"""
SIGNED = 'proof = ["signature"]\n'


@pytest.mark.parametrize(
    ("old", "new", "id_", "key"),
    [
        ('senders = ["Alerts@Agency.example"]\n', "", "C072", "senders"),
        ('["Alerts@Agency.example"]', '["agency.example"]', "C072", "senders"),
        ('["Alerts@Agency.example"]', '["a@agency.example", "b c@d.example"]', "C072", "senders"),
        (f'user = "{USER}"\n', "", "C072", "user"),
        (USER, "a\\r\\nb", "C072", "user"),
        ('format = "cap"', 'format = "nws"', "C072", "format"),
        ("imaps://", "imaps://me@", "C072", "url"),
        ("Warnings", "Warnings?a=b", "C072", "url"),
        ("senders", 'proof = ["luck"]\nsenders', "C072", "proof"),
        ("senders", 'proof = ["server"]\nsenders', "C072", "mail_server"),
        ("senders", 'proof = ["dkim"]\nmail_server = "mx"\nsenders', "C072", "mail_server"),
        ("senders", f"{SIGNED}senders", "C072", "certificates"),
        ("senders", 'unverified_of = "x"\nsenders', "C072", "unverified_of"),
        ("senders", 'ca_file = "no.pem"\nsenders', "C071", "ca_file"),
        ("env:MAIL_PASSWORD", "secret", "C010", "password"),
        ('password = "env:MAIL_PASSWORD"\n', "", "C010", "password"),
        ("MAIL_PASSWORD", "NOTHING", "C011", "password"),
        ("imaps://mail.county.example/Warnings", "https://feed.example/", "C072", "user"),
        ("senders", '[[feed]]\nname = "g"\nformat = "cap"\nunverified_of = "state"\n#', "C072", ""),
    ],
)
def test_a_mailbox_that_could_not_be_read_or_believed_does_not_start(
    tmp_path: Path, old: str, new: str, id_: str, key: str
) -> None:
    assert old in MAILBOX
    found = refusal(tmp_path, "feeds.toml", MAILBOX.replace(old, new), MAIL_PASSWORD="p")
    assert (found.id, found.where.split()[-1] if key else "") == (id_, key)


def loaded(folder: Path, feeds: str) -> System:
    (folder / "agency.toml").write_text(AGENCY)
    (folder / "feeds.toml").write_text(feeds)
    env = {"BROADCASTER_CONFIG": str(folder), "BROADCASTER_DATA": str(folder / "var"), "MAIL_PASSWORD": "very secret"}
    settings = load_settings(env)
    return System(settings, load_config(settings, env), None, None)  # type: ignore[arg-type]


def test_what_a_mailbox_means_where_nothing_more_is_said(tmp_path: Path) -> None:
    config = loaded(tmp_path, MAILBOX).config
    feed, beside = config.feeds
    assert (feed.proof, feed.senders, feed.trust) == (("dkim",), ("alerts@agency.example",), "other")
    assert (beside.name, beside.unverified_of, beside.trust, beside.enabled) == (
        "state (unverified)",
        "state",
        "other",
        False,
    )
    assert config.passwords == {"state": "very secret"}
    assert loaded(tmp_path, MAILBOX + 'mail_server = "mx"\n').config.feeds[0].proof == ("server",)
    off = MAILBOX.replace("MAIL_PASSWORD", "NOTHING") + "enabled = false\n"
    assert loaded(tmp_path, off).config.passwords == {"state": ""}


def test_what_is_unverified_is_never_official(tmp_path: Path) -> None:
    feed, beside = loaded(tmp_path, MAILBOX + 'trust = "official"\n').config.feeds
    assert (feed.trust, beside.trust) == ("official", "other")


def test_no_screen_and_no_text_holds_the_password(tmp_path: Path) -> None:
    system = loaded(tmp_path, MAILBOX)
    shown = [value.shown for group in settings_view.view(system, {}) for value in group.values]
    assert "env:MAIL_PASSWORD" in shown
    assert "very secret" not in f"{shown} {system.config!r}"
    other = loaded(tmp_path, MAILBOX.replace("Warnings", "Other"))
    rule = RuleConfig("r", "release", feeds=("state",))
    assert digest(rule, {}, system.config.feeds) != digest(rule, {}, other.config.feeds)


def test_check_looks_into_the_mailbox_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text(AGENCY)
    env = {"BROADCASTER_CONFIG": str(tmp_path), "BROADCASTER_DATA": str(tmp_path / "var"), "MAIL_PASSWORD": PASSWORD}
    with imap_server() as imap:
        imap.put("Warnings")
        feed = MAILBOX.replace("imaps://mail.county.example/Warnings", imap.url("Warnings")) + "allow_private = true\n"
        (tmp_path / "feeds.toml").write_text(feed)
        done = call("check", env=env)
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.splitlines()[0] == "Judge County: 0 channels, 1 feed, 0 rules"
        assert "state: the folder is there" in done.stdout.splitlines()[1]
        (tmp_path / "feeds.toml").write_text(feed.replace("/Warnings", "/Nowhere"))
        done = call("check", env=env)
    assert done.exit_code == 1
    assert "There is no folder Nowhere" in done.stderr
    assert "-> make the folder" in done.stderr
