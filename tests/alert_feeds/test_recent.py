"""Items whose bytes did not change are not parsed anew, and what is kept of them is bounded."""

from __future__ import annotations

import json
from typing import Any

from alert_feeds import georss, nws
from alert_feeds.recent import Recent


def feed(updated: str, *titles: str) -> bytes:
    entry = "<entry><id>{0}</id><title>{0}</title><updated>2026-11-22T07:00:00Z</updated></entry>"
    entries = "".join(entry.format(title) for title in titles)
    head = f"<title>f</title><updated>{updated}</updated>"
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'.encode()


def test_a_feed_that_only_moves_its_own_time_gives_the_very_same_entries() -> None:
    first = georss.parse(feed("2026-11-22T07:00:00Z", "a", "b"), {}).entries
    again = georss.parse(feed("2026-11-22T08:00:00Z", "a", "c"), {}).entries
    assert again[0] is first[0]
    assert [entry.message.identifier for entry in again] == ["a", "c"]


def test_the_same_item_is_another_one_where_it_is_read_in_another_way() -> None:
    link = '<entry><id>{0}</id><link type="application/cap+xml" href="{0}.xml"/></entry>'
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{link.format("a")}{link.format("b")}</feed>'.encode()
    from alert_feeds import meteoalarm

    found = [
        meteoalarm.parse(body, {"Content-Location": f"https://{host}.example/"}).links[0].url for host in ("one", "two")
    ]
    assert found == ["https://one.example/a.xml", "https://two.example/a.xml"]
    assert georss.parse(body, {}).entries == ()


def test_features_are_kept_by_what_they_say() -> None:
    def feature(event: str) -> dict[str, Any]:
        head = {"id": "i", "sender": "s", "sent": "2026-11-22T12:00:00Z", "status": "Actual", "messageType": "Alert"}
        return {"type": "Feature", "properties": {**head, "event": event}}

    def parse(*features: dict[str, Any]) -> list[Any]:
        return list(nws.parse(json.dumps({"features": features}).encode(), {}).entries)

    first, again = parse(feature("a"), feature("b")), parse(feature("b"), feature("c"))
    assert again[0] is first[1]
    assert parse(feature("b"))[0] is not first[1]
    assert [entry.message.infos[0].event for entry in again] == ["b", "c"]


def test_the_latest_are_kept_up_to_a_weight() -> None:
    made: list[str] = []
    kept: Recent[str] = Recent(10)

    def get(key: str, weight: int = 4) -> str:
        return kept.get(key, weight, lambda: made.append(key) or key)  # type: ignore[func-returns-value]

    assert [get(key) for key in "aabacb"] == list("aabacb")
    assert (made, kept.weight) == (["a", "b", "c", "b"], 8)
    assert (get("large", 11), kept.weight) == ("large", 0)
    assert (get("x", 10), kept.weight) == ("x", 10)
