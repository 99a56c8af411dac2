"""Words of an issuer that hold HTML (some write <br/> and &amp; into CAP, which is plain text): as people read them.

Only names of HTML count as tags, so that "wind <20 kt" stays. The issuer's own text is kept wherever machines read.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace

from broadcaster.domain.alert import Info

_BLOCKS = "address|article|blockquote|center|dd|div|dl|dt|h[1-6]|hr|li|ol|p|pre|section|table|tbody|thead|tr|ul"
_INLINE = "a|abbr|b|big|cite|code|del|em|font|i|img|ins|mark|q|s|small|span|strike|strong|sub|sup|td|th|tt|u|wbr"
_INSIDE = r"(?:\s[^<>]{0,2000})?/?>"
_BREAK = re.compile(rf"</?br{_INSIDE}", re.IGNORECASE)
_BLOCK = re.compile(rf"</?(?:{_BLOCKS}){_INSIDE}", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_INLINE}){_INSIDE}|<!--.{{0,2000}}?-->", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\f\xa0]+")
_ENDS = re.compile(r" ?\n ?")
_LINES = re.compile(r"\n{3,}")


def without_html(text: str) -> str:
    """Breaks become lines, other tags go, entities are read, also such as hide tags; what holds none stays."""
    bare = _ENTITY.sub(lambda one: html.unescape(one.group()), _untagged(text))
    bare = _untagged(bare)
    if bare == text:
        return text
    return _LINES.sub("\n\n", _ENDS.sub("\n", _BLANKS.sub(" ", bare))).strip()


def for_people(info: Info) -> Info:
    """The same with the words that people are told freed of HTML; what is a line stays one."""
    return replace(
        info,
        event=_line(info.event),
        headline=_line(info.headline),
        sender_name=_line(info.sender_name),
        contact=_line(info.contact),
        description=without_html(info.description),
        instruction=without_html(info.instruction),
    )


def _line(text: str) -> str:
    bare = without_html(text)
    return text if bare == text else " ".join(bare.split())


def _untagged(text: str) -> str:
    if "<" not in text:
        return text
    return _TAG.sub("", _BLOCK.sub("\n\n", _BREAK.sub("\n", text)))
