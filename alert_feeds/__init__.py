"""Inbound: bytes in, entries out. ``PARSERS``: format name -> module with ``parse(body, headers)``."""

PARSERS = {
    "cap": "alert_feeds.cap",
    "cap_index": "alert_feeds.cap_index",
    "nws": "alert_feeds.nws",
}
