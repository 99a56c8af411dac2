"""Messages: the exact text for one channel and language, and findings about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broadcaster.domain.alert import Mode

VOICE = "voice"  # the form of what is said in a call; everything else is read
LONGEST_CALL = 900  # characters that a call says: about a minute, and it is said twice


@dataclass(frozen=True, slots=True)
class Finding:
    """Something author and approver must see. A blocking one refuses submission and approval.

    ``about`` says beside what a form shows it: "field:NAME" or "field:NAME.LANGUAGE", "where", "end", "channels",
    "languages", "text:CHANNEL:LANGUAGE"; "" for the whole. It is not kept.
    """

    code: str
    text: str
    blocking: bool = False
    about: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out on one channel in one language, frozen by approval and never rendered again.

    ``segments`` counts what the provider charges (1 where there are none), ``characters`` in the
    channel's own unit. ``subject`` is for mail. ``number`` is its place in a thread of posts: 0 says all that
    people need and stands by itself, the others follow it with more.
    """

    channel: str
    language: str
    text: str
    subject: str = ""
    segments: int = 1
    characters: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel carries: ``length`` in its unit, ``unit`` names the counter, ``kind`` the text it wants.

    ``form`` is the template file (``rendering.templates.FORMS``); ``variant`` is the kind, which may have
    words of its own in a template. ``unit`` is a key of ``rendering``'s counters.
    ``audience`` is "people" (one delivery per subscriber) or "account" (one per language).
    ``address`` names the subscriber's address this channel needs: phone, email or push; empty for accounts.
    ``bounded``: ``length`` is the agency's own bound, which the provider's word may lower and never raises.
    ``chosen``: only people who named this channel get it (calls, opt-in), not those who named none.
    ``thread``: at most so many posts where one cannot hold it all. ``edits``: a post can be changed afterwards.
    ``picture``: the shape of the alert card that goes with it (``domain.posting.SHAPES``); empty: none.
    ``document``: machines read it, so ``Posting.document`` is wanted.
    ``frames``: words that the platform approved beforehand, by mode and language (``domain.frames``): ours stand in
    them, and where there are none for a mode or language, nothing is said. Empty: any words.
    ``tags``: how many hashtags it takes; 0 where nobody follows them. ``mentions``: accounts that each post names, as
    channels.toml has them. Hashtag and mentions stand behind the words and the link, in this order, on every platform.
    """

    form: str
    unit: str
    length: int
    audience: str
    address: str = ""
    extras: Mapping[str, int] = field(default_factory=dict)
    bounded: bool = False
    chosen: bool = False
    thread: int = 1
    edits: bool = False
    picture: str = ""
    document: bool = False
    variant: str = ""
    frames: Mapping[Mode, Mapping[str, str]] = field(default_factory=dict)
    tags: int = 0
    mentions: tuple[str, ...] = ()

    @property
    def in_parts(self) -> bool:
        """Whether it is counted and charged in parts of text messages."""
        return self.unit == "sms_segments"

    @property
    def free(self) -> bool:
        """Whether any text can be sent by it: what is spoken, or stands in approved words, is only what was made so."""
        return self.form != VOICE and not self.frames

    def frame(self, mode: Mode, language: str) -> str | None:
        """The approved words around a text of that mode and language; None where there are none."""
        return self.frames.get(mode, {}).get(language)

    def speaks(self, mode: Mode, language: str) -> bool:
        """Whether something can be said by it in that mode and language."""
        return not self.frames or language in self.frames.get(mode, {})


def shown_as(limits: Limits | None) -> str:
    """As what a channel's texts are shown: phone, call, mail or post."""
    if limits is None or limits.audience != "people":
        return "post"
    if limits.form == VOICE:
        return "call"
    return "mail" if limits.address == "email" else "phone"
