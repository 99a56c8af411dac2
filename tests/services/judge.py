"""Fixtures of tests in Judge County (tests.services.agency): import ``config`` and ``people`` to stand in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from broadcaster.domain.config import Config
from broadcaster.services.system import System
from broadcaster.store import alarms
from tests.services.agency import agency, settle_people


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County's channels."""
    return agency(tmp_path)


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    """Its zones and people."""
    settle_people(system)


def ringing(connection: Connection) -> list[str]:
    """Keys of open alarms, but for that no approver of Judge County has a telephone."""
    return [row.key for row in alarms.open_alarms(connection) if not row.key.startswith("nobody:")]
