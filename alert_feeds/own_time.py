"""A document without the time that it says of itself: many feeds move nothing else for hours.

Only what stands before the first item or after the last one is left out, so nothing that an item says is ever passed
over. Names: Atom's ``updated``, RSS's ``lastBuildDate`` and ``pubDate``, NWS's ``updated``, USGS's ``generated``.
"""

from __future__ import annotations

import re

_ITEM = re.compile(rb"<(?:[\w.-]+:)?(?:entry|item)[\s>/]")
_XML_TIME = re.compile(rb"<((?:[\w.-]+:)?(?:updated|lastBuildDate|pubDate))>[^<]*</\1>")
_JSON_TIME = re.compile(rb'"(?:updated|generated)"\s*:\s*(?:"[^"]*"|\d+)')
HEAD = 400  # bytes in which a JSON document says when it was made
MOST_TAIL = 2_000


def without(body: bytes) -> bytes:
    """The document without its own time; the same bytes where it says none."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        first = _ITEM.search(body)
        return body if first is None else _XML_TIME.sub(b"", body[: first.start()]) + body[first.start() :]
    if start == b"{":
        return _without_in_json(body)
    return body


def _without_in_json(body: bytes) -> bytes:
    """Before the first list and after the last one: what stands there belongs to the whole."""
    opens, closes = body.find(b"["), body.rfind(b"]")
    if not 0 <= opens < closes:
        return body
    head, tail = min(opens, HEAD), max(closes, len(body) - MOST_TAIL)
    return _JSON_TIME.sub(b"", body[:head]) + body[head:tail] + _JSON_TIME.sub(b"", body[tail:])
