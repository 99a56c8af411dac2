"""Words about attempts as they are written down: what one said, a later one without it does not take away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from broadcaster.domain.delivery import AttemptState as A
from broadcaster.services import expand
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.deliveries import Word
from broadcaster.store.schema import alerts, broadcasts, deliveries
from tests.providers.base import served
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import attempt_rows, go_live, people, sms, states, with_channels

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://social.example/1"


@pytest.fixture
def ground(system: System) -> System:
    """Two attempts under way, "a1" and "a2", of two people."""
    with served(Twilio(TwilioFaults())) as provider:
        made = with_channels(system, sms(provider))
    people(made, 2)
    go_live(made)
    expand.resume(made)
    with made.database.write() as connection:
        first, second = store.claim(connection, "sms", "me", 2, datetime.now(UTC))
        store.begin(connection, [(first, "a1"), (second, "a2")], "me", AT)
        connection.execute(broadcasts.update().values(expires=None))
    return made


def tell(system: System, *words: Word) -> list[Word]:
    with system.database.write() as connection:
        return store.tell(connection, words, lambda channel, code: None, 3, AT)


ACCEPTED = Word("a1", A.ACCEPTED, "SM1", URL)


@pytest.mark.parametrize("groups", [[[ACCEPTED, Word("a1", A.DELIVERED)]], [[ACCEPTED], [Word("a1", A.DELIVERED)]]])
def test_a_later_word_without_id_and_address_keeps_those_that_are_known(
    ground: System, groups: Sequence[Sequence[Word]]
) -> None:
    for group in groups:
        tell(ground, *group)
    told = [(row.state, row.provider_id, row.url) for row in attempt_rows(ground)]
    assert told == [("delivered", "SM1", URL), ("sending", None, "")]
    assert states(ground) == {"delivered": 1, "sending": 1}


def test_a_later_word_with_another_id_and_address_replaces_them(ground: System) -> None:
    tell(ground, ACCEPTED, Word("a1", A.DELIVERED, "SM2", f"{URL}2"))
    first = attempt_rows(ground)[0]
    assert (first.provider_id, first.url) == ("SM2", f"{URL}2")


def test_a_word_that_proves_less_is_not_written_down(ground: System) -> None:
    tell(ground, Word("a1", A.DELIVERED, "SM1"))
    tell(ground, Word("a1", A.FAILED, "SM2", code="30005"))
    first = attempt_rows(ground)[0]
    assert (first.state, first.provider_id, first.code) == ("delivered", "SM1", "")


def test_words_that_match_no_attempt_are_returned_and_the_others_count(ground: System) -> None:
    stray = Word("nobody's", A.DELIVERED)
    assert tell(ground, stray, Word("a2", A.DELIVERED)) == [stray]
    assert [row.state for row in attempt_rows(ground)] == ["sending", "delivered"]


@pytest.mark.parametrize(
    ("table", "values", "state"),
    [
        (broadcasts, {"priority": 5}, "waiting"),
        (broadcasts, {"stopped": AT}, "failed"),
        (broadcasts, {"ended": AT}, "failed"),
        (broadcasts, {"expires": AT}, "failed"),
        (alerts, {"state": "lifted"}, "failed"),
    ],
)
def test_what_was_never_sent_is_tried_again_only_while_its_alert_goes_on(
    ground: System, table: sa.Table, values: dict[str, object], state: str
) -> None:
    with ground.database.write() as connection:
        connection.execute(table.update().values(**values))
    tell(ground, Word("a1", A.NOT_SENT))
    assert states(ground) == {state: 1, "sending": 1}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        (Word("a1", A.NOT_SENT), "suppressed"),
        (Word("a1", A.FAILED, code="30005"), "suppressed"),
        (Word("a1", A.DELIVERED), "delivered"),
    ],
)
def test_what_was_suppressed_stays_so_unless_it_arrived_after_all(ground: System, word: Word, state: str) -> None:
    with ground.database.write() as connection:
        connection.execute(deliveries.update().values(state="suppressed"))
    tell(ground, word)
    with ground.database.read() as connection:
        found = list(connection.execute(sa.select(deliveries.c.state).order_by(deliveries.c.id)).scalars())
    assert found == [state, "suppressed"]
