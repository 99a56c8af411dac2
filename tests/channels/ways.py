"""How to open each kind of channel against its stand-in, for every test that runs over several kinds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broadcaster.channels import (
    apprise,
    bluesky,
    facebook,
    instagram,
    linkedin,
    mastodon,
    nextdoor,
    simulated,
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
from broadcaster.domain.channel import Attempt, Channel, DataPath, Recipient, Secret
from broadcaster.domain.message import Message
from broadcaster.domain.posting import Posting
from broadcaster.domain.push import address_of
from tests.channels.graphs import posting
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

PUBLIC_URL = "https://alerts.judge.example"
TEXT = "Judge County Fire: EVACUATE NOW, Canyon Rd. Wildfire. Go to Main St School. 22 Nov 6:30 pm"
PHONE = "+15005550101"


@dataclass
class Way:
    """A way to one kind: ``open`` makes a channel, ``seen`` counts what reached the provider."""

    kind: str
    open: Callable[[], Channel]
    seen: Callable[[], int]
    recipient: Recipient
    secrets: tuple[str, ...]
    down: Callable[[], Channel]  # the same channel, but nobody listens there
    posting: Posting | None = None  # what this kind cannot do without
    lists_words: bool = True  # the provider shows what each of its own was, not only when


def message(text: str = TEXT, language: str = "en", **more: Any) -> Message:
    """A message as approval froze it."""
    return Message("any", language, text, **more)


def attempt(id_: str = "at_1", valid_seconds: int = 3600, earlier: str = "") -> Attempt:
    """A try that starts now."""
    return Attempt(id_, datetime.now(UTC), valid_seconds, earlier)


@contextlib.contextmanager
def twilio_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        options = twilio_sms.Options(
            twilio_provider.ACCOUNT, Secret(twilio_provider.TOKEN), twilio_provider.SERVICE, base_url=url
        )
        return twilio_sms.open_channel("sms", options, PUBLIC_URL)

    with served(twilio_provider.Twilio(twilio_provider.TwilioFaults(latency=0))) as fake:
        yield Way(
            "twilio_sms",
            lambda: made(fake.base_url),
            lambda: fake.requests,
            Recipient(PHONE, "en"),
            (twilio_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def voice_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        account, token = twilio_provider.ACCOUNT, Secret(twilio_provider.TOKEN)
        return twilio_voice.open_channel(
            "voice", twilio_voice.Options(account, token, voice_provider.FROM, url), PUBLIC_URL
        )

    with served(voice_provider.TwilioVoice(voice_provider.VoiceFaults(latency=0))) as fake:
        yield Way(
            "twilio_voice",
            lambda: made(fake.base_url),
            lambda: fake.requests,
            Recipient(PHONE, "en"),
            (twilio_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
            lists_words=False,
        )


@contextlib.contextmanager
def mastodon_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        options = mastodon.Options(Secret(mastodon_provider.TOKEN), url)
        return mastodon.open_channel("county", options, PUBLIC_URL)

    with served(mastodon_provider.Mastodon(mastodon_provider.MastodonFaults(latency=0))) as fake:
        yield Way(
            "mastodon",
            lambda: made(fake.base_url),
            lambda: fake.requests,
            Recipient("county", "en"),
            (mastodon_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def facebook_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        options = facebook.Options(facebook_provider.PAGE, Secret(graph_provider.TOKEN), base_url=url)
        return facebook.open_channel("page", options, PUBLIC_URL)

    with served(facebook_provider.Facebook(graph_provider.GraphFaults(latency=0))) as fake:
        yield Way(
            "facebook",
            lambda: made(fake.base_url),
            lambda: len(fake.shown),
            Recipient("page", "en"),
            (graph_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def threads_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        options = threads.Options(Secret(graph_provider.TOKEN), threads_provider.USER, url)
        return threads.open_channel("profile", options, PUBLIC_URL)

    with served(threads_provider.Threads(graph_provider.GraphFaults(latency=0))) as fake:
        yield Way(
            "threads",
            lambda: made(fake.base_url),
            lambda: len(fake.shown),
            Recipient("profile", "en"),
            (graph_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def instagram_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        options = instagram.Options(instagram_provider.ACCOUNT, Secret(graph_provider.TOKEN), base_url=url)
        return instagram.open_channel("gram", options, PUBLIC_URL)

    with served(instagram_provider.Instagram(graph_provider.GraphFaults(latency=0))) as fake:
        yield Way(
            "instagram",
            lambda: made(fake.base_url),
            lambda: len(fake.shown),
            Recipient("gram", "en"),
            (graph_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
            posting(),
        )


@contextlib.contextmanager
def linkedin_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        fresh = f"{datetime.now(UTC):%Y%m}"  # a version that lives, whenever this runs
        token = Secret(linkedin_provider.TOKEN)
        options = linkedin.Options(linkedin_provider.ORGANIZATION, token, api_version=fresh, base_url=url)
        return linkedin.open_channel("org", options, PUBLIC_URL)

    with served(linkedin_provider.LinkedIn(linkedin_provider.LinkedInFaults(latency=0))) as fake:
        yield Way(
            "linkedin",
            lambda: made(fake.base_url),
            lambda: len(fake.shown),
            Recipient("org", "en"),
            (linkedin_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def nextdoor_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        return nextdoor.open_channel(
            "agency", nextdoor.Options(Secret(nextdoor_provider.TOKEN), base_url=url), PUBLIC_URL
        )

    with served(nextdoor_provider.Nextdoor(nextdoor_provider.NextdoorFaults(latency=0))) as fake:
        yield Way(
            "nextdoor",
            lambda: made(fake.base_url),
            lambda: len(fake.shown),
            Recipient("agency", "en"),
            (nextdoor_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def tiktok_way(folder: Path) -> Iterator[Way]:
    secrets = (Secret(tiktok_provider.SECRET), Secret(tiktok_provider.REFRESH))

    def made(url: str) -> Channel:
        options = tiktok.Options(tiktok_provider.KEY, *secrets, folder=DataPath(str(folder)), base_url=url)
        return tiktok.open_channel("tok", options, PUBLIC_URL)

    with served(tiktok_provider.TikTok(tiktok_provider.TikTokFaults(latency=0))) as fake:
        yield Way(
            "tiktok",
            lambda: made(fake.base_url),
            lambda: len(fake.posts),
            Recipient("tok", "en"),
            secrets,
            lambda: made("http://127.0.0.1:9"),
            posting(),
        )


@contextlib.contextmanager
def smtp_way(folder: Path) -> Iterator[Way]:
    def made(port: int) -> Channel:
        options = smtp.Options(
            f"smtp://127.0.0.1:{port}",
            "Judge County <alerts@judge.example>",
            smtp_provider.USER,
            Secret(smtp_provider.PASSWORD),
        )
        return smtp.open_channel("mail", options, PUBLIC_URL)

    with smtp_provider.mail_server(login=True) as server:
        yield Way(
            "smtp",
            lambda: made(server.port),
            lambda: server.tries,
            Recipient("ana@judge.example", "en", f"{PUBLIC_URL}/unsubscribe/t0"),
            (smtp_provider.PASSWORD,),
            lambda: made(9),
        )


@contextlib.contextmanager
def webhook_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        options = webhook.Options(url + webhook_provider.PATH, Secret(webhook_provider.SECRET), allow_private=True)
        return webhook.open_channel("sirens", options, PUBLIC_URL)

    with served(webhook_provider.Receiver(webhook_provider.WebhookFaults(latency=0))) as fake:
        yield Way(
            "webhook",
            lambda: made(fake.base_url),
            lambda: fake.requests,
            Recipient("en", "en"),
            (webhook_provider.SECRET, webhook_provider.PATH),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def telegram_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        options = telegram.Options(Secret(telegram_provider.TOKEN), telegram_provider.CHAT, url)
        return telegram.open_channel("chat", options, PUBLIC_URL)

    with served(telegram_provider.Telegram(telegram_provider.TelegramFaults(latency=0))) as fake:
        yield Way(
            "telegram",
            lambda: made(fake.base_url),
            lambda: fake.requests,
            Recipient("en", "en"),
            (telegram_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def apprise_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        return apprise.open_channel("discord", apprise.Options(Secret(discord_provider.URL), url), PUBLIC_URL)

    with served(discord_provider.Discord(discord_provider.DiscordFaults(latency=0))) as fake:
        yield Way(
            "apprise",
            lambda: made(fake.base_url + discord_provider.PATH),
            lambda: len(fake.posts),
            Recipient("en", "en"),
            (discord_provider.TOKEN,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def bluesky_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        password = Secret(bluesky_provider.PASSWORD)
        options = bluesky.Options(password, bluesky_provider.HANDLE, url, DataPath(str(folder)))
        return bluesky.open_channel("county", options, PUBLIC_URL)

    with served(bluesky_provider.Bluesky(bluesky_provider.BlueskyFaults(latency=0))) as fake:
        yield Way(
            "bluesky",
            lambda: made(fake.base_url),
            lambda: fake.writes,
            Recipient("county", "en"),
            (bluesky_provider.PASSWORD,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def web_push_way(folder: Path) -> Iterator[Way]:
    def made(url: str | None = None) -> Channel:
        key = Secret(push_provider.PRIVATE_KEY)
        options = web_push.Options(key, "mailto:alerts@judge.example", url, allow_private=True)
        return web_push.open_channel("browsers", options, PUBLIC_URL)

    with served(push_provider.Push(push_provider.PushFaults(latency=0))) as fake:
        yield Way(
            "web_push",
            made,
            lambda: fake.requests,
            Recipient(address_of(fake.subscription()), "en"),
            (push_provider.PRIVATE_KEY,),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def x_way(folder: Path) -> Iterator[Way]:
    def made(url: str) -> Channel:
        return x.open_channel("county", x.Options(*map(Secret, x_provider.KEYS), base_url=url), PUBLIC_URL)

    with served(x_provider.X(x_provider.XFaults(latency=0))) as fake:
        yield Way(
            "x",
            lambda: made(fake.base_url),
            lambda: fake.writes,
            Recipient("county", "en"),
            (x_provider.KEYS[1], x_provider.KEYS[3]),
            lambda: made("http://127.0.0.1:9"),
        )


@contextlib.contextmanager
def simulated_way(folder: Path) -> Iterator[Way]:
    options = simulated.Options("sms", DataPath(str(folder)), 0)

    def made() -> Channel:
        return simulated.open_channel("sim", options, PUBLIC_URL)

    file = simulated.path("sim", options)
    yield Way("simulated", made, lambda: len(list(simulated.shown(file))), Recipient(PHONE, "en"), (), made)


WAYS = {
    "twilio_sms": twilio_way,
    "twilio_voice": voice_way,
    "mastodon": mastodon_way,
    "facebook": facebook_way,
    "threads": threads_way,
    "instagram": instagram_way,
    "linkedin": linkedin_way,
    "nextdoor": nextdoor_way,
    "tiktok": tiktok_way,
    "smtp": smtp_way,
    "web_push": web_push_way,
    "webhook": webhook_way,
    "telegram": telegram_way,
    "apprise": apprise_way,
    "bluesky": bluesky_way,
    "x": x_way,
    "simulated": simulated_way,
}
