"""Every channel at once, half of them broken: the rest has everything before the broken ones know; long threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.channels import bluesky, facebook, linkedin, mastodon, telegram, webhook, x
from broadcaster.domain.channel import DataPath, Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.message import Message
from broadcaster.services.system import System
from broadcaster.store.schema import attempts, broadcasts, deliveries
from tests.providers import bluesky as bluesky_provider
from tests.providers import facebook as facebook_provider
from tests.providers import graph as graph_provider
from tests.providers import linkedin as linkedin_provider
from tests.providers import mastodon as mastodon_provider
from tests.providers import telegram as telegram_provider
from tests.providers import webhook as webhook_provider
from tests.providers import x as x_provider
from tests.providers.base import Provider, served
from tests.providers.twilio import Twilio
from tests.sending import TEXT, go_live, people, sms, with_channels
from tests.services.texting import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # lines of channels are no matter of SQL
BROKEN: dict[str, Any] = {
    "mastodon": {"hang_after": 1.0},
    "facebook": {"error_before": 1.0},
    "bluesky": {"hang_after": 1.0},
}
BROKEN |= {"x": {"unauthorized": True}, "telegram": {"cut_before": 1.0}, "linkedin": {"too_many": 1.0}}
BROKEN |= {"webhook": {"hang_after": 1.0}}


def provider(kind: str, **faults: Any) -> Provider:
    made: dict[str, tuple[type[Any], type[Any]]] = {
        "mastodon": (mastodon_provider.Mastodon, mastodon_provider.MastodonFaults),
        "facebook": (facebook_provider.Facebook, graph_provider.GraphFaults),
        "bluesky": (bluesky_provider.Bluesky, bluesky_provider.BlueskyFaults),
        "x": (x_provider.X, x_provider.XFaults),
        "telegram": (telegram_provider.Telegram, telegram_provider.TelegramFaults),
        "linkedin": (linkedin_provider.LinkedIn, linkedin_provider.LinkedInFaults),
        "webhook": (webhook_provider.Receiver, webhook_provider.WebhookFaults),
    }
    one, wrong = made[kind]
    return one(wrong(latency=0.005, **faults))  # type: ignore[no-any-return]


def options(kind: str, url: str, folder: Path) -> Any:
    """The kind's options for the stand-in at that address."""
    kept = DataPath(str(folder))
    made = {
        "mastodon": lambda: mastodon.Options(Secret(mastodon_provider.TOKEN), url),
        "facebook": lambda: facebook.Options(facebook_provider.PAGE, Secret(graph_provider.TOKEN), base_url=url),
        "bluesky": lambda: bluesky.Options(Secret(bluesky_provider.PASSWORD), bluesky_provider.HANDLE, url, kept),
        "x": lambda: x.Options(*map(Secret, x_provider.KEYS), base_url=url),
        "telegram": lambda: telegram.Options(Secret(telegram_provider.TOKEN), telegram_provider.CHAT, url),
        "linkedin": lambda: linkedin.Options(
            linkedin_provider.ORGANIZATION, Secret(linkedin_provider.TOKEN), base_url=url
        ),
        "webhook": lambda: webhook.Options(
            url + webhook_provider.PATH, Secret(webhook_provider.SECRET), allow_private=True
        ),
    }
    return made[kind]()


@contextlib.contextmanager
def accounts(folder: Path, wrong: bool) -> Iterator[list[ChannelConfig]]:
    """One channel of each kind, named by it; broken ones "bad-<kind>"."""
    with contextlib.ExitStack() as open_:
        made = []
        for kind in BROKEN:
            fake = open_.enter_context(served(provider(kind, **(BROKEN[kind] if wrong else {}))))
            name = f"bad-{kind}" if wrong else kind
            (folder / name).mkdir()
            given = options(kind, fake.base_url, folder / name)
            made.append(ChannelConfig(name, kind, per_second=1000, options=given, drills=True))
        yield made


def ended(system: System) -> dict[str, tuple[str, Any]]:
    """Channel -> (state of its last delivery, when its first try was last heard of)."""
    d, a = deliveries.c, attempts.c
    query = sa.select(d.channel, d.state, a.changed).join(attempts, a.delivery == d.id).where(a.number == 1)
    with system.database.read() as connection:
        return {row.channel: (row.state, row.changed) for row in connection.execute(query.order_by(a.changed))}


def test_with_half_of_all_channels_broken_the_rest_is_done_before_the_others_give_up(
    system: System, twilio: Twilio, tmp_path: Path
) -> None:
    with accounts(tmp_path, wrong=False) as good, accounts(tmp_path, wrong=True) as bad:
        ground = with_channels(system, *bad, sms(twilio), *good)
        people(ground, 40)
        go_live(ground)
        work(ground, 15)
    assert len(twilio.accepted) == 40
    came = ended(ground)
    told = {config.name: came[config.name] for config in good}
    assert {name for name, (state, _) in told.items() if state != "delivered"} == set()
    hung = [came[config.name][1] for config in bad if BROKEN[config.kind].get("hang_after")]
    assert max(at for _, at in [*told.values(), came["sms"]]) < min(hung)
    refusing = [config.name for config in bad if "hang_after" not in BROKEN[config.kind]]  # the others took it, unheard
    assert {came[name][0] for name in refusing} <= {"waiting", "unknown", "failed"}


@pytest.mark.parametrize(("kind", "updates"), [("mastodon", 100), ("bluesky", 100), ("telegram", 12), ("x", 12)])
def test_a_hundred_updates_all_answer_the_first_post(system: System, tmp_path: Path, kind: str, updates: int) -> None:
    with served(provider(kind)) as fake:
        config = ChannelConfig("one", kind, per_second=1000, options=options(kind, fake.base_url, tmp_path))
        ground = with_channels(system, config)
        go_live(ground, "first", texts=[Message("one", "en", TEXT)])
        work(ground)
        for number in range(updates):
            go_live(ground, f"update{number}", texts=[Message("one", "en", f"{number} {TEXT}")])
        work(ground, 30)
    with ground.database.read() as connection:
        states = connection.execute(sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)).all()
        assert [tuple(row) for row in states] == [("delivered", updates + 1)]
        assert connection.execute(sa.select(sa.func.count()).select_from(broadcasts)).scalar_one() == updates + 1
    assert answered(kind, fake) == updates


def answered(kind: str, fake: Any) -> int:
    """How many posts answer the first one."""
    if kind == "bluesky":
        records = [kept["value"] for kept in fake.records.values()]
        roots = {record["reply"]["root"]["uri"] for record in records if "reply" in record}
        assert len(roots) == 1
        return sum("reply" in record for record in records)
    first = fake.posts[0].id
    return sum(post.answers == first for post in fake.posts)
