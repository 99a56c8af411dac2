"""A good or a broken account of every kind that speaks to a server, for tests over all of them at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broadcaster.channels import (
    apprise,
    bluesky,
    facebook,
    instagram,
    linkedin,
    mastodon,
    nextdoor,
    smtp,
    telegram,
    threads,
    tiktok,
    twilio_sms,
    twilio_voice,
    web_push,
    webhook,
    x,
)
from broadcaster.domain.channel import DataPath, Secret
from broadcaster.domain.config import ChannelConfig
from tests.providers import bluesky as bluesky_provider
from tests.providers import discord as discord_provider
from tests.providers import facebook as facebook_provider
from tests.providers import graph as graph_provider
from tests.providers import instagram as instagram_provider
from tests.providers import linkedin as linkedin_provider
from tests.providers import mastodon as mastodon_provider
from tests.providers import nextdoor as nextdoor_provider
from tests.providers import push as push_provider
from tests.providers import smtp as smtp_provider
from tests.providers import telegram as telegram_provider
from tests.providers import threads as threads_provider
from tests.providers import tiktok as tiktok_provider
from tests.providers import twilio as twilio_provider
from tests.providers import twilio_voice as voice_provider
from tests.providers import webhook as webhook_provider
from tests.providers import x as x_provider
from tests.providers.base import served

LATENCY = 0.005  # seconds that a good server takes for an answer
SID, TWILIO_TOKEN = twilio_provider.ACCOUNT, Secret(twilio_provider.TOKEN)
GRAPH_TOKEN = Secret(graph_provider.TOKEN)
HANGS: Mapping[str, Any] = MappingProxyType({"hang_after": 1.0})


@dataclass(frozen=True)
class Kind:
    """``server`` and ``faults`` make its stand-in, ``options`` its keys of channels.toml for a stand-in and a folder.

    ``has``: what came to stand there, a word for each that no two may share. ``broken``: its faults when it is broken.
    """

    server: Callable[[Any], Any]
    faults: Callable[..., Any]
    options: Callable[[Any, DataPath], Any]
    has: Callable[[Any], list[str]]
    broken: Mapping[str, Any]

    @property
    def hangs(self) -> bool:
        """Whether it takes what it gets and never answers, when it is broken."""
        return "hang_after" in self.broken

    def serve(self, **faults: Any) -> AbstractContextManager[Any]:
        """Its stand-in."""
        return served(self.server(self.faults(latency=LATENCY, **faults)))


class Mail(Kind):
    """The mail server is no HTTP server."""

    @contextlib.contextmanager
    def _serve(self, **faults: Any) -> Iterator[smtp_provider.MailServer]:
        with smtp_provider.mail_server() as made:
            made.faults = smtp_provider.SmtpFaults(latency=LATENCY, **faults)
            yield made

    def serve(self, **faults: Any) -> AbstractContextManager[Any]:
        return self._serve(**faults)


def _texts(posts: Any) -> list[str]:
    return [post.text for post in posts]


KINDS: Mapping[str, Kind] = {
    "twilio_sms": Kind(
        twilio_provider.Twilio,
        twilio_provider.TwilioFaults,
        lambda s, _: twilio_sms.Options(SID, TWILIO_TOKEN, twilio_provider.SERVICE, base_url=s.base_url),
        lambda s: [text.to for text in s.accepted],
        HANGS,
    ),
    "twilio_voice": Kind(
        voice_provider.TwilioVoice,
        voice_provider.VoiceFaults,
        lambda s, _: twilio_voice.Options(SID, TWILIO_TOKEN, voice_provider.FROM, s.base_url),
        lambda s: [call.form["To"] for call in s.calls],
        {"error_before": 1.0},
    ),
    "mastodon": Kind(
        mastodon_provider.Mastodon,
        mastodon_provider.MastodonFaults,
        lambda s, _: mastodon.Options(Secret(mastodon_provider.TOKEN), s.base_url),
        lambda s: _texts(s.posts),
        HANGS,
    ),
    "facebook": Kind(
        facebook_provider.Facebook,
        graph_provider.GraphFaults,
        lambda s, _: facebook.Options(facebook_provider.PAGE, GRAPH_TOKEN, base_url=s.base_url),
        lambda s: _texts(s.shown),
        {"error_before": 1.0},
    ),
    "threads": Kind(
        threads_provider.Threads,
        graph_provider.GraphFaults,
        lambda s, _: threads.Options(GRAPH_TOKEN, threads_provider.USER, s.base_url),
        lambda s: _texts(s.shown),
        {**HANGS, "edge": "threads_publish"},
    ),
    "instagram": Kind(
        instagram_provider.Instagram,
        graph_provider.GraphFaults,
        lambda s, _: instagram.Options(instagram_provider.ACCOUNT, GRAPH_TOKEN, base_url=s.base_url),
        lambda s: _texts(s.shown),
        {"cut_after": 1.0, "edge": "media_publish"},
    ),
    "linkedin": Kind(
        linkedin_provider.LinkedIn,
        linkedin_provider.LinkedInFaults,
        lambda s, _: linkedin.Options(
            linkedin_provider.ORGANIZATION, Secret(linkedin_provider.TOKEN), base_url=s.base_url
        ),
        lambda s: _texts(s.shown),
        {"too_many": 1.0},
    ),
    "nextdoor": Kind(
        nextdoor_provider.Nextdoor,
        nextdoor_provider.NextdoorFaults,
        lambda s, _: nextdoor.Options(Secret(nextdoor_provider.TOKEN), base_url=s.base_url),
        lambda s: _texts(s.shown),
        {"unreadable": 1.0},
    ),
    "tiktok": Kind(
        tiktok_provider.TikTok,
        tiktok_provider.TikTokFaults,
        lambda s, folder: tiktok.Options(
            tiktok_provider.KEY,
            Secret(tiktok_provider.SECRET),
            Secret(tiktok_provider.REFRESH),
            folder=folder,
            base_url=s.base_url,
        ),
        lambda s: _texts(s.posts),
        HANGS,
    ),
    "smtp": Mail(
        smtp_provider.MailServer,
        smtp_provider.SmtpFaults,
        lambda s, _: smtp.Options(f"smtp://127.0.0.1:{s.port}", "Judge County <alerts@judge.example>"),
        lambda s: [mail.to[0] for mail in s.mails],
        {"hang_after": True},
    ),
    "web_push": Kind(
        push_provider.Push,
        push_provider.PushFaults,
        lambda s, _: web_push.Options(
            Secret(push_provider.PRIVATE_KEY), "mailto:alerts@judge.example", allow_private=True
        ),
        lambda s: [said["tag"] for _, said in s.messages],
        {"status": 503},
    ),
    "webhook": Kind(
        webhook_provider.Receiver,
        webhook_provider.WebhookFaults,
        lambda s, _: webhook.Options(
            s.base_url + webhook_provider.PATH, Secret(webhook_provider.SECRET), allow_private=True
        ),
        lambda s: list(s.ids),
        HANGS,
    ),
    "telegram": Kind(
        telegram_provider.Telegram,
        telegram_provider.TelegramFaults,
        lambda s, _: telegram.Options(Secret(telegram_provider.TOKEN), telegram_provider.CHAT, s.base_url),
        lambda s: _texts(s.posts),
        {"cut_before": 1.0},
    ),
    "apprise": Kind(
        discord_provider.Discord,
        discord_provider.DiscordFaults,
        lambda s, _: apprise.Options(Secret(discord_provider.URL), s.base_url + discord_provider.PATH),
        lambda s: [post["content"] for post in s.posts],
        HANGS,
    ),
    "bluesky": Kind(
        bluesky_provider.Bluesky,
        bluesky_provider.BlueskyFaults,
        lambda s, folder: bluesky.Options(
            Secret(bluesky_provider.PASSWORD), bluesky_provider.HANDLE, s.base_url, folder
        ),
        lambda s: [kept["value"]["text"] for kept in s.records.values()],
        HANGS,
    ),
    "x": Kind(
        x_provider.X,
        x_provider.XFaults,
        lambda s, _: x.Options(*map(Secret, x_provider.KEYS), base_url=s.base_url),
        lambda s: _texts(s.posts),
        {"unauthorized": True},
    ),
}


@dataclass(frozen=True)
class Account:
    """One channel and the stand-in behind it."""

    config: ChannelConfig
    kind: Kind
    server: Any


@contextlib.contextmanager
def accounts(folder: Path, broken: bool) -> Iterator[list[Account]]:
    """One account of each kind, named by it; broken ones "bad-<kind>"."""
    with contextlib.ExitStack() as open_:
        yield [open_.enter_context(account(name, folder, broken)) for name in KINDS]


@contextlib.contextmanager
def account(name: str, folder: Path, broken: bool = False) -> Iterator[Account]:
    """An account of that kind; where it is broken, by its own fault."""
    kind, called = KINDS[name], f"bad-{name}" if broken else name
    kept = folder / called
    kept.mkdir()
    with kind.serve(**(kind.broken if broken else {})) as server:
        options = kind.options(server, DataPath(str(kept)))
        yield Account(ChannelConfig(called, name, per_second=1000, options=options, drills=True), kind, server)
