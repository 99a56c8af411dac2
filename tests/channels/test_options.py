"""channels.toml to Options, through the settings: every kind as the README shows it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels import mastodon, simulated, smtp, twilio_sms, twilio_voice, whatsapp
from broadcaster.channels.whatsapp_templates import Template
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.errors import ConfigError
from broadcaster.settings import load_config, load_settings
from tests.providers.smtp import make_certificate

ENV = {
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "tok",
    "TWILIO_MESSAGING_SERVICE_SID": "MG1",
    "MASTODON_ACCESS_TOKEN": "m-tok",
    "SMTP_PASSWORD": "pw",
}
TWILIO = """
kind = "twilio_sms"
account_sid = "env:TWILIO_ACCOUNT_SID"
auth_token = "env:TWILIO_AUTH_TOKEN"
"""
MAIL = """
kind = "smtp"
from = "Judge County <alerts@judge.example>"
"""


def read(tmp_path: Path, toml: str, region: str = "US", **env: str) -> ChannelConfig:
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    agency = f'[agency]\nname = "Judge County"\ncap_sender = "a@judge.example"\nphone_region = "{region}"\n'
    (config / "agency.toml").write_text(agency)
    (config / "channels.toml").write_text(f'[[channel]]\nname = "one"\n{toml}')
    environ = {"BROADCASTER_CONFIG": str(config), "BROADCASTER_DATA": str(tmp_path / "data"), **ENV, **env}
    [channel] = load_config(load_settings(environ), environ).channels
    return channel


def options(tmp_path: Path, toml: str, **env: str) -> Any:
    return read(tmp_path, toml, **env).options


def refused(tmp_path: Path, toml: str, **env: str) -> str:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, toml, **env)
    return str(raised.value)


def test_twilio_by_a_messaging_service(tmp_path: Path) -> None:
    made = options(tmp_path, TWILIO + 'messaging_service_sid = "env:TWILIO_MESSAGING_SERVICE_SID"')
    assert isinstance(made, twilio_sms.Options)
    assert (made.account_sid, made.auth_token, made.messaging_service_sid, made.from_) == ("AC1", "tok", "MG1", None)


def test_twilio_by_a_number(tmp_path: Path) -> None:
    channel = read(tmp_path, TWILIO + 'from = "+15005550006"\nsegments_per_second = 100')
    assert isinstance(channel.options, twilio_sms.Options)
    assert (channel.options.from_, channel.per_second) == ("+15005550006", 100)


def test_twilio_without_a_sender_is_refused(tmp_path: Path) -> None:
    assert "messaging_service_sid or from" in refused(tmp_path, TWILIO)


def test_what_is_no_secret_may_stand_in_the_file_or_come_from_the_environment(tmp_path: Path) -> None:
    plain = TWILIO.replace("env:TWILIO_ACCOUNT_SID", "AC2")
    made = options(tmp_path, plain + 'from = "env:OUR_NUMBER"', OUR_NUMBER="+15005550006")
    assert (made.account_sid, made.from_) == ("AC2", "+15005550006")


@pytest.mark.parametrize("key", ["auth_token", "api_key_secret"])
def test_a_secret_in_the_file_stops_the_start(tmp_path: Path, key: str) -> None:
    toml = f'kind = "twilio_sms"\naccount_sid = "AC1"\nfrom = "12345"\n{key} = "t0k"\n'
    told = refused(tmp_path, toml if key == "auth_token" else toml + 'auth_token = "env:TWILIO_AUTH_TOKEN"')
    assert "C010" in told
    assert "t0k" not in told


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    assert "NO_SUCH" in refused(tmp_path, TWILIO.replace("TWILIO_AUTH_TOKEN", "NO_SUCH") + 'from = "+1"')


def test_a_disabled_channel_needs_no_secrets(tmp_path: Path) -> None:
    toml = TWILIO.replace("TWILIO_AUTH_TOKEN", "NO_SUCH") + 'from = "env:NO_SUCH"\nenabled = false'
    assert not read(tmp_path, toml).enabled


def test_pythons_name_of_a_key_is_not_the_files(tmp_path: Path) -> None:
    told = refused(tmp_path, TWILIO + 'from_ = "+1"')
    assert "unknown key" in told
    assert "messaging_service_sid, from, base_url" in told


@pytest.mark.parametrize("sender", ["+15005550006", "+3585012", "+123456789012345", "12345", "123456"])
def test_twilio_by_a_number_or_a_short_code(tmp_path: Path, sender: str) -> None:
    assert options(tmp_path, TWILIO + f'from = "{sender}"').from_ == sender


@pytest.mark.parametrize(
    "sender",
    [
        "+1",
        "1234",
        "1234567",
        "5005550006",
        "+05005550006",
        "+1234567890123456",
        "+1 500 555 0006",
        "Judge County EM",
        "J!",
    ],
)
def test_twilio_by_what_is_no_sender_is_refused(tmp_path: Path, sender: str) -> None:
    told = refused(tmp_path, TWILIO + f'from = "{sender}"', region="GB")
    assert told.startswith("C061 channels.toml [[channel]] one from")
    assert "is no sender" in told


def test_twilio_by_a_name_only_where_carriers_take_names(tmp_path: Path) -> None:
    for name in ("abc", "Judge EM", "JUDGE-911", "a"):
        assert options(tmp_path, TWILIO + f'from = "{name}"', region="GB").from_ == name
        for region in ("US", "CA"):
            told = refused(tmp_path, TWILIO + f'from = "{name}"', region=region)
            assert "C061 channels.toml [[channel]] one from" in told
            assert f"which {region} does not take" in told


def test_twilio_by_both_senders_or_an_empty_one_is_refused(tmp_path: Path) -> None:
    for lines in ('from = "12345"\nmessaging_service_sid = "MG1"', 'from = ""', 'messaging_service_sid = ""'):
        assert "C061 channels.toml [[channel]] one from" in refused(tmp_path, TWILIO + lines)
    assert options(tmp_path, TWILIO + 'from = ""\nmessaging_service_sid = "MG1"').messaging_service_sid == "MG1"
    assert not read(tmp_path, TWILIO + 'from = "+"\nenabled = false').enabled


def test_mastodon(tmp_path: Path) -> None:
    made = options(
        tmp_path, 'kind = "mastodon"\naccess_token = "env:MASTODON_ACCESS_TOKEN"\nbase_url = "https://m.example"'
    )
    assert made == mastodon.Options(made.access_token, "https://m.example")
    assert made.access_token == "m-tok"


@pytest.mark.parametrize("url", ["smtp://mail.example:587", "smtps://mail.example", "smtp://127.0.0.1:2525"])
def test_mail(tmp_path: Path, url: str) -> None:
    made = options(tmp_path, MAIL + f'base_url = "{url}"\nusername = "us"\npassword = "env:SMTP_PASSWORD"')
    assert isinstance(made, smtp.Options)
    assert (made.base_url, made.from_, made.password) == (url, "Judge County <alerts@judge.example>", "pw")


def test_mail_with_an_authority_of_its_own(tmp_path: Path) -> None:
    authority, _ = make_certificate(tmp_path)
    made = options(tmp_path, MAIL + f'base_url = "smtp://mail.example"\nca_file = "{authority}"')
    assert made.ca_file == str(authority)


@pytest.mark.parametrize("content", [None, "", "no certificate", "folder"])
def test_mail_with_an_authority_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content == "folder":
        file.mkdir()
    elif content is not None:
        file.write_text(content)
    toml = MAIL + f'base_url = "smtp://mail.example"\nca_file = "{file}"\n'
    told = refused(tmp_path, toml)
    assert told.startswith("C061 channels.toml [[channel]] one ca_file")
    assert str(file) in told
    assert not read(tmp_path, toml + "enabled = false").enabled


@pytest.mark.parametrize(
    "url",
    [
        "http://m.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://127.0.0.1",
        "m.example",
    ],
)
def test_an_address_that_is_neither_https_nor_this_machine_is_refused(tmp_path: Path, url: str) -> None:
    assert "C009" in refused(
        tmp_path, f'kind = "mastodon"\naccess_token = "env:MASTODON_ACCESS_TOKEN"\nbase_url = "{url}"'
    )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4010", "http://localhost", "http://[::1]:80/", "https://m.example/x"]
)
def test_an_address_on_this_machine_may_be_plain(tmp_path: Path, url: str) -> None:
    toml = f'kind = "mastodon"\naccess_token = "env:MASTODON_ACCESS_TOKEN"\nbase_url = "{url}"'
    assert options(tmp_path, toml).base_url == url


@pytest.mark.parametrize(("line", "inside"), [("", "simulated"), ('folder = "phones"', "phones")])
def test_simulated_tries_lie_in_the_data_folder(tmp_path: Path, line: str, inside: str) -> None:
    made = options(tmp_path, f'kind = "simulated"\n{line}')
    assert isinstance(made, simulated.Options)
    assert Path(made.folder) == tmp_path / "data" / inside


def test_production_refuses_simulated_channels(tmp_path: Path) -> None:
    told = refused(
        tmp_path,
        'kind = "simulated"',
        BROADCASTER_ENV="production",
        SECRET_KEY="k" * 40,
        PUBLIC_URL="https://a.example",
        CONSOLE_URL="https://c.example",
    )
    assert "C008" in told


def test_calls_as_their_manual_shows_them(tmp_path: Path) -> None:
    toml = TWILIO.replace("twilio_sms", "twilio_voice") + 'from = "+15005550006"\neveryone = true\n'
    made = options(tmp_path, toml + 'voices = { so = "Google.so-A" }')
    assert isinstance(made, twilio_voice.Options)
    assert (made.from_, made.everyone, made.detect_machines, made.voices) == (
        "+15005550006",
        True,
        True,
        {"so": "Google.so-A"},
    )
    assert "is no number to call from" in refused(tmp_path, toml.replace("+15005550006", "Judge"))
    assert "is no voice" in refused(tmp_path, toml + 'voices = { en = "alice" }')


# --- WhatsApp -----------------------------------------------------------------------------------------------------
WHATSAPP = """
kind = "whatsapp"
account_sid = "env:TWILIO_ACCOUNT_SID"
auth_token = "env:TWILIO_AUTH_TOKEN"
from = "whatsapp:+15005550006"
"""
WORDS = "Emergency alert for Judge County. {{1}} In danger call 911."
PRACTICE = "EXERCISE of Judge County. {{1}} Do nothing. EXERCISE"


def template(table: str, number: int, body: str) -> str:
    return f'[channel.{table}]\nsid = "HX{number:032x}"\nbody = "{body}"\n'


REAL, DRILL = template("templates.en", 1, WORDS), template("drill_templates.en", 2, PRACTICE)


def test_whatsapp_with_its_templates(tmp_path: Path) -> None:
    made = options(tmp_path, WHATSAPP + "drills = true\n" + REAL + DRILL)
    assert isinstance(made, whatsapp.Options)
    assert made.templates == {"en": Template(f"HX{1:032x}", WORDS)}
    assert made.drill_templates == {"en": Template(f"HX{2:032x}", PRACTICE)}


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (WHATSAPP, "templates"),
        (WHATSAPP + REAL.replace("{{1}}", ""), "templates.en.body: needs {{1}} once"),
        (WHATSAPP + REAL + "name = 'x'\n", "templates.en.name: unknown key"),
        (WHATSAPP + REAL.replace("sid =", "id ="), "templates.en"),
        (WHATSAPP + "drills = true\n" + REAL, "drill_templates.en] (EXERCISE)"),
        (WHATSAPP + REAL.replace(".en]", ".es]").replace("Emergency", "Alerta"), "none is in en"),
        (WHATSAPP + REAL + REAL.replace(".en]", ".vi]").replace("0001", "0003"), "'vi' is no language of the agency"),
        (WHATSAPP + 'content_base_url = "http://content.example"\n' + REAL, "content_base_url"),
        (WHATSAPP + 'content_base_url = "https://content.example?x=1"\n' + REAL, "content_base_url"),
        (
            WHATSAPP + 'fallback = "two"\n' + REAL + f'[[channel]]\nname = "two"\n{TWILIO}from = "12345"\n',
            "written for its channel alone",
        ),
        (
            f'{TWILIO}from = "12345"\nfallback = "two"\n[[channel]]\nname = "two"\n{WHATSAPP}{REAL}',
            "written for its channel alone",
        ),
    ],
)
def test_whatsapp_that_would_fail_when_it_is_needed_is_refused(tmp_path: Path, toml: str, said: str) -> None:
    assert said in refused(tmp_path, toml)


def test_our_own_people_are_not_told_by_whatsapp(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "policy.toml").write_text('[policy]\nnotify_channels = ["one"]\n')
    assert "takes approved words alone" in refused(tmp_path, WHATSAPP + REAL)


NAMES = {  # kind -> its other keys, a name that is one, and one that is none
    "x": (
        'api_key = "env:A"\napi_secret = "env:A"\naccess_token = "env:A"\naccess_secret = "env:A"',
        "@Fire",
        "@fire.x",
    ),
    "mastodon": ('access_token = "env:A"\nbase_url = "https://m.example"', "@fire@county.social", "@fire@"),
    "bluesky": ('identifier = "i.example"\napp_password = "env:A"', "@fire.bsky.social", "@fire"),
    "threads": ('access_token = "env:A"', "@county.fire", "@fire."),
    "instagram": ('account_id = "1"\naccess_token = "env:A"', "@county.fire", "fire"),
    "telegram": ('token = "env:T"\nchat_id = "@County"', "@Fire", "@9fire"),
    "tiktok": ('client_key = "k"\nclient_secret = "env:A"\nrefresh_token = "env:A"', "@county.fire", "@f"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_accounts_that_posts_name_are_checked_at_start(tmp_path: Path, kind: str) -> None:
    keys, good, bad = NAMES[kind]
    toml = f'kind = "{kind}"\n{keys}\nmentions = '
    env = {"A": "a", "T": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"}
    assert options(tmp_path, f'{toml}["{good}"]', **env).mentions == (good,)
    for wrong, why in ((f'["{bad}"]', f"'{bad}' names no account of this kind"), (f'["{good}", "{good}"]', "twice")):
        said = refused(tmp_path, toml + wrong, **env)
        assert "channels.toml [[channel]] one mentions" in said
        assert why in said
    many = ", ".join(f'"{good[:4]}{n:02}{good[4:]}"' for n in range(21))
    said = refused(tmp_path, f"{toml}[{many}]", **env)
    assert "names 21 accounts" in said
    assert 'mentions = ["@' in said


@pytest.mark.parametrize("kind", ["facebook", "linkedin"])
def test_a_kind_that_names_nobody_takes_no_names(tmp_path: Path, kind: str) -> None:
    keys = 'page_id = "1"' if kind == "facebook" else 'organization_id = "1"'
    said = refused(tmp_path, f'kind = "{kind}"\n{keys}\naccess_token = "env:A"\nmentions = ["@fire"]', A="a")
    assert "mentions" in said
