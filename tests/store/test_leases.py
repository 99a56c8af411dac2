"""One holder at a time, by the database's clock."""

from datetime import timedelta

import sqlalchemy as sa

from broadcaster.store import leases
from broadcaster.store.engine import Database, now
from broadcaster.store.schema import leases as table


def take(database: Database, holder: str, seconds: float = 60) -> bool:
    with database.write() as connection:
        return leases.take(connection, "clock", holder, seconds)


def run_out(database: Database) -> None:
    with database.write() as connection:
        connection.execute(table.update().values(until=now(connection) - timedelta(seconds=1)))


def test_the_first_who_asks_has_it_and_others_wait(database: Database) -> None:
    assert take(database, "a")
    assert not take(database, "b")


def test_its_holder_renews_it(database: Database) -> None:
    assert take(database, "a", 5)
    assert take(database, "a", 60)
    with database.read() as connection:
        left = connection.execute(sa.select(table.c.until)).scalar_one() - now(connection)
    assert left > timedelta(seconds=50)


def test_a_lease_that_ran_out_goes_to_whoever_asks(database: Database) -> None:
    assert take(database, "a")
    run_out(database)
    assert take(database, "b")
    assert not take(database, "a")


def test_only_the_holder_gives_it_back(database: Database) -> None:
    take(database, "a")
    for holder, free in (("b", False), ("a", True)):
        with database.write() as connection:
            leases.give(connection, "clock", holder)
        assert take(database, "c") is free


def test_leases_of_other_names_are_apart(database: Database) -> None:
    take(database, "a")
    with database.write() as connection:
        assert leases.take(connection, "other", "b", 60)
        leases.give(connection, "other", "a")
        assert not leases.take(connection, "other", "c", 60)
