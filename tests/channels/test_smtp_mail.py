"""Mail: what stands in one, as text and as HTML, in every script; and that it arrives as it was written."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from lxml import html as lxml_html

from broadcaster.channels.smtp import CODES, Options, open_channel
from broadcaster.channels.smtp_mail import LONGEST_SUBJECT, html, subject
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import ChannelError, Recipient, Verdict
from broadcaster.domain.snapshot import DANGER
from broadcaster.domain.wording import BANDS, ENDINGS
from tests.channels.graphs import posting
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.smtp import Mail, MailServer, mail_server

LEAVE = f"{PUBLIC_URL}/unsubscribe/t0"
WHO = Recipient("ana@judge.example", "en", LEAVE, "Stop all alerts")
HEAD = "Evacuation order: leave Canyon Rd now"
BODY = (
    f"Wildfire, moving <south> & fast.\n\nLeave now.\nGo to Main St.\n\nMore: {PUBLIC_URL}/alerts/canyon.\n\nCall 911."
)
ARABIC = "أمر إخلاء: غادروا طريق الوادي الآن. حريق غابات يتحرك جنوبا بسرعة كبيرة نحو المنازل القريبة من الطريق"
CHINESE = "疏散令：请立即离开峡谷路。野火正在向南蔓延，请前往主街学校，带上家人、宠物和药品。" * 3


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


def send(server: MailServer, text: str, named: str = HEAD, to: Recipient = WHO, **more: Any) -> Mail:
    async def run() -> None:
        channel = open_channel("mail", Options(f"smtp://127.0.0.1:{server.port}", "a@judge.example"), PUBLIC_URL)
        try:
            await channel.send(message(text, to.language, subject=named), to, replace(attempt(), **more))
        finally:
            await channel.close()

    asyncio.run(run())
    return server.mails[-1]


def page(text: str, named: str = HEAD, to: Recipient = WHO, **more: Any) -> Any:
    return lxml_html.fromstring(html(message(text, to.language, subject=named), to, replace(attempt(), **more)))


# --- HTML -------------------------------------------------------------------------------------------------------------
def test_the_html_says_what_the_text_says_with_a_heading_a_band_and_links() -> None:
    made = page(f"{HEAD}\n\n{BODY}", posting=posting(look="act_now", word="Act now"))
    assert (made.get("lang"), made.get("dir")) == ("en", "ltr")
    said = ["".join(part.itertext()) for part in made.iter("p", "h1")]
    assert said == ["Act now", HEAD, *(part for part in BODY.split("\n\n")), "Stop all alerts"]
    assert [link.get("href") for link in made.iter("a")] == [f"{PUBLIC_URL}/alerts/canyon", LEAVE]
    assert BANDS["act_now"][0] in next(made.iter("p")).get("style")


def test_nothing_is_fetched_and_nothing_runs() -> None:
    made = page(f"{HEAD}\n\n<img src=https://x.example/1.png> <script>1</script>", to=replace(WHO, language="es"))
    assert {one.tag for one in made.iter()} <= {"html", "head", "meta", "title", "style", "body", "div", "p", "h1", "a"}
    assert not any(one.get("src") for one in made.iter())
    assert "url(" not in lxml_html.tostring(made, encoding="unicode")


def test_right_to_left_is_said_where_gmail_keeps_it_too() -> None:
    made = page(f"{ARABIC}\n\n{PUBLIC_URL}/alerts/1", ARABIC, Recipient("a@judge.example", "ar-SY"))
    assert [(one.get("lang"), one.get("dir")) for one in (made, next(made.iter("div")))] == [("ar-SY", "rtl")] * 2
    assert next(made.iter("a")).get("dir") == "ltr"


@pytest.mark.parametrize(
    ("text", "named", "said"),
    [
        (
            f"EXERCISE\n\n{HEAD}\n\nLeave.\n\nEXERCISE",
            f"EXERCISE: {HEAD} EXERCISE",
            ["EXERCISE", HEAD, "Leave.", "EXERCISE"],
        ),
        ("An alert waits for you.", "Alert to approve", ["Alert to approve", "An alert waits for you."]),
        (f"{HEAD}\n\nLeave.", "", [HEAD, "Leave."]),
        ("Leave.\n\nNow.", "Leave. Now. Go.", ["Leave. Now. Go.", "Leave.", "Now."]),
    ],
)
def test_the_heading_is_what_the_subject_says_once(text: str, named: str, said: list[str]) -> None:
    made = page(text, named, Recipient("a@judge.example", "en"))
    assert ["".join(part.itertext()) for part in made.iter("p", "h1")] == said
    assert len(list(made.iter("h1"))) == 1


def test_every_level_and_ending_has_a_band_that_can_be_read() -> None:
    assert {*DANGER, *ENDINGS} == BANDS.keys()
    assert all(contrast(*pair) >= 7 for pair in BANDS.values())


def contrast(*colours: str) -> float:
    """WCAG 2.2's ratio."""
    parts = [[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours]
    linear = [[v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in part] for part in parts]
    light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear)
    return (light[1] + 0.05) / (light[0] + 0.05)


