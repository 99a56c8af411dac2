"""What a sender tells the channel beside the text: how long it is worth sending, what it answers, how to leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.channels import mastodon, smtp
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.message import Message
from broadcaster.services import expand
from broadcaster.services.channels import open_channel
from broadcaster.services.exchange import Exchange
from broadcaster.services.subscribers import opt_out, unsubscribe_url
from broadcaster.services.system import System
from broadcaster.services.verdicts import verdicts
from broadcaster.store import records
from broadcaster.store.schema import alerts, broadcasts, deliveries
from tests.providers.base import served
from tests.providers.mastodon import TOKEN, Mastodon, MastodonFaults
from tests.providers.smtp import mail_server
from tests.providers.twilio import Twilio
from tests.sending import go_live, people, with_channels
from tests.services.texting import work


@pytest.mark.parametrize(("left", "at_most", "at_least"), [(600, 600, 480), (None, 4 * 3600, 4 * 3600)])
def test_a_text_is_worth_sending_until_the_alerts_end_or_four_hours_where_it_has_none(
    ground: System, twilio: Twilio, left: int | None, at_most: int, at_least: int
) -> None:
    people(ground, 1)
    go_live(ground)
    end = None if left is None else ground.now() + timedelta(seconds=left)
    with ground.database.write() as connection:
        connection.execute(broadcasts.update().values(expires=end))
    work(ground)
    assert at_least <= int(twilio.accepted[0].validity) <= at_most


def posting(system: System, fake: Mastodon) -> System:
    options = mastodon.Options(Secret(TOKEN), fake.base_url)
    return with_channels(system, ChannelConfig("county", "mastodon", per_second=1000, options=options))


def test_a_later_post_of_an_incident_answers_its_first_and_one_of_another_answers_nothing(system: System) -> None:
    with served(Mastodon(MastodonFaults(latency=0.01))) as fake:
        ground = posting(system, fake)
        for alert, incident in (("one", "fire"), ("two", "fire"), ("three", "flood"), ("four", "fire")):
            go_live(ground, alert, incident=incident)
            work(ground)
    first = fake.posts[0].id
    assert [post.answers for post in fake.posts] == ["", first, "", first]


def thread(*texts: str) -> list[Message]:
    return [Message("county", "en", text, number=number) for number, text in enumerate(texts)]


def soon(system: System) -> None:
    """As if those that wait for an earlier post had waited long enough; then one sender's job."""
    with system.database.write() as connection:
        connection.execute(deliveries.update().where(deliveries.c.state == "queued").values(due=system.now()))
    work(system)


def reasons(system: System) -> dict[str, str]:
    with system.database.read() as connection:
        rows = connection.execute(sa.select(deliveries.c.recipient, deliveries.c.state, deliveries.c.reason))
        return {row.recipient: row.reason or row.state for row in rows}


def test_the_posts_of_a_thread_go_out_one_after_the_other_each_answering_the_one_before(system: System) -> None:
    with served(Mastodon(MastodonFaults(latency=0.01))) as fake:
        ground = posting(system, fake)
        go_live(ground, texts=thread("Leave now.", "Fire.", "Go south."))
        for _ in range(3):
            soon(ground)
        go_live(ground, "two", texts=thread("Still: leave.", "More fire."))
        for _ in range(2):
            soon(ground)
    said = {post.id: post.text for post in fake.posts}
    pairs = [(post.text, said.get(post.answers, "")) for post in fake.posts]
    assert pairs[:3] == [("Leave now.", ""), ("Fire.", "Leave now."), ("Go south.", "Fire.")]
    assert pairs[3:] == [("Still: leave.", "Leave now."), ("More fire.", "Still: leave.")]


def test_where_an_alert_was_posted_is_kept_for_its_page_by_the_first_post_alone(system: System) -> None:
    with served(Mastodon(MastodonFaults(latency=0.01))) as fake:
        ground = posting(system, fake)
        go_live(ground, texts=thread("Leave now.", "Fire."))
        soon(ground)
        soon(ground)
        go_live(ground, "two", texts=thread("Sent in error."), ending="cancelled", replaces=["one"])
        soon(ground)
        places = [f"{fake.base_url}/@county/{post.id}" for post in fake.posts]
    with ground.database.read() as connection:
        assert records.post_addresses(connection, ["one", "two", "no"]) == {"one": places[:1], "two": places[2:]}


def test_a_thread_whose_first_post_was_refused_does_not_go_on(system: System) -> None:
    with served(Mastodon(MastodonFaults(latency=0.01, characters=20))) as fake:
        ground = posting(system, fake)
        go_live(ground, texts=thread("Longer than the instance takes.", "More."))
        for _ in range(2):
            soon(ground)
    assert fake.posts == []
    assert reasons(ground) == {"en": "provider", "en/1": "no_earlier_post"}


