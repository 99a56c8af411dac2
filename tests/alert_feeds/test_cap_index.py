"""Indexes: links, embedded alerts, and broken ones that never pass for empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from alert_feeds import cap_index
from broadcaster.domain.feed_entry import ParsedFeed

ENTRY = '<entry><id>{0}</id><title>{0}</title><link type="{1}" href="{0}"/></entry>'


def feed(*entries: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><id>i</id><title>t</title>{"".join(entries)}</feed>'.encode()


def urls(parsed: ParsedFeed) -> list[str]:
    return [link.url for link in parsed.links]


def test_a_quiet_index_is_empty_without_a_problem() -> None:
    assert cap_index.parse(feed(), {}) == ParsedFeed()


@pytest.mark.parametrize("cut", [10, 120, -1, -8])
def test_a_truncated_index_is_a_problem_with_its_bytes(cut: int) -> None:
    body = feed(ENTRY.format("http://feed.example/a", "application/cap+xml"))[:cut]
    parsed = cap_index.parse(body, {})
    assert [(problem.code, problem.raw) for problem in parsed.problems] == [("not_well_formed", body)]
    assert "means nothing" in parsed.problems[0].text


def test_what_can_still_be_read_of_a_broken_index_is_read() -> None:
    body = feed(ENTRY.format("http://feed.example/a", "application/cap+xml"))[:-7] + b"<entry>&nbsp;"
    parsed = cap_index.parse(body, {})
    assert urls(parsed) == ["http://feed.example/a"]
    assert [problem.code for problem in parsed.problems] == ["not_well_formed"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE rss><rss/>", "doctype"),
        (b"<html/>", "no_alert"),
        (b"{}", "no_alert"),
        (b"/etc/passwd", "not_well_formed"),
        (b"http://127.0.0.1/", "not_well_formed"),
    ],
)
def test_what_is_no_index_is_a_problem(body: bytes, code: str) -> None:
    parsed = cap_index.parse(body, {})
    assert (parsed.entries, parsed.links, [problem.code for problem in parsed.problems]) == ((), (), [code])


def test_relative_links_are_read_against_where_the_index_came_from() -> None:
    body = feed(ENTRY.format("/a.xml", "application/cap+xml"))
    assert urls(cap_index.parse(body, {"Content-Location": "https://feed.example/dir/index"})) == [
        "https://feed.example/a.xml"
    ]
    assert urls(cap_index.parse(body, {})) == []


@pytest.mark.parametrize("link", ["ftp://a.example/x", "javascript:alert(1)", "http://["])
def test_a_link_that_is_no_web_address_is_a_problem(link: str) -> None:
    parsed = cap_index.parse(feed(ENTRY.format(link, "application/cap+xml")), {})
    assert (urls(parsed), [problem.code for problem in parsed.problems]) == ([], ["no_link"])


def test_a_link_that_says_xml_goes_before_one_that_says_nothing() -> None:
    body = feed(
        '<entry><id>1</id><title>t</title><link href="http://feed.example/page" type="text/html"/>'
        '<link href="http://feed.example/x" type="TEXT/XML"/></entry>'
    )
    assert urls(cap_index.parse(body, {})) == ["http://feed.example/x"]


def test_links_beyond_all_measure_are_cut_with_a_problem() -> None:
    many = [ENTRY.format(f"http://feed.example/{n}", "application/cap+xml") for n in range(cap_index.MAX_LINKS + 1)]
    parsed = cap_index.parse(feed(*many), {})
    assert (len(parsed.links), [problem.code for problem in parsed.problems]) == (cap_index.MAX_LINKS, ["too_many"])


def test_an_index_in_utf_16_is_read() -> None:
    body = feed(ENTRY.format("http://feed.example/a", "application/cap+xml")).decode()
    assert urls(cap_index.parse(('<?xml version="1.0" encoding="UTF-16"?>' + body).encode("utf-16"), {})) == [
        "http://feed.example/a"
    ]


def test_a_real_large_index_gives_each_document_once(shared: Path) -> None:
    body = (shared / "cap-feeds" / "meteoalert-api__25751cb5__ireland_sample.xml").read_bytes()
    parsed = cap_index.parse(body, {})
    assert len(parsed.links) == len(set(urls(parsed))) == 16
    assert parsed.problems == ()