# --- as it arrives ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [TEXT, "Évacuation 🔥\n\n. a dot first\n.\n..\n" + "long " * 400, "¡Salga ya!\r\nMás: https://x.example", CHINESE],
)
def test_the_text_arrives_as_it_was_approved_in_lines_that_every_server_takes(server: MailServer, text: str) -> None:
    mail = send(server, text)
    arrived = mail.message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert arrived == f"{text.replace(chr(13), '').rstrip()}\n\n-- \nStop all alerts: {LEAVE}\n"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.message.iter_parts()] == ["text/plain", "text/html"]
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 78
    assert mail.raw.isascii()


@pytest.mark.parametrize("named", [ARABIC, CHINESE, "Incendio forestal 🔥 " * 9, "Leave " * 60])
def test_a_subject_in_any_script_arrives_whole(server: MailServer, named: str) -> None:
    assert send(server, TEXT, named).message["Subject"] == subject(message(TEXT, subject=named))


def test_a_subject_ends_with_a_whole_word() -> None:
    assert subject(message(TEXT, subject="Leave " * 60)) == " ".join(["Leave"] * 33)
    assert len(subject(message(TEXT, subject="x" * 300))) == LONGEST_SUBJECT


@pytest.mark.parametrize(
    ("look", "mode", "told"),
    [("act_now", Mode.ACTUAL, "high"), ("act_now", Mode.EXERCISE, None), ("be_aware", Mode.ACTUAL, None)],
)
def test_only_a_real_pressing_danger_is_marked_important(
    server: MailServer, look: str, mode: Mode, told: str | None
) -> None:
    assert send(server, TEXT, posting=posting(look=look, mode=mode)).message["Importance"] == told


# --- addresses --------------------------------------------------------------------------------------------------------
def test_a_host_in_other_letters_is_written_in_ascii(server: MailServer) -> None:
    assert send(server, TEXT, to=Recipient("ana@straße.example", "en")).to == ["ana@xn--strae-oqa.example"]


def test_a_name_in_other_letters_goes_to_a_server_that_takes_such() -> None:
    with mail_server(utf8=True) as server:
        mail = send(server, CHINESE, ARABIC, Recipient("añа@bücher.example", "en"))
    assert mail.to == ["añа@xn--bcher-kva.example"]
    assert "añа@xn--bcher-kva.example".encode() in mail.raw.partition(b"\r\n\r\n")[0]


def test_a_name_in_other_letters_is_over_where_the_server_takes_none(server: MailServer) -> None:
    with pytest.raises(ChannelError) as raised:
        send(server, TEXT, to=Recipient("añа@judge.example", "en"))
    assert (raised.value.code, raised.value.permanent) == ("smtputf8", True)
    assert (CODES["smtputf8"], server.tries) == (Verdict.PERMANENT, 0)


@pytest.mark.parametrize(
    "address", ["", "ana", "@judge.example", "a b@judge.example", "a@b\r\nx.example", "a@b..example"]
)
def test_what_is_no_address_is_refused_before_anything_is_sent(server: MailServer, address: str) -> None:
    with pytest.raises(ChannelError) as raised:
        send(server, TEXT, to=Recipient(address, "en"))
    assert (raised.value.code, raised.value.permanent, CODES["address"]) == ("address", True, Verdict.PERMANENT)
    assert server.connections == 0


def test_bounces_go_where_the_agency_says(server: MailServer) -> None:
    async def run() -> None:
        options = Options(f"smtp://127.0.0.1:{server.port}", "a@judge.example", bounces="bounces@judge.example")
        channel = open_channel("Mail of the County", options, PUBLIC_URL)
        await channel.send(message(), WHO, attempt())
        await channel.close()

    asyncio.run(run())
    [mail] = server.mails
    assert (mail.sender, mail.message["From"]) == ("bounces@judge.example", "a@judge.example")
    assert re.fullmatch(r"<[a-z-]+\.judge\.example>", mail.message["List-Id"])


@pytest.mark.parametrize("key", ["from_", "reply_to", "bounces"])
def test_an_address_of_ours_that_not_every_server_takes_stops_the_start(key: str) -> None:
    given = {"base_url": "smtp://mail.example", "from_": "a@judge.example"}
    assert Options(**given).wrong("US") is None
    found = Options(**{**given, key: "añа@judge.example"}).wrong("US")
    assert found is not None
    assert found.key == key.rstrip("_")