def test_sent_in_error_is_posted_and_stands_in_place_of_every_wrong_post(system: System) -> None:
    with served(Mastodon(MastodonFaults(latency=0.01))) as fake:
        ground = posting(system, fake)
        go_live(ground, texts=thread("Leave now.", "Fire."))
        soon(ground)
        soon(ground)
        fake.post("something else of the same account")
        go_live(ground, "two", texts=thread("Sent in error."), ending="cancelled", replaces=["one"])
        soon(ground)
    texts = [(post.text, post.before, bool(post.answers)) for post in fake.posts]
    assert texts == [
        ("Sent in error.", ["Leave now."], False),
        ("Sent in error.", ["Fire."], True),
        ("something else of the same account", [], False),
        ("Sent in error.", [], True),
    ]
    assert all(state == "delivered" for state in reasons(ground).values())


def test_a_change_of_a_post_that_somebody_deleted_ends_without_another_try(system: System) -> None:
    with served(Mastodon(MastodonFaults(latency=0.01))) as fake:
        ground = posting(system, fake)
        go_live(ground)
        work(ground)
        fake.posts.clear()
        go_live(ground, "two", texts=thread("Sent in error."), ending="cancelled", replaces=["one"])
        for _ in range(2):
            soon(ground)
        with ground.database.read() as connection:
            rows = connection.execute(sa.select(deliveries.c.state, deliveries.c.code).where(deliveries.c.edits > 0))
            assert [tuple(row) for row in rows] == [("failed", mastodon.NOT_THERE)]


def test_a_mail_carries_the_way_to_leave_and_answers_the_first_that_its_reader_had_of_the_incident(
    system: System,
) -> None:
    with mail_server() as server:
        options = smtp.Options(base_url=f"smtp://127.0.0.1:{server.port}", from_="Judge County <a@judge.example>")
        ground = with_channels(system, ChannelConfig("mail", "smtp", per_second=1000, options=options))
        people(ground, 1)
        go_live(ground)
        work(ground)
        people(ground, 1)  # who joins later has had none
        for alert, incident in (("two", "fire"), ("flood", "flood"), ("three", "fire")):
            go_live(ground, alert, incident=incident)
            work(ground)
    for mail in server.mails:
        assert mail.message["List-Unsubscribe"] == f"<{unsubscribe_url(ground, mail.to[0])}>"
        assert "Stop all alerts" in mail.message.get_body().get_content()
    had: dict[str, list[Any]] = {}
    for mail in server.mails:
        had.setdefault(mail.to[0], []).append(mail.message)
    early, late = had["p1@example.org"], had["p2@example.org"]
    assert [mail["References"] for mail in early] == [None, early[0]["Message-ID"], None, early[0]["Message-ID"]]
    assert [mail["In-Reply-To"] for mail in late] == [None, None, late[0]["Message-ID"]]


def left_early(system: System) -> None:
    with system.database.write() as connection:
        for number in ("+12020000001", "+12020000002"):
            opt_out(system, connection, number, "test", system.now())


def changed(table: sa.Table, **values: Any) -> Any:
    def change(system: System) -> None:
        with system.database.write() as connection:
            connection.execute(table.update().values(**values))

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (left_early, "opted_out"),
        (changed(alerts, state="cancelled"), "cancelled"),
        (changed(alerts, mode="exercise"), "mode_mismatch"),
    ],
)
def test_what_is_not_sent_says_why(ground: System, twilio: Twilio, change: Any, reason: str) -> None:
    people(ground, 2)
    go_live(ground)
    expand.resume(ground)
    change(ground)
    work(ground)
    with ground.database.read() as connection:
        rows = connection.execute(sa.select(deliveries.c.state, deliveries.c.reason)).all()
    assert [tuple(row) for row in rows] == [("suppressed", reason)] * 2
    assert twilio.requests == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_row_whose_lease_another_took_is_not_sent_by_us(ground: System) -> None:
    people(ground, 2)
    go_live(ground)
    expand.resume(ground)
    (config,) = ground.config.channels
    verdict = verdicts(ground)
    ours, theirs = (
        Exchange(ground, config, open_channel(ground, config).limits(), name, verdict) for name in ("us", "them")
    )
    first, second = ours.claim(2)
    ours.segments([first, second])
    ours.release([first])
    assert [row.id for row in theirs.claim(2)] == [first.id]
    assert [one.row.id for one in ours.group([], [first, second], []).prepared] == [second.id]


def test_a_drill_on_a_channel_without_drills_says_so(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    go_live(ground)
    expand.resume(ground)
    for table in (alerts, broadcasts):
        changed(table, mode="exercise")(ground)
    work(ground)
    with ground.database.read() as connection:
        assert connection.execute(sa.select(deliveries.c.reason)).scalar_one() == "drill"
    assert twilio.requests == 0
