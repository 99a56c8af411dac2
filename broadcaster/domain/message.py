"""Messages: the exact text for one channel and language, and findings about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    channel's own unit. ``subject`` is for mail. ``headers`` are channel-neutral extras (e.g. language).
    """

    channel: str
    language: str
    text: str
    subject: str = ""
    segments: int = 1
    characters: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel carries: ``length`` in its unit, ``unit`` names the counter, ``kind`` the text it wants.

    ``form`` is the template file: sms, short or long. ``unit`` is a key of ``rendering``'s counters.
    ``audience`` is "people" (one delivery per subscriber) or "account" (one per language).
    ``address`` names the subscriber's address this channel needs: phone or email; empty for accounts.
    ``bounded``: ``length`` is the agency's own bound, which the provider's word may lower and never raises.
    """

    form: str
    unit: str
    length: int
    audience: str
    address: str = ""
    extras: Mapping[str, int] = field(default_factory=dict)
    bounded: bool = False
