"""Where a provider cannot be asked, policy decides about unknown outcomes: within bounds, and shown by its code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.channels.smtp import Options
from broadcaster.domain.config import ChannelConfig
from broadcaster.services import deliveries, expand, settle
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.engine import now
from broadcaster.store.schema import attempts
from tests.providers.smtp import MailServer, mail_server
from tests.sending import attempt_rows, go_live, people, states, with_channels
from tests.services.texting import work


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def ground(system: System, mail: MailServer) -> System:
    """A system whose only channel is mail, of which nobody can be asked; one person, one message begun."""
    options = Options(base_url=f"smtp://127.0.0.1:{mail.port}", from_="Judge County <a@judge.example>")
    ground = with_channels(system, ChannelConfig("mail", "smtp", per_second=1000, options=options))
    people(ground, 1)
    go_live(ground)
    expand.resume(ground)
    return ground


def deciding(system: System, **policy: Any) -> System:
    return replace(system, config=replace(system.config, policy=replace(system.config.policy, **policy)))


def falls_silent(system: System, minutes: float) -> None:
    """A sender begins the message and dies; ``minutes`` later its outcome is unknown, and asked about."""
    settle.settle(system)
    with system.database.write() as connection:
        at = now(connection)
        (leased,) = store.claim(connection, "mail", "dead", 1, at)
        number = len(connection.execute(sa.select(attempts.c.id)).all()) + 1
        store.begin(connection, [(leased, f"try-{number}")], "dead", at)
        long_ago = at - timedelta(minutes=minutes)
        connection.execute(
            attempts.update().where(attempts.c.id == f"try-{number}").values(started=long_ago, changed=long_ago)
        )
    settle.settle(system)
    assert states(system) == {"unknown": 1}
    assert settle.ask(system) == 1


def codes(system: System) -> list[tuple[str, str]]:
    return [(row.state, row.code) for row in attempt_rows(system)]


def test_it_is_sent_again_once_and_then_given_up(ground: System) -> None:
    falls_silent(ground, 1)
    assert states(ground) == {"waiting": 1}
    falls_silent(ground, 1)
    assert states(ground) == {"failed": 1}
    assert codes(ground) == [("not_sent", "unknown_sent_again"), ("failed", "unknown_given_up")]
    assert deliveries.totals(ground, "one")["channels"]["mail"]["errors"] == {"unknown_given_up": 1}


def test_what_is_sent_again_arrives(ground: System, mail: MailServer) -> None:
    falls_silent(ground, 1)
    settle.settle(ground)
    work(ground)
    assert len(mail.mails) == 1
    assert deliveries.totals(ground, "one")["settled"]


@pytest.mark.parametrize(("minutes", "state"), [(4.9, "waiting"), (5, "failed")])
def test_what_is_too_old_is_given_up(ground: System, minutes: float, state: str) -> None:
    falls_silent(deciding(ground, unknown_max_age_minutes=5), minutes)
    assert states(ground) == {state: 1}


def test_as_often_as_the_policy_says(ground: System) -> None:
    patient = deciding(ground, unknown_max_resends=2)
    for state in ("waiting", "waiting", "failed"):
        falls_silent(patient, 1)
        assert states(patient) == {state: 1}


def test_a_policy_of_giving_up_never_sends_again(ground: System) -> None:
    falls_silent(deciding(ground, unknown_without_proof="give_up"), 1)
    assert codes(ground) == [("failed", "unknown_given_up")]
    assert states(ground) == {"failed": 1}
