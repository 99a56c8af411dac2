"""Tokens of machines: shown once, kept as a hash, limited by scope, ended at once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused, Unauthenticated
from broadcaster.services import tokens
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import audit_entries
from broadcaster.store.schema import tokens as table
from tests.conftest import Clock
from tests.people import hire

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL

SHELL = Actor("system", "cli:root@test")


def test_a_token_is_its_name_with_its_owner_and_without_any_role(system: System) -> None:
    hire(system, {"own": ["author"]})
    text = tokens.add(system, SHELL, "partner", "submit", "OWN@judge.example")
    actor, scope = tokens.authenticate(system, f"Bearer {text}", "api:127.0.0.1")
    assert actor == Actor("token:partner", "api:127.0.0.1", frozenset(), False, "own@judge.example")
    assert scope == "submit"


@ONCE
def test_only_a_hash_is_kept_and_nothing_of_it_in_the_audit(system: System) -> None:
    text = tokens.add(system, SHELL, "partner", "read")
    with system.database.read() as connection:
        assert text not in str(connection.execute(sa.select(table)).all())
        assert text not in str(connection.execute(sa.select(audit_entries)).all())


@ONCE
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic {}", "Bearer {}x", "{}"])
def test_a_header_that_is_not_the_token_is_refused(system: System, header: str | None) -> None:
    text = tokens.add(system, SHELL, "partner", "read")
    with pytest.raises(Unauthenticated):
        tokens.authenticate(system, header.format(text) if header else header, "api:x")


def test_a_revoked_token_ends_at_once_and_its_name_stays_taken(system: System) -> None:
    text = tokens.add(system, SHELL, "partner", "read")
    tokens.revoke(system, SHELL, "partner")
    with pytest.raises(Unauthenticated):
        tokens.authenticate(system, f"Bearer {text}", "api:x")
    with pytest.raises(Refused, match="revoked before"):
        tokens.revoke(system, SHELL, "partner")
    with pytest.raises(Refused, match="already"):
        tokens.add(system, SHELL, "partner", "read")
    with pytest.raises(NotFound):
        tokens.revoke(system, SHELL, "other")


def test_read_does_not_reach_submit_and_submit_reaches_read() -> None:
    with pytest.raises(Forbidden):
        tokens.need("submit", "read")
    tokens.need("submit", "submit")
    tokens.need("read", "submit")
    tokens.need("read", "read")


def test_use_is_noted_at_most_once_a_minute(system: System, clock: Clock) -> None:
    text = tokens.add(system, SHELL, "partner", "read")
    first = clock.at
    tokens.authenticate(system, f"Bearer {text}", "api:x")
    clock.forward(seconds=59)
    tokens.authenticate(system, f"Bearer {text}", "api:x")
    assert tokens.listing(system)[0]["last_used"] == first
    clock.forward(seconds=1)
    tokens.authenticate(system, f"Bearer {text}", "api:x")
    assert tokens.listing(system)[0]["last_used"] == clock.at


@ONCE
@pytest.mark.parametrize(("name", "scope", "code"), [("a b", "read", "token_name"), ("ok", "admin", "token_scope")])
def test_a_wrong_name_or_scope_is_refused(system: System, name: str, scope: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.add(system, SHELL, name, scope)
    assert refused.value.code == code


@ONCE
def test_an_unknown_owner_is_refused(system: System) -> None:
    with pytest.raises(NotFound):
        tokens.add(system, SHELL, "ok", "read", "nobody@judge.example")
