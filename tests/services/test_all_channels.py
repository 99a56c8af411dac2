"""Every kind at once, well and broken: the good ones have everything while the others hang; long threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.frames import framed
from broadcaster.domain.message import Message
from broadcaster.domain.push import address_of
from broadcaster.services.system import System
from broadcaster.store.engine import now
from broadcaster.store.schema import (
    attempts,
    broadcasts,
    deliveries,
    subscriber_channels,
    subscriber_zones,
    subscribers,
)
from tests.channels.ways import PUBLIC_URL
from tests.sending import TEXT, go_live, people, with_channels
from tests.services.every_kind import Account, account, accounts
from tests.services.texting import work

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # lines of channels are no matter of SQL
PEOPLE = 6
EVERYBODY = ("twilio_sms", "smtp")  # what people get who chose nothing
CHOSEN = ("twilio_voice", "whatsapp", "web_push")  # what one person chose, and one more the broken one


@ONCE
def test_good_accounts_of_every_kind_have_everything_while_broken_ones_of_every_kind_hang_or_refuse(
    system: System, tmp_path: Path
) -> None:
    with accounts(tmp_path, broken=False) as good, accounts(tmp_path, broken=True) as bad:
        outside = replace(system, settings=replace(system.settings, public_url=PUBLIC_URL))
        ground = with_channels(outside, *(one.config for one in [*bad, *good]))
        people(ground, PEOPLE)
        for one in (*bad, *good):
            choose(ground, one)
        go_live(ground, texts=[message_for(one) for one in (*bad, *good)])
        seen = Watch(ground, good, [one for one in bad if one.hangs])
        with seen:
            work(ground, 60)
            for _ in range(5):  # where a starved machine let a good one's first try run out of time
                if not seen.complete:
                    due(ground, good)
                    work(ground, 60)
    for one in (*good, *bad):
        stands = one.has()
        assert len(stands) == len(set(stands)) <= wanted(one), one.config.name  # nothing is posted twice anywhere
        assert one in bad or len(stands) == wanted(one), one.config.name
    tries = first_tries(ground)
    assert {name: len(rows) for name, rows in tries.items()} == {one.config.name: wanted(one) for one in [*good, *bad]}
    begun = [row.started for one in good for row in tries[one.config.name]]
    states = {row.delivered_as for one in good for row in tries[one.config.name]}
    assert states <= {"accepted", "delivered"}
    # Nobody had given a hanging account up by then; on a machine too slow for that, none waited for one to begin.
    assert seen.complete
    assert all(at > max(begun) for at in seen.given_up)
    refused = {row.delivered_as for one in bad for row in tries[one.config.name] if not one.hangs}
    assert refused <= {"waiting", "unknown", "failed"}


def due(system: System, those: Sequence[Account]) -> None:
    """What waits on these accounts has waited long enough."""
    d = deliveries.c
    waits = (d.state == "waiting") & d.channel.in_([one.config.name for one in those])
    with system.database.write() as connection:
        connection.execute(deliveries.update().where(waits).values(due=now(connection)))


def message_for(one: Account) -> Message:
    """The alert's words, in those that its kind needs around them."""
    return Message(one.config.name, "en", framed(one.frame, TEXT), "Leave now", 1, len(TEXT))


def wanted(one: Account) -> int:
    """How many messages an account is to get."""
    return PEOPLE if one.config.kind in EVERYBODY else 1


def choose(system: System, one: Account) -> None:
    """Somebody chooses this channel and no other, where people have to."""
    if one.config.kind not in CHOSEN:
        return
    push = address_of(one.server.subscription()) if one.config.kind == "web_push" else None
    phone = None if push else f"+1202555{one.server.base_url[-4:]}"
    person = {"phone": phone, "push": push, "language": "en", "groups": [], "consent_source": "test"}
    with system.database.write() as connection:
        new = subscribers.insert().values(**person, created=system.now()).returning(subscribers.c.id)
        id_ = connection.execute(new).scalar_one()
        connection.execute(subscriber_channels.insert().values(channel=one.config.name, subscriber=id_))
        connection.execute(subscriber_zones.insert().values(zone="valley", subscriber=id_))


def first_tries(system: System) -> dict[str, list[Any]]:
    """Channel -> first tries with the state of their delivery."""
    d, a = deliveries.c, attempts.c
    columns = (d.channel, d.state.label("delivered_as"), a.state, a.started, a.changed)
    query = sa.select(*columns).join(attempts, a.delivery == d.id).where(a.number == 1)
    found: dict[str, list[Any]] = {}
    with system.database.read() as connection:
        for row in connection.execute(query):
            found.setdefault(row.channel, []).append(row)
    return found


@dataclass
class Watch:
    """Looks on until the good accounts have everything and the hanging ones hold theirs, notes which of these were
    given up by then, and lets them go: so nobody waits for a time limit, and no test depends on one."""

    system: System
    good: Sequence[Account]
    hanging: Sequence[Account]
    complete: bool = False
    given_up: list[datetime] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._all() and not self._over.wait(0.02):
            continue
        self.complete = self._all()
        tries = first_tries(self.system)
        hanging = [row for one in self.hanging for row in tries[one.config.name]]
        self.given_up = [row.changed for row in hanging if row.state != "sending"]
        for one in self.hanging:
            one.server.release()

    def _all(self) -> bool:
        return all(len(one.has()) >= wanted(one) for one in (*self.good, *self.hanging))


@ONCE
@pytest.mark.parametrize(("kind", "updates"), [("mastodon", 12), ("bluesky", 100), ("telegram", 12), ("x", 12)])
def test_a_hundred_updates_all_answer_the_first_post(system: System, tmp_path: Path, kind: str, updates: int) -> None:
    with account(kind, tmp_path) as one:
        name = one.config.name
        ground = with_channels(system, one.config)
        go_live(ground, "first", texts=[Message(name, "en", TEXT)])
        work(ground)
        for number in range(updates):
            go_live(ground, f"update{number}", texts=[Message(name, "en", f"{number} {TEXT}")])
        work(ground, 600)  # it ends by itself
    with ground.database.read() as connection:
        states = connection.execute(sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)).all()
        assert [tuple(row) for row in states] == [("delivered", updates + 1)]
        assert connection.execute(sa.select(sa.func.count()).select_from(broadcasts)).scalar_one() == updates + 1
    assert answered(kind, one.server) == updates


def answered(kind: str, fake: Any) -> int:
    """How many posts answer the first one."""
    if kind == "bluesky":
        records = [kept["value"] for kept in fake.records.values()]
        roots = {record["reply"]["root"]["uri"] for record in records if "reply" in record}
        assert len(roots) == 1
        return sum("reply" in record for record in records)
    first = fake.posts[0].id
    return sum(post.answers == first for post in fake.posts)
