"""What a document says of its own time is passed over, and nothing that an item says."""

from __future__ import annotations

import pytest

from alert_feeds.own_time import without

ATOM = (
    b'<?xml version="1.0"?><feed><title>Alerts</title><updated>%s</updated><entry><updated>%s</updated></entry></feed>'
)
NAMED = b"<a:feed><a:updated>%s</a:updated><a:entry><a:updated>%s</a:updated></a:entry></a:feed>"
RSS = (
    b"<rss><channel><pubDate>%s</pubDate><lastBuildDate>%s</lastBuildDate>"
    b"<item><pubDate>%s</pubDate></item></channel></rss>"
)
NWS = b'{"type": "FeatureCollection", "features": [{"id": "1", "updated": "%s"}], "title": "x", "updated": "%s"}'
USGS = b'{"type":"FeatureCollection","metadata":{"generated":%d,"url":"x"},"features":[{"updated":%d}],"bbox":[1]}'


@pytest.mark.parametrize(
    ("one", "later", "changed"),
    [
        (ATOM % (b"1", b"1"), ATOM % (b"2", b"1"), ATOM % (b"1", b"2")),
        (b"\xef\xbb\xbf\n" + ATOM % (b"1", b"1"), b"\xef\xbb\xbf\n" + ATOM % (b"2", b"1"), ATOM % (b"1", b"2")),
        (NAMED % (b"1", b"1"), NAMED % (b"2", b"1"), NAMED % (b"1", b"2")),
        (RSS % (b"1", b"1", b"1"), RSS % (b"2", b"3", b"1"), RSS % (b"1", b"1", b"2")),
        (NWS % (b"1", b"1"), NWS % (b"1", b"2"), NWS % (b"2", b"1")),
        (USGS % (1, 1), USGS % (2, 1), USGS % (1, 2)),
    ],
)
def test_a_later_time_of_the_whole_is_no_news_and_one_of_an_item_is(one: bytes, later: bytes, changed: bytes) -> None:
    assert without(one) == without(later)
    assert without(one) != without(changed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"plain",
        b"<alert><sent>2026-11-22T00:00:00Z</sent></alert>",
        b"<feed><updated>1</updated></feed>",  # without an entry nothing says where its head ends
        b'{"updated": "1"}',
        b'[{"updated": "1"}]',
        b"{]",
    ],
)
def test_where_it_is_not_sure_nothing_is_left_out(body: bytes) -> None:
    assert without(body) == body


def test_an_items_words_are_never_taken_for_the_wholes() -> None:
    inside = b'{"features": [' + b'{"updated": "1", "text": "]"},' * 3 + b'{"updated": "2"}], "title": "x"}'
    assert without(inside) == inside
