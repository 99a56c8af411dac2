"""HTML that an issuer wrote into CAP: people read words, machines the issuer's own text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broadcaster.domain.message import VOICE, Limits
from broadcaster.domain.snapshot import facts
from broadcaster.domain.text_html import without_html
from broadcaster.rendering import copy_sheet
from broadcaster.rendering.messages import render
from tests.public.made import public
from tests.rendering.test_messages import CONFIG, ISSUED, JOB

BAD = replace(
    ISSUED,
    event="Fire &amp; Smoke",
    headline="Fire &amp; smoke<br/>near Judge",
    description="<p>A fire burns.</p><p>Wind &lt;20 kt &amp; rising.</p>",
    instruction='Close windows.<br />Call <a href="https://x.example">555-0100</a>.',
    sender_name="RFS &#8211; NSW",
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Plain  text,\n\n\n as it  is", "Plain  text,\n\n\n as it  is"),
        ("one<br/>two<BR>three<br />four", "one\ntwo\nthree\nfour"),
        ("<p>one</p>\n<p class='x'>two</p>", "one\n\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"),
        ('<b>Now</b>, <span style="a">go</span><!-- not\nthis -->.', "Now, go."),
        ("Fish &amp; chips&nbsp;&eacute;&#233;&#xE9;", "Fish & chips \xe9\xe9\xe9"),
        ("&lt;br/&gt;after", "after"),
        (
            "wind <20 kt, seas >6 ft, <NW and rising> AT&T, R&D; a<b",
            "wind <20 kt, seas >6 ft, <NW and rising> AT&T, R&D; a<b",
        ),
        ("&#1;&#12;a", "a"),
        ("one <br", "one <br"),
        ("a<paragraph>b", "a<paragraph>b"),
    ],
)
def test_html_is_read_as_text_and_nothing_else_is(written: str, read: str) -> None:
    assert without_html(written) == read


def test_a_hostile_text_takes_no_time() -> None:
    text = "<p " * 20_000 + "<!--" * 20_000 + "&lt;" * 20_000
    assert without_html(text).endswith("<")


def test_no_form_of_a_text_shows_tags_and_the_caps_words_stay_the_issuers() -> None:
    call = Limits(VOICE, "characters", 900, "people", "phone")
    job = replace(JOB, template="cap", fields={}, issuer=(BAD,), limits={**JOB.limits, "call": call})
    found = render(CONFIG, job)
    assert {one.channel for one in found.messages} == {"sms", "county", "mail", "call"}
    for one in found.messages:
        said = f"{one.subject} {one.text}"
        assert "Fire & " in said or "Fire and Smoke" in said
        assert not any(mark in said for mark in ("<br", "<p", "</", "&amp;", "&lt;", "href"))
    own = found.infos[0]
    assert (own.event, own.headline, own.description) == (BAD.event, BAD.headline, BAD.description)
    assert (own.instruction, own.sender_name) == (BAD.instruction, BAD.sender_name)


def test_the_copy_sheet_shows_none_either() -> None:
    words = copy_sheet.words(BAD, "", "https://a.example", "")
    assert not any("<" in text or "&amp;" in text for text in (words.short, words.long))
    assert "Wind <20 kt & rising." in words.radio


def test_nor_does_the_page() -> None:
    made = public()
    page = facts(replace(made, message=replace(made.message, infos=(BAD,))), ())
    assert (page["event"], page["headline"], page["issuer"]) == (
        "Fire & Smoke",
        "Fire & smoke near Judge",
        "RFS \u2013 NSW",
    )
    assert page["infos"][0]["description"] == "A fire burns.\n\nWind <20 kt & rising."
