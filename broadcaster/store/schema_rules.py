"""Tables of rules that release by themselves: who armed them, what they were tested on, what they released."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column as C
from sqlalchemy import ForeignKey as FK
from sqlalchemy.types import JSON, BigInteger, Integer, String, Text

from broadcaster.store.engine import Time

Big = BigInteger().with_variant(Integer, "sqlite")


def define(metadata: sa.MetaData) -> None:
    """Add rule_runs, rule_armings and rule_releases to ``metadata``."""
    sa.Table(  # a rule tried on the entries of the last month; nothing is armed without one
        "rule_runs",
        metadata,
        C("id", Big, primary_key=True),
        C("rule", String, nullable=False),
        C("digest", String, nullable=False),  # domain.arming.digest
        C("by", String, nullable=False),
        C("at", Time, nullable=False),
        C("released", Integer, nullable=False),
        C("submitted", Integer, nullable=False),
        C("outcomes", JSON, nullable=False),  # [{entry, identifier, event, received, action, reasons}]
        sa.Index("ix_rule_runs_rule", "rule", "id"),
    )
    sa.Table(  # two approvers answer for a rule's exact text until it ends or changes
        "rule_armings",
        metadata,
        C("id", Big, primary_key=True),
        C("rule", String, nullable=False),
        C("digest", String, nullable=False),
        C("first", String, nullable=False),
        C("first_at", Time, nullable=False),
        C("second", String),
        C("armed_at", Time),
        C("until", Time),
        C("ended", Time),
        C("ended_by", String),
        C("ended_reason", Text, nullable=False),
        sa.Index("ix_rule_armings_rule", "rule", "id"),
    )
    sa.Table(  # what a rule put on air alone; counted for max_per_hour
        "rule_releases",
        metadata,
        C("alert", FK("alerts.id"), primary_key=True),
        C("rule", String, nullable=False),
        C("entry", FK("feed_entries.id"), nullable=False),
        C("arming", FK("rule_armings.id"), nullable=False),
        C("at", Time, nullable=False),
        sa.Index("ix_rule_releases_rule", "rule", "at"),
    )
