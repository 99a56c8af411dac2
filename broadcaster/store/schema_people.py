"""Tables of the people's side: bundles, who is told of what, notes, switches, drills done."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column as C
from sqlalchemy import ForeignKey as FK
from sqlalchemy.types import BigInteger, Boolean, Integer, String, Text

from broadcaster.store.engine import Time

Big = BigInteger().with_variant(Integer, "sqlite")


def define(metadata: sa.MetaData) -> None:
    """Add bundles, notices, notes, switches and signatures of words to ``metadata``."""
    _bundles(metadata)
    _notices(metadata)
    _notes(metadata)
    _switches(metadata)
    _phrases(metadata)


def _bundles(metadata: sa.MetaData) -> None:
    sa.Table(  # alerts of one incident that are reviewed under one digest and one signature
        "bundles",
        metadata,
        C("id", String, primary_key=True),
        C("incident", String, nullable=False, index=True),
        C("template", String, nullable=False),  # templates/bundles/<template>.toml
        C("created", Time, nullable=False),
        C("created_by", String, nullable=False),
    )


def _notices(metadata: sa.MetaData) -> None:
    sa.Table(  # one person told of one thing at one step: the row is written before anything is sent
        "notices",
        metadata,
        C("id", Big, primary_key=True),
        C("about", String, nullable=False),  # review:<alert>:<revision>, override:<alert>, alarm:<key>:<at>
        C("step", Integer, nullable=False),
        C("person", String, nullable=False),  # e-mail of a person with a login
        C("channel", String, nullable=False),
        C("address", String, nullable=False),
        C("text", Text, nullable=False),
        C("state", String, nullable=False),  # queued sending unknown accepted delivered failed dropped
        C("tries", Integer, nullable=False),
        C("due", Time, nullable=False),
        C("started", Time),
        C("code", String, nullable=False),
        C("created", Time, nullable=False),
        C("changed", Time, nullable=False),
        sa.UniqueConstraint("about", "step", "person", "channel"),
        sa.Index("ix_notices_state_due", "state", "due"),
    )


def _notes(metadata: sa.MetaData) -> None:
    sa.Table(  # an incident's log in its people's own words
        "notes",
        metadata,
        C("id", Big, primary_key=True),
        C("incident", FK("incidents.id"), nullable=False, index=True),
        C("by", String, nullable=False),
        C("at", Time, nullable=False),
        C("text", Text, nullable=False),
    )


def _switches(metadata: sa.MetaData) -> None:
    sa.Table(  # kill switches: a row that is on holds back all sending, or all automatic rules
        "switches",
        metadata,
        C("name", String, primary_key=True),  # sending, rules, channel:<name>
        C("on", Boolean, nullable=False),
        C("by", String, nullable=False),
        C("at", Time, nullable=False),
        C("reason", Text, nullable=False),
    )


def _phrases(metadata: sa.MetaData) -> None:
    sa.Table(  # somebody of the agency answers for a template's words in a language, as they stood then
        "phrase_signatures",
        metadata,
        C("id", Big, primary_key=True),
        C("template", String, nullable=False),
        C("language", String, nullable=False),
        C("hash", String, nullable=False),  # rendering.templates.words_digest
        C("by", String, nullable=False),
        C("at", Time, nullable=False),
        sa.UniqueConstraint("template", "language", "hash"),
    )
