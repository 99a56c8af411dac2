"""Inbound: bytes in, entries out. ``PARSERS``: format name -> module with ``parse(body, headers)``.

A format that lacks what CAP has gives ``MAPPING``, the table that fills it (``broadcaster.domain.mapping``), and may
give ``FACTS``, the parameters its entries can have.
"""

PARSERS = {
    "airnow": "alert_feeds.airnow",
    "cap": "alert_feeds.cap",
    "cap_index": "alert_feeds.cap_index",
    "edxl": "alert_feeds.edxl",
    "gdacs": "alert_feeds.gdacs",
    "georss": "alert_feeds.georss",
    "jma": "alert_feeds.jma",
    "meteoalarm": "alert_feeds.meteoalarm",
    "naads": "alert_feeds.naads",
    "nws": "alert_feeds.nws",
    "nws_atom": "alert_feeds.nws_atom",
    "open311": "alert_feeds.open311",
    "tsunami": "alert_feeds.tsunami",
    "uk_flood": "alert_feeds.uk_flood",
    "usgs": "alert_feeds.usgs",
}
