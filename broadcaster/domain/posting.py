"""What stands behind a post: the alert's facts and its card, for channels that say more than a text.

An account gets one delivery for each language, named by it ("en"); the posts that follow in a thread are "en/1",
"en/2", and the change of an earlier post is "en/edit/17", by the delivery whose post is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from broadcaster.domain.alert import Info, Mode, MsgType

SHAPES: Mapping[str, tuple[int, int]] = {"wide": (1200, 675), "square": (1080, 1080), "tall": (1080, 1920)}  # pixels


@dataclass(frozen=True, slots=True)
class Picture:
    """The alert card in one language: PNG, its words for those who cannot see it, its address on our page."""

    png: bytes = field(repr=False)
    alt: str
    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Posting:
    """The alert in the message's language, as approval froze it. ``identifier`` and ``sent`` are CAP's, ``link`` is its
    permanent page, ``ending`` what it does to what it replaces (superseded, cancelled, lifted), ``zones`` their ids.

    ``look``: its level of danger or the ending it tells ("act_now", "lifted"), ``word`` how the page calls that.
    ``hashtag``: the incident's, without its sign. ``document``: the alert in all languages, in the words of
    /alerts.json; empty unless ``Limits.document`` asks.
    """

    alert: str
    identifier: str
    sent: datetime
    msg_type: MsgType
    mode: Mode
    ending: str
    info: Info
    zones: tuple[str, ...]
    link: str
    expires: datetime | None = None
    until_lifted: bool = False
    replaces: tuple[str, ...] = ()
    picture: Picture | None = None
    incident: str = ""
    look: str = ""
    word: str = ""
    hashtag: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)


def permanent(public_url: str, slug: str) -> str:
    """The address of an alert's page, for ever the same."""
    return f"{public_url}/alerts/{quote(slug)}"


def thread_recipient(language: str, number: int) -> str:
    """The name of a delivery to an account: its language, and its place in the thread."""
    return f"{language}/{number}" if number else language


def edit_recipient(language: str, delivery: int) -> str:
    """The name of a delivery that changes the post of an earlier one."""
    return f"{language}/edit/{delivery}"
