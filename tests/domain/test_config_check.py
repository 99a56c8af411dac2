"""Wrong configuration stops the start with file, key, id and a hint; none of it is a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadcaster.domain.errors import ConfigError
from broadcaster.settings import load_config, load_settings

AGENCY = '[agency]\nname = "Judge County"\ncap_sender = "a@judge.example"\ntimezone = "UTC"\nlanguages = ["en"]\n'
CHANNEL = '[[channel]]\nname = "sms"\nkind = "simulated"\n'
FEED = '[[feed]]\nname = "f"\nformat = "cap"\nurl = "https://feed.example/"\n'
RULE = '[[rule]]\nname = "r"\naction = "draft"\n'
MAIL = '[[channel]]\nname = "mail"\nkind = "smtp"\nfrom = "a@judge.example"\nbase_url = '
CALL = '[[channel]]\nname = "call"\nkind = "twilio_voice"\naccount_sid = "AC1"\nauth_token = "env:TOKEN"\n'
CALL += 'from = "+15005550006"\n'
TOOT = '[[channel]]\nname = "toot"\nkind = "mastodon"\naccess_token = "env:TOKEN"\nbase_url = '


def refusal(folder: Path, file: str = "", content: str | bytes = "", **env: str) -> ConfigError:
    (folder / "agency.toml").write_text(AGENCY)
    if file:
        (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        read(folder, **env)
    assert caught.value.hint
    return caught.value


def read(folder: Path, **env: str) -> None:
    whole = {"BROADCASTER_CONFIG": str(folder), "BROADCASTER_DATA": str(folder / "var"), "TOKEN": "t", **env}
    load_config(load_settings(whole), whole)


def test_what_is_right_is_taken_also_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text(AGENCY, encoding="utf-8-sig")
    (tmp_path / "channels.toml").write_text(
        CHANNEL + 'fallback = "b"\n' + CHANNEL.replace("sms", "b") + MAIL + '"smtp://m.example:587"\n'
        "" + TOOT + '"https://toot.example"\nper_second = 0\n'
    )
    (tmp_path / "feeds.toml").write_text(
        FEED + "poll_seconds = 1\n" + FEED.replace('"f"', '"g"').replace("https://feed.example/", "")
    )
    (tmp_path / "rules.toml").write_text(
        RULE + 'match = { severity = ["extreme"], status = ["Actual"] }\nmax_per_hour = 0\n'
    )
    (tmp_path / "policy.toml").write_text(
        '[policy]\nretry_max = 0\nstale_after_seconds = 1\nunknown_without_proof = "give_up"\n'
    )
    for url in ("redis://h:6379/0", "rediss://u:p@h/1", "unix:///run/redis.sock", "redis://[::1]:6379", ""):
        read(tmp_path, REDIS_URL=url, PUBLIC_URL="https://a.example:8443")


def test_an_agency_may_have_a_language_in_which_people_are_told_the_facts_alone(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text(AGENCY.replace('["en"]', '["en", "es", "fr"]'))
    read(tmp_path)
    (tmp_path / "channels.toml").write_text(CHANNEL + 'languages = ["fr"]\n')
    with pytest.raises(ConfigError) as caught:
        read(tmp_path)
    assert (caught.value.id, "one of en, es;" in caught.value.hint) == ("C056", True)


def test_a_fallback_that_reaches_the_same_is_taken_and_one_that_is_off_needs_none(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text(AGENCY)
    backup = CHANNEL.replace('"sms"', '"b"')
    posts = [TOOT.replace('"toot"', f'"{name}"') + '"https://toot.example"\n' for name in ("one", "two")]
    for content in (
        CHANNEL + 'fallback = "b"\n' + backup,
        posts[0] + 'fallback = "two"\n' + posts[1],
        CHANNEL + 'fallback = "b"\nenabled = false\n' + backup + "enabled = false\n",
        CHANNEL + 'languages = ["en"]\nper_second = 3\n',
    ):
        (tmp_path / "channels.toml").write_text(content)
        read(tmp_path)


def test_what_is_wrong_with_a_fallback_or_an_address_is_said_with_a_way_out(tmp_path: Path) -> None:
    found = refusal(tmp_path, "channels.toml", CHANNEL + 'fallback = "mail"\n' + MAIL + '"smtp://m.example"\n')
    assert found.text == "mail reaches people by email, sms reaches people by phone"
    found = refusal(tmp_path, "channels.toml", TOOT + '"https://toot.example/at?x=1#y"\n')
    assert found.hint == "https://toot.example/at"
    secret = refusal(tmp_path, "channels.toml", TOOT + '"https://us:pw@toot.example"\n')
    assert "pw" not in str(secret)


@pytest.mark.parametrize(
    ("change", "id_"),
    [
        (("Judge County", " "), "C040"),
        (("a@judge.example", ""), "C041"),
        (("a@judge.example", "a b"), "C041"),
        (('["en"]', "[]"), "C042"),
        (('["en"]', '["en", "en"]'), "C042"),
        (('["en"]', '["english language"]'), "C042"),
        (("UTC", "Mars/Base"), "C043"),
        (("UTC", ""), "C043"),
        (("UTC", "../../etc/passwd"), "C043"),
        (('["en"]', '["en", "tlh"]'), "C056"),
        (("languages", 'phone_region = "us"\nlanguages'), "C044"),
        (("languages", 'phone_region = "ZZ"\nlanguages'), "C044"),
    ],
)
def test_an_agency_that_would_fail_later_is_refused_at_once(tmp_path: Path, change: tuple[str, str], id_: str) -> None:
    found = refusal(tmp_path, "agency.toml", AGENCY.replace(*change))
    assert (found.id, "agency.toml" in found.where) == (id_, True)


@pytest.mark.parametrize(
    ("file", "content", "id_"),
    [
        ("policy.toml", "[policy]\nstale_after_seconds = 0\n", "C045"),
        ("policy.toml", "[policy]\nretry_max = -1\n", "C045"),
        ("policy.toml", '[policy]\nunknown_without_proof = "guess"\n', "C046"),
        ("channels.toml", CHANNEL.replace('"sms"', '""'), "C047"),
        ("channels.toml", CHANNEL.replace('"sms"', '"a/b"'), "C047"),
        ("channels.toml", CHANNEL.replace('"sms"', '"a;b"'), "C047"),
        ("channels.toml", CHANNEL + "segments_per_second = -1\n", "C048"),
        ("channels.toml", CHANNEL + "segments_per_second = nan\n", "C048"),
        ("channels.toml", CHANNEL + 'fallback = "sms"\n', "C049"),
        ("channels.toml", CHANNEL + 'fallback = "b"\n' + CHANNEL.replace("sms", "b") + 'fallback = "sms"\n', "C049"),
        ("channels.toml", MAIL + '"https://m.example"\n', "C054"),
        ("channels.toml", MAIL + '"smtp://m.example:mail"\n', "C054"),
        ("channels.toml", TOOT + '"smtp://m.example"\n', "C054"),
        ("channels.toml", TOOT + '"https://"\n', "C054"),
        ("channels.toml", TOOT + '"https://toot.example?x=1"\n', "C058"),
        ("channels.toml", TOOT + '"https://toot.example/#x"\n', "C058"),
        ("channels.toml", TOOT + '"https://toot.example/?"\n', "C058"),
        ("channels.toml", TOOT + '"https://us:pw@toot.example"\n', "C058"),
        ("channels.toml", MAIL + '"smtp://m.example?x"\n', "C058"),
        ("channels.toml", CHANNEL + 'languages = ["tlh"]\n', "C056"),
        ("channels.toml", CHANNEL + 'languages = ["fr"]\n', "C056"),
        ("channels.toml", CHANNEL + 'languages = ["en", "es"]\n', "C057"),
        ("channels.toml", CHANNEL + "segments_per_second = 3\nper_second = 3\n", "C062"),
        ("channels.toml", CHANNEL + 'fallback = "b"\n' + CHANNEL.replace("sms", "b") + "enabled = false\n", "C059"),
        ("channels.toml", CHANNEL + 'fallback = "mail"\n' + MAIL + '"smtp://m.example"\n', "C060"),
        ("channels.toml", CHANNEL + 'fallback = "toot"\n' + TOOT + '"https://toot.example"\n', "C060"),
        ("channels.toml", CHANNEL + 'fallback = "call"\n' + CALL, "C064"),
        ("channels.toml", CHANNEL + CALL + 'fallback = "sms"\n', "C064"),
        ("feeds.toml", FEED.replace("https://feed.example/", "file:///etc/passwd"), "C054"),
        ("feeds.toml", FEED.replace("https://feed.example/", "https://[::1"), "C054"),
        ("feeds.toml", FEED + "poll_seconds = 0\n", "C050"),
        ("feeds.toml", FEED + "poll_seconds = 604801\n", "C050"),
        ("rules.toml", RULE + 'template = "../x"\n', "C051"),
        ("rules.toml", RULE + 'template = "lifted"\n', "C055"),
        ("rules.toml", RULE + 'template = "sent_in_error"\n', "C055"),
        ("rules.toml", RULE + "max_per_hour = -1\n", "C052"),
        ("rules.toml", RULE + 'match = { severity = ["Bad"] }\n', "C053"),
    ],
)
def test_a_value_that_would_fail_when_it_is_needed_stops_the_start(
    tmp_path: Path, file: str, content: str, id_: str
) -> None:
    found = refusal(tmp_path, file, content)
    assert (found.id, file in found.where) == (id_, True)


@pytest.mark.parametrize(
    ("kind", "id_", "text", "hint"),
    [
        ("Telegramm", "C007", "'Telegramm' is unknown", 'perhaps "telegram"; known: apprise'),
        ("pigeon", "C007", "'pigeon' is unknown", 'write kind = "apprise"'),
        ("", "C007", "is missing", "known: apprise"),
    ],
)
def test_a_kind_that_does_not_exist_is_told_what_to_write(
    tmp_path: Path, kind: str, id_: str, text: str, hint: str
) -> None:
    found = refusal(tmp_path, "channels.toml", CHANNEL.replace("simulated", kind))
    assert (found.id, text in found.text, hint in found.hint) == (id_, True, True)


def test_a_value_that_is_neither_of_two_types_names_its_key(tmp_path: Path) -> None:
    toml = '[[channel]]\nname = "t"\nkind = "telegram"\ntoken = "env:TOKEN"\nchat_id = 1.5\n'
    assert refusal(tmp_path, "channels.toml", toml, TOKEN="1:a").where.endswith("[[channel]] t chat_id")


@pytest.mark.parametrize("file", ["agency.toml", "policy.toml", "channels.toml", "feeds.toml", "rules.toml"])
def test_a_file_of_another_shape_is_named_and_never_a_traceback(tmp_path: Path, file: str) -> None:
    top = {"agency.toml": "agency", "policy.toml": "policy"}.get(file, file.removesuffix("s.toml"))
    for content in (f"{top} = 3", f'{top} = "ab"', f"{top} = [1, 2]"):
        assert (refusal(tmp_path, file, content).id, refusal(tmp_path, file, content).where[:4]) == ("C004", file[:4])
    assert refusal(tmp_path, file, "a=" + "[" * 5000).id == "C002"
    assert refusal(tmp_path, file, b"\xff\xfe").id == "C002"
    (tmp_path / file).unlink()
    (tmp_path / file).mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "id_"),
    [
        ("PORT", "\N{SUPERSCRIPT TWO}", "S003"),
        ("PORT", "9" * 5000, "S003"),
        ("SENDER_PROCESSES", "0", "S003"),
        ("WEB_CONCURRENCY", "0", "S003"),
        ("PUBLIC_URL", "https://a.example?x", "S004"),
        ("PUBLIC_URL", "https://u:p@a.example", "S004"),
        ("CONSOLE_URL", "https://a.example:port", "S004"),
        ("REDIS_URL", "nonsense", "S016"),
        ("REDIS_URL", "redis://h:abc/0", "S016"),
        ("REDIS_URL", "http://h", "S016"),
    ],
)
def test_a_setting_that_is_none_is_named(tmp_path: Path, name: str, text: str, id_: str) -> None:
    found = refusal(tmp_path, **{name: text})
    assert (found.id, found.where) == (id_, name)


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert refusal(tmp_path, SECRET_KEY_FILE=str(tmp_path / "binary")).id == "S001"
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret_key").write_bytes(b"\xff")
    assert refusal(tmp_path).id == "S015"


OFFICIAL = FEED + 'trust = "official"\n'
ARMED = """[[rule]]
name = "r"
action = "release"
feeds = ["f"]
match = { event = ["Tornado Warning"], severity = ["Extreme"], zones = ["valley"] }
max_per_hour = 3
"""


def test_a_rule_that_releases_is_taken_where_it_lists_what_it_may_release(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text(AGENCY)
    (tmp_path / "feeds.toml").write_text(OFFICIAL)
    (tmp_path / "rules.toml").write_text(ARMED + 'follow = "release"\n')
    read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "id_"),
    [
        ('feeds = ["f"]\n', "", "C083"),
        ('event = ["Tornado Warning"], ', "", "C083"),
        ('severity = ["Extreme"], ', "", "C083"),
        (', zones = ["valley"]', "", "C083"),
        ("max_per_hour = 3\n", "", "C083"),
        ('zones = ["valley"]', 'zones = ["valley"], status = ["Actual", "Test"]', "C085"),
        ('zones = ["valley"]', 'zones = ["valley"], response = ["evacuate"]', "C086"),
        ("max_per_hour", 'template = "evacuation_warning"\nmax_per_hour', "C086"),
        ("max_per_hour", 'template = "lifted"\nmax_per_hour', "C055"),
        ("max_per_hour", 'follow = "draft"\nmax_per_hour', "C081"),
        ('zones = ["valley"]', 'zones = ["valley"], vtec = ["NEW", "OLD"]', "C080"),
        ('zones = ["valley"]', 'zones = ["valley"], hours = ["22:00"]', "C082"),
    ],
)
def test_a_rule_that_could_release_what_no_machine_may_stops_the_start(
    tmp_path: Path, old: str, new: str, id_: str
) -> None:
    (tmp_path / "feeds.toml").write_text(OFFICIAL)
    assert old in ARMED
    assert refusal(tmp_path, "rules.toml", ARMED.replace(old, new)).id == id_


def test_a_rule_releases_nothing_of_a_feed_that_is_not_official(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text(FEED)
    assert refusal(tmp_path, "rules.toml", ARMED).id == "C084"


def test_our_own_people_are_not_called_for_a_notice_leads_to_a_page(tmp_path: Path) -> None:
    (tmp_path / "channels.toml").write_text(CHANNEL + CALL + 'fallback = "b"\n' + CALL.replace("call", "b"))
    assert refusal(tmp_path, "policy.toml", '[policy]\nnotify_channels = ["call"]\n').id == "C063"
