"""How a post will look on its platform: who is named above it, and what is laid over it. Nothing here is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from broadcaster.domain.alert import Alert, Mode
from broadcaster.domain.wording import drill_label
from broadcaster.rendering.card_sheet import alt
from broadcaster.services.card_sheet import sheet
from broadcaster.services.system import System

PLATFORMS = {
    "x": "X",
    "mastodon": "Mastodon",
    "bluesky": "Bluesky",
    "facebook": "Facebook",
    "threads": "Threads",
    "instagram": "Instagram",
    "linkedin": "LinkedIn",
    "nextdoor": "Nextdoor",
    "tiktok": "TikTok",
    "telegram": "Telegram",
    "zulip": "Zulip",
}
PICTURE_FIRST = frozenset({"instagram", "tiktok", "telegram"})
# Addresses, and words that a platform makes links of.
_LINKS = re.compile(r"https?://[^\s<]+[^\s<.,;:!?)\"'“”]|(?<![\w/&])[#@][^\W\d_][\w.@-]*\w")


@dataclass(frozen=True, slots=True)
class Posted:
    """``title``: the name above it, ``handle`` the account's where the configuration has it; ``notice``: what a reader
    opens before the words; ``first``: whether the picture stands above the words."""

    kind: str
    platform: str
    title: str
    handle: str
    initials: str
    notice: str
    first: bool


def posted(system: System, channel: str, language: str, mode: str) -> Posted:
    """A post of that account in that language; ``mode`` as ``Mode`` has it."""
    config, name = system.config.channel(channel), system.config.agency.name
    kind = config.kind if config else ""
    return Posted(
        kind=kind,
        platform=PLATFORMS.get(kind, ""),
        title=name,
        handle=_handle(kind, config.options if config else None),
        initials="".join(word[0] for word in name.split()[:2]).upper(),
        notice=drill_label(Mode(mode), language) if kind == "mastodon" else "",
        first=kind in PICTURE_FIRST,
    )


def marked(text: str) -> Markup:
    """The text with what will be a link marked as one."""
    made, last = Markup(""), 0
    for found in _LINKS.finditer(text):
        made += escape(text[last : found.start()]) + Markup('<span class="link">{}</span>').format(found[0])
        last = found.end()
    return made + escape(text[last:])


def card_words(system: System, alert: Alert, language: str) -> str:
    """What those are told who cannot see the card."""
    with system.database.read() as connection:
        return alt(sheet(system, connection, alert, language))


def _handle(kind: str, options: object) -> str:
    own = {"x": "username", "bluesky": "identifier", "telegram": "chat_id"}.get(kind, "")
    said = str(getattr(options, own, "") or "").lstrip("@") if own else ""
    if kind == "mastodon":
        return urlsplit(str(getattr(options, "base_url", ""))).hostname or ""
    return f"@{said}" if said and not said.lstrip("-").isdigit() else ""
