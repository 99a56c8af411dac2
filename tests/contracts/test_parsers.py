"""One suite over every parser of ``PARSERS``: a new format is held to it by its line in the registry."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest

from alert_feeds import PARSERS, cap
from broadcaster.domain.feed_entry import ParsedFeed
from tests.alert_feeds.golden import DATA, DOCUMENTS, expected_of

Parse = Callable[[bytes, Mapping[str, str]], ParsedFeed]
NOTHING: Mapping[str, str] = MappingProxyType({})


@pytest.fixture(params=sorted(PARSERS))
def format(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def parse(format: str) -> Parse:
    found: Parse = importlib.import_module(PARSERS[format]).parse
    return found


def test_nothing_is_never_no_alerts(parse: Parse) -> None:
    for body in (b"", b" ", b"\x00\x00", b"\xff\xfe"):
        parsed = parse(body, NOTHING)
        assert parsed.entries == ()
        assert parsed.problems[0].code == "empty" or body == b"\xff\xfe"
        assert parsed.problems


def test_json_that_is_none_of_its_own_is_a_problem_and_no_quiet_feed(parse: Parse) -> None:
    parsed = parse(b'{"a": 1}', NOTHING)
    assert (parsed.entries, parsed.links, bool(parsed.problems)) == ((), (), True)


def test_a_doctype_is_refused(parse: Parse) -> None:
    body = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    parsed = parse(body, NOTHING)
    assert (parsed.entries, parsed.links) == ((), ())
    assert [problem.raw for problem in parsed.problems] == [body]


def test_a_document_cut_anywhere_is_read_in_part_with_a_problem_or_not_at_all(parse: Parse, format: str) -> None:
    for document in (path for path in DOCUMENTS if path.name.split(".")[1] == format):
        body = document.read_bytes().rstrip()
        for cut in range(1, len(body), max(1, len(body) // 25)):
            assert parse(body[:cut], NOTHING).problems, (document.name, cut)


def test_the_same_bytes_give_the_same_entries(parse: Parse, format: str) -> None:
    for document in (path for path in DOCUMENTS if path.name.split(".")[1] == format):
        assert parse(document.read_bytes(), NOTHING) == parse(document.read_bytes(), NOTHING)


def test_what_is_found_keeps_its_bytes_and_can_be_read_again(parse: Parse, format: str) -> None:
    for document in (path for path in DOCUMENTS if path.name.split(".")[1] == format):
        for entry in parse(document.read_bytes(), NOTHING).entries:
            again = parse(entry.raw, NOTHING).entries
            assert [(e.message, e.content_hash) for e in again] == [(entry.message, entry.content_hash)]


def test_every_format_has_a_document_with_what_must_be_read_from_it(format: str) -> None:
    found = [path for path in DOCUMENTS if path.name.split(".")[1] == format]
    assert found
    assert all(expected_of(path).exists() for path in found)


def test_cap_in_the_place_of_the_formats_own_documents_is_read_as_cap(parse: Parse, format: str) -> None:
    """An index's links lead to CAP, which the feed's own parser gets; only formats of JSON alone cannot."""
    body = (DATA / "full.cap.xml").read_bytes()
    found = [(entry.message, entry.content_hash) for entry in parse(body, NOTHING).entries]
    assert bool(found) == (format not in ("nws", "open311"))
    assert not found or found == [(entry.message, entry.content_hash) for entry in cap.parse(body, NOTHING).entries]
