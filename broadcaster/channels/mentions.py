"""Accounts that each post names at its very end (``mentions`` in channels.toml), checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence

from broadcaster.domain.channel import Wrong

META_NAME = r"@\w(?:[\w.]{0,28}\w)?"  # of Instagram and Threads
MOST = 20  # Instagram takes no more, and nobody reads as many


def wrong_mentions(mentions: Sequence[str], form: str, example: str) -> Wrong | None:
    """What is wrong with them. ``form``: a regular expression of one, ``example`` one as the platform writes it."""
    hint = f'mentions = ["{example}"], at most {MOST}'
    for one in mentions:
        if not re.fullmatch(form, one, re.ASCII):
            return Wrong("mentions", f"{one!r} names no account of this kind", hint)
    if len(mentions) > MOST:
        return Wrong("mentions", f"names {len(mentions)} accounts", hint)
    if len({one.casefold() for one in mentions}) < len(mentions):
        return Wrong("mentions", "names an account twice", "take one of the two away")
    return None
