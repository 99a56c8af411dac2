"""Tables of who did what and who lives: the audit's chain, signs of life, leases of whole tasks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column as C
from sqlalchemy.types import JSON, BigInteger, Integer, String

from broadcaster.store.engine import Time

Big = BigInteger().with_variant(Integer, "sqlite")


def define(metadata: sa.MetaData) -> None:
    """Add audit_entries, audit_head, heartbeats and leases to ``metadata``."""
    sa.Table(
        "audit_entries",
        metadata,
        C("id", Big, primary_key=True, autoincrement=False),
        C("at", Time, nullable=False),
        C("actor", String, nullable=False),
        C("origin", String, nullable=False),
        C("verb", String, nullable=False),
        C("object", String, nullable=False, index=True),
        C("detail", JSON, nullable=False),
        C("previous", String, nullable=False),
        C("mac", String, nullable=False),
    )
    sa.Table(
        "audit_head",
        metadata,
        C("id", Integer, primary_key=True),
        C("entry", Big, nullable=False),
        C("mac", String, nullable=False),
    )
    sa.Table(
        "heartbeats",
        metadata,
        C("part", String, primary_key=True),
        C("holder", String, primary_key=True),
        C("seen", Time, nullable=False),
        C("state", String, nullable=False),  # ok starting down
    )
    sa.Table(
        "leases",
        metadata,
        C("name", String, primary_key=True),
        C("holder", String, nullable=False),
        C("until", Time, nullable=False),
    )
