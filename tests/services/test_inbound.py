"""Texts that people send us, at the service: kept once, acted on once, whatever their provider forgets to say."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from broadcaster.domain.channel import InboundKind, InboundText, inbound_kind
from broadcaster.services.inbound import receive
from broadcaster.services.system import System
from broadcaster.store.schema import inbound_texts, opt_outs
from tests.services.agency import rows, settle_people

WHO = "+15550100000"


def text(body: str, id_: str = "", sender: str = WHO) -> InboundText:
    return InboundText(id_, sender, body, inbound_kind(body))


def kept(system: System) -> list[str]:
    return [str(row[0]) for row in rows(system, sa.select(inbound_texts.c.body).order_by(inbound_texts.c.id))]


def left(system: System) -> bool:
    return bool(rows(system, sa.select(opt_outs.c.at)))


def test_a_stop_without_an_id_is_kept_and_binds(system: System) -> None:
    settle_people(system)
    assert receive(system, "sms", text("STOP"))
    assert (kept(system), left(system)) == (["STOP"], True)


def test_the_same_text_without_an_id_again_is_the_repeated_webhook(system: System) -> None:
    assert receive(system, "sms", text("STOP"))
    assert not receive(system, "sms", text("STOP"))
    assert kept(system) == ["STOP"]
    assert receive(system, "sms", text("STOP", sender="+15550100001"))  # somebody else's is not
    assert receive(system, "other", text("STOP"))  # nor one on another channel
    assert len(kept(system)) == 3


def test_what_comes_after_another_word_is_new_though_it_says_the_same(system: System) -> None:
    for body, gone in (("STOP", True), ("START", False), ("STOP", True), ("START", False)):
        assert receive(system, "sms", text(body))
        assert left(system) is gone
    assert kept(system) == ["STOP", "START", "STOP", "START"]
    names = [row[0] for row in rows(system, sa.select(inbound_texts.c.provider_id))]
    assert len(set(names)) == 4


def test_a_text_with_an_id_between_makes_it_new_too(system: System) -> None:
    receive(system, "sms", text("STOP"))
    receive(system, "sms", text("START", "SM1"))
    assert receive(system, "sms", text("STOP"))
    assert left(system)
    assert receive(system, "sms", text("STOP", "SM2"))
    assert receive(system, "sms", text("STOP"))  # the last had an id: this is not its webhook again


def test_a_text_that_came_before_acts_no_second_time(system: System) -> None:
    assert receive(system, "sms", text("STOP", "SM1"))
    assert receive(system, "sms", text("START", "SM2"))
    assert not receive(system, "sms", text("STOP", "SM1"))
    assert not left(system)
    assert receive(system, "other", text("hello", "SM1"))  # ids are a provider's own


def test_the_same_text_many_times_at_the_same_instant_is_kept_once_and_is_no_error(system: System) -> None:
    """On PostgreSQL all of them look before any has written."""
    settle_people(system)
    for round_, id_ in enumerate(("SM1", "", "SM2")):
        gate, answers, errors = threading.Barrier(6), [], []

        def bring(id_: str = id_, gate: threading.Barrier = gate) -> None:
            gate.wait()
            try:
                answers.append(receive(system, "sms", text("STOP", id_)))  # noqa: B023
            except sa.exc.SQLAlchemyError as error:
                errors.append(error)  # noqa: B023

        threads = [threading.Thread(target=bring) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert errors == []
        assert sorted(answers) == [False] * 5 + [True]
        assert len(kept(system)) == round_ + 1
    assert left(system)


def test_one_that_waits_for_the_same_text_in_another_transaction_answers_that_it_came_before(system: System) -> None:
    if system.database.sqlite:
        return  # writes one after the other anyway
    answers: list[bool] = []
    with system.database.write() as connection:
        row = {"channel": "sms", "provider_id": "SM1", "sender": WHO, "received": system.now()}
        connection.execute(inbound_texts.insert().values(**row, body="STOP", kind=InboundKind.STOP.value))
        second = threading.Thread(target=lambda: answers.append(receive(system, "sms", text("STOP", "SM1"))))
        second.start()
        second.join(0.5)
        assert answers == []
    second.join(30)
    assert answers == [False]
