"""Tables of what comes in: feeds and when they are due, their polls, documents and entries, warnings shown."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column as C
from sqlalchemy import ForeignKey as FK
from sqlalchemy.types import JSON, BigInteger, Integer, LargeBinary, String, Text

from broadcaster.store.engine import Time

Big = BigInteger().with_variant(Integer, "sqlite")


def define(metadata: sa.MetaData) -> None:
    """Add the inbound tables to ``metadata``."""
    _polls(metadata)
    _entries(metadata)
    _what_came_of_them(metadata)


def _polls(metadata: sa.MetaData) -> None:
    sa.Table(
        "feed_states",
        metadata,
        C("name", String, primary_key=True),
        C("due", Time, nullable=False),
        C("holder", String),
        C("lease", Time),
        C("etag", String, nullable=False),
        C("last_modified", String, nullable=False),
        C("failures", Integer, nullable=False),
        C("last_ok", Time),
        C("last_error", Text, nullable=False),
        C("changed", Time),  # when the document last was another one
        C("digest", String),  # of the last document that was taken whole, with how it was read
        C("memory", JSON),  # domain.feed_health.Memory: what is usual for this feed
    )
    polls = sa.Table(
        "polls",
        metadata,
        C("id", Big, primary_key=True),
        C("feed", String, nullable=False),
        C("at", Time, nullable=False),
        C("status", String, nullable=False),  # ok, unchanged, error
        C("http_status", Integer),
        C("entries", Integer, nullable=False),
        C("problems", JSON, nullable=False),
        C("error", Text, nullable=False),
        C("took", Integer),  # milliseconds until the document was here
    )
    sa.Index("ix_polls_feed_at", polls.c.feed, polls.c.at)
    sa.Table(  # how far a mailbox was read (RFC 9051, section 2.3.1.1)
        "mailboxes",
        metadata,
        C("feed", String, primary_key=True),
        C("validity", BigInteger, nullable=False),  # UIDVALIDITY; with another one the numbers mean other mails
        C("uid", BigInteger, nullable=False),  # every mail up to this one was taken
        C("again", JSON, nullable=False),  # {uid: tries left} of mails whose proof could not be looked up
        C("begun", Integer, nullable=False),  # how often the mail behind uid was begun
    )


def _entries(metadata: sa.MetaData) -> None:
    entries = sa.Table(
        "feed_entries",
        metadata,
        C("id", Big, primary_key=True),
        C("feed", String, nullable=False),
        C("sender", String, nullable=False),
        C("identifier", String, nullable=False),
        C("sent", Time),
        C("msg_type", String, nullable=False),
        C("event", Text, nullable=False),
        C("references", JSON, nullable=False),
        C("vtec", JSON, nullable=False),
        C("findings", JSON, nullable=False),  # [{"code", "text"}]
        C("content_hash", String, nullable=False, index=True),
        C("raw", LargeBinary, nullable=False),
        C("decision", String, nullable=False),  # new update cancel ignore problem
        C("code", String, nullable=False),  # why, in one word: duplicate older expired not_actual ...
        C("reason", Text, nullable=False),
        C("action", String, nullable=False),  # keep show draft submit, "" where ignored
        C("rule", String, nullable=False),  # the rule that chose the action, for max_per_hour
        C("alert", FK("alerts.id")),
        C("received", Time, nullable=False),
        C("zones", JSON),  # ids of ours that it touches; of an end: only where it ends zones, not the whole
        C("ends", Time),
        C("level", String),  # wording.Level
        C("awaits", Time),  # since when a person is to decide about it; none once somebody has, or a later one came
        C("decided_by", String),  # who put it aside, when and why
        C("decided_at", Time),
        C("decided_reason", Text),
    )
    _waits = entries.c.awaits.is_not(None)
    sa.Index("ix_feed_entries_awaits", entries.c.awaits, sqlite_where=_waits, postgresql_where=_waits)
    sa.Index("ix_feed_entries_feed", entries.c.feed, entries.c.id)
    sa.Index("ix_feed_entries_identity", entries.c.feed, entries.c.identifier)
    sa.Index("ix_feed_entries_sender", entries.c.sender, entries.c.received)


def _what_came_of_them(metadata: sa.MetaData) -> None:
    sa.Table(  # what an index linked to and how it stood when it was fetched, so that only news is fetched
        "feed_links",
        metadata,
        C("feed", String, primary_key=True),
        C("url", Text, primary_key=True),
        C("updated", String, nullable=False),
        C("etag", String, nullable=False),
        C("last_modified", String, nullable=False),
        C("at", Time, nullable=False),
    )
    sa.Table(  # a trusted warning on our page in its issuer's words, nothing sent
        "shown",
        metadata,
        C("id", String, primary_key=True),
        C("entry", FK("feed_entries.id"), nullable=False),
        C("feed", String, nullable=False),
        C("message", JSON, nullable=False),  # CapMessage
        C("zones", JSON, nullable=False),
        C("expires", Time),
        C("state", String, nullable=False),  # live superseded cancelled expired
        C("at", Time, nullable=False),
    )
    sa.Index("ix_shown_state", metadata.tables["shown"].c.state, metadata.tables["shown"].c.expires)
    sa.Table(  # which messages an entry names, so that those it replaces and that replace it are found at once
        "feed_references",
        metadata,
        C("entry", FK("feed_entries.id"), primary_key=True),
        C("identifier", String, primary_key=True, index=True),
    )
    sa.Table(  # the last documents of each feed as they came, packed by zlib
        "feed_documents",
        metadata,
        C("id", Big, primary_key=True),
        C("feed", String, nullable=False, index=True),
        C("at", Time, nullable=False),
        C("content_type", String, nullable=False),
        C("size", Integer, nullable=False),
        C("body", LargeBinary, nullable=False),
    )
