"""All tables (SQLAlchemy Core), one metadata. Changes go through Alembic; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column as C
from sqlalchemy import ForeignKey as FK
from sqlalchemy.types import JSON, BigInteger, Boolean, Integer, String, Text

from broadcaster.store.engine import Time
from broadcaster.store.schema_accounts import define as define_accounts
from broadcaster.store.schema_feeds import define as define_feeds
from broadcaster.store.schema_people import define as define_people
from broadcaster.store.schema_records import define as define_records
from broadcaster.store.schema_rules import define as define_rules

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
Big = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only with INTEGER


def _wall() -> datetime:
    return datetime.now(UTC)


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *parts)


# --- what happens and what we say of it -------------------------------------------------------------------
incidents = _table(
    "incidents",
    C("id", String, primary_key=True),
    C("title", Text, nullable=False),
    C("created", Time, nullable=False),
    C("hashtag", String),  # without its sign
)

alerts = _table(
    "alerts",
    C("id", String, primary_key=True),
    C("slug", String, nullable=False, unique=True),
    C("incident", FK("incidents.id"), nullable=False, index=True),
    C("state", String, nullable=False, index=True),
    C("revision", Integer, nullable=False),
    C("mode", String, nullable=False),
    C("msg_type", String, nullable=False),
    C("content", JSON, nullable=False),  # AlertContent
    C("zones", JSON, nullable=False),  # zone ids
    C("channels", JSON, nullable=False),
    C("created", Time, nullable=False),
    C("expires", Time),
    C("until_lifted", Boolean, nullable=False),
    C("review_at", Time),
    C("ending", String),
    C("identifier", String, unique=True),
    C("sent", Time),
    C("source_feed", String),
    C("source_token", String),
    C("source_sender", String),
    C("source_identifier", String, index=True),
    C("source_sent", Time),
    C("source_hash", String),
    C("unresolved", JSON, nullable=False),
    C("created_by", String),
    C("submitted_by", String),
    C("submitted_at", Time),
    C("digest", String),
    C("signature_owed", Boolean, nullable=False),
    C("ended_at", Time),
    C("bundle", String, index=True),
)
alert_replaces = _table(
    "alert_replaces",
    C("alert", FK("alerts.id"), primary_key=True),
    C("replaced", FK("alerts.id"), primary_key=True, index=True),
)
messages = _table(  # rendered at each edit; frozen by the digest
    "messages",
    C("alert", FK("alerts.id"), primary_key=True),
    C("channel", String, primary_key=True),
    C("language", String, primary_key=True),
    C("number", Integer, primary_key=True),  # its place in a thread; 0 is the post itself
    C("subject", Text, nullable=False),
    C("text", Text, nullable=False),
    C("segments", Integer, nullable=False),
    C("characters", Integer, nullable=False),
)
findings = _table(
    "findings",
    C("id", Big, primary_key=True),
    C("alert", FK("alerts.id"), nullable=False, index=True),
    C("code", String, nullable=False),
    C("text", Text, nullable=False),
    C("blocking", Boolean, nullable=False),
)
reviews = _table(
    "reviews",
    C("id", Big, primary_key=True),
    C("alert", FK("alerts.id"), nullable=False, index=True),
    C("verb", String, nullable=False),
    C("by", String, nullable=False),
    C("at", Time, nullable=False),
    C("reason", Text, nullable=False),
    C("digest", String),
)

# --- what goes out ------------------------------------------------------------------------------------------
broadcasts = _table(
    "broadcasts",
    C("id", String, primary_key=True),
    C("alert", FK("alerts.id"), nullable=False, unique=True),
    C("mode", String, nullable=False),
    C("digest", String, nullable=False),
    C("created", Time, nullable=False),
    C("expires", Time),
    C("priority", Integer, nullable=False),  # smaller goes first
    C("audience", JSON, nullable=False),  # {"zones": [...]} or {"reached": [broadcast ids]}
    C("channels", JSON, nullable=False),
    C("languages", JSON, nullable=False),  # the agency's order: the first is what others fall back to
    C("highest_subscriber", Big, nullable=False),
    C("people", JSON, nullable=False),  # channel -> count seen at approval
    C("cursor", Big, nullable=False),  # last subscriber id expanded, per ``cursor_channel``
    C("cursor_channel", Integer, nullable=False),  # index into channels
    C("expanded", Time),
    C("stopped", Time),
    C("ended", Time),  # cancelled, superseded, lifted or expired: no further request starts
    C("ended_reason", String),
)
broadcast_messages = _table(
    "broadcast_messages",
    C("id", Big, primary_key=True),
    C("broadcast", FK("broadcasts.id"), nullable=False),
    C("channel", String, nullable=False),
    C("language", String, nullable=False),
    C("number", Integer, nullable=False),
    C("subject", Text, nullable=False),
    C("text", Text, nullable=False),
    C("segments", Integer, nullable=False),
    sa.UniqueConstraint("broadcast", "channel", "language", "number"),
)
deliveries = _table(
    "deliveries",
    C("id", Big, primary_key=True),
    C("broadcast", FK("broadcasts.id"), nullable=False),
    C("channel", String, nullable=False),
    C("recipient", String, nullable=False),  # normalised address, or language of an account (domain.posting)
    C("subscriber", Big),
    C("message", FK("broadcast_messages.id"), nullable=False),
    C("after", Big),  # the delivery whose post this one continues: it goes first
    C("edits", Big),  # the delivery whose post this one changes
    C("state", String, nullable=False),
    C("priority", Integer, nullable=False),
    C("due", Time, nullable=False),
    C("holder", String),
    C("lease", Time),
    C("tries", Integer, nullable=False),  # attempts ever started
    C("code", String, nullable=False),
    C("reason", String, nullable=False),
    C("changed", Time, nullable=False),
    sa.UniqueConstraint("broadcast", "channel", "recipient"),
)


def _partial(name: str, state: sa.Column[str], value: str, *columns: sa.Column[Any]) -> None:
    """An index of the rows in one state; queries name that state as a literal, or no planner uses it."""
    only = state == sa.literal_column(f"'{value}'")
    sa.Index(name, *columns, sqlite_where=only, postgresql_where=only)


_d = deliveries.c
_partial("ix_deliveries_claim", _d.state, "queued", _d.channel, _d.priority, _d.due, _d.id)
_partial("ix_deliveries_leased", _d.state, "leased", _d.lease)
_partial("ix_deliveries_waiting", _d.state, "waiting", _d.due)
sa.Index("ix_deliveries_recipient", deliveries.c.recipient)
sa.Index("ix_deliveries_broadcast_state", deliveries.c.broadcast, deliveries.c.state, deliveries.c.channel)

attempts = _table(
    "attempts",
    C("id", String, primary_key=True),
    C("delivery", FK("deliveries.id"), nullable=False),
    C("number", Integer, nullable=False),
    C("started", Time, nullable=False),
    C("state", String, nullable=False),  # sending unknown accepted delivered failed
    C("provider_id", String),
    C("url", Text, nullable=False),
    C("code", String, nullable=False),
    C("changed", Time, nullable=False),
    C("not_found", Time),  # first time the provider said it has no such message
    C("asked", Time),
    sa.UniqueConstraint("delivery", "number"),
)
_a = attempts.c
_partial("ix_attempts_sending", _a.state, "sending", _a.started)
_partial("ix_attempts_unknown", _a.state, "unknown", _a.started)
_partial("ix_attempts_accepted", _a.state, "accepted", _a.changed)
receipts = _table(  # only those that wait: Redis was away, or nothing matched yet
    "receipts",
    C("id", Big, primary_key=True),
    C("channel", String, nullable=False),
    C("attempt", String, nullable=False),
    C("provider_id", String, nullable=False),
    C("status", String, nullable=False),
    C("code", String, nullable=False),
    C("received", Time, nullable=False),
)
pins = _table(  # posts that are kept at the top of an account; gone once they no longer are
    "pins",
    C("delivery", FK("deliveries.id"), primary_key=True),
    C("refused", Boolean, nullable=False),  # the account does not let us: not tried again
    C("at", Time, nullable=False),
)
channel_states = _table(
    "channel_states",
    C("name", String, primary_key=True),
    C("paused", Time),
    C("reason", Text, nullable=False),
    C("length", Integer),  # what its provider says it carries
    C("url_length", Integer),
    C("learned_from", String),  # whose word that is
    C("learned", Time),
    C("checked", Time),  # when its provider was last asked whether the channel can be used
)
alarms = _table(  # what somebody must act on; one open row per key
    "alarms",
    C("key", String, primary_key=True),
    C("kind", String, nullable=False),
    C("text", Text, nullable=False),
    C("at", Time, nullable=False),
    C("cleared", Time),
)

# --- people -------------------------------------------------------------------------------------------------
subscribers = _table(
    "subscribers",
    C("id", Big, primary_key=True),
    C("phone", String, unique=True),
    C("email", String, unique=True),
    C("phone_out", Time),  # left by that address (opt_outs keeps the proof); the sender checks it last
    C("email_out", Time),
    C("push", Text, unique=True),  # a browser's subscription (domain.push); such a row has no other address
    C("push_out", Time),  # never set: who leaves by a browser is forgotten
    C("language", String, nullable=False),
    C("groups", JSON, nullable=False),
    C("consent_at", Time),
    C("consent_source", String, nullable=False),
    C("created", Time, nullable=False),
)
subscriber_zones = _table(
    "subscriber_zones",
    C("zone", FK("zones.id"), primary_key=True),
    C("subscriber", FK("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True),
)
subscriber_channels = _table(
    "subscriber_channels",
    C("channel", String, primary_key=True),
    C("subscriber", FK("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True),
)
opt_outs = _table(  # binds every channel of that address; survives deletion of the subscriber as a keyed hash
    "opt_outs",
    C("address_hash", String, primary_key=True),  # hex HMAC-SHA256 of the normalised address
    C("at", Time, nullable=False),
    C("source", String, nullable=False),
)
inbound_texts = _table(
    "inbound_texts",
    C("id", Big, primary_key=True),
    C("channel", String, nullable=False),
    C("provider_id", String, nullable=False),
    C("sender", String, nullable=False),
    C("body", Text, nullable=False),
    C("kind", String, nullable=False),  # stop start help other
    C("received", Time, nullable=False),
    sa.UniqueConstraint("channel", "provider_id"),
)
zones = _table(
    "zones",
    C("id", String, primary_key=True),
    C("slug", String, nullable=False, unique=True),
    C("name", Text, nullable=False),
    C("ugc", JSON, nullable=False),
    C("same", JSON, nullable=False),
    C("geometry", JSON, nullable=False),  # GeoJSON, longitude first
    C("codes", JSON),  # [[name, value]] of other kinds: EMMA_ID, NUTS, CLC ...
    C("changed", Time, default=_wall, onupdate=_wall),  # by which a process knows that its index of zones is old
)

# --- what the public sees -----------------------------------------------------------------------------------
versions = _table(
    "versions",
    C("number", Big, primary_key=True),
    C("last", Big, nullable=False),  # boundaries rendered ahead reserve numbers up to this one
    C("published", Time, nullable=False),
    C("bundle", JSON, nullable=False),
)
publication = _table(  # one row: the publisher's heartbeat
    "publication",
    C("id", Integer, primary_key=True),
    C("checked", Time, nullable=False),
)

# --- who may, who did, who lives ----------------------------------------------------------------------------
tokens = _table(
    "tokens",
    C("name", String, primary_key=True),
    C("hash", String, nullable=False, unique=True),
    C("scope", String, nullable=False),
    C("owner", String),
    C("created", Time, nullable=False),
    C("revoked", Time),
    C("last_used", Time),
)
idempotency_keys = _table(
    "idempotency_keys",
    C("token", String, primary_key=True),
    C("key", String, primary_key=True),
    C("request_hash", String, nullable=False),
    C("alert", FK("alerts.id"), nullable=False),
    C("created", Time, nullable=False),
)
define_accounts(metadata)
define_feeds(metadata)
define_people(metadata)
define_records(metadata)
define_rules(metadata)
_made = metadata.tables
users, roles, user_roles = _made["users"], _made["roles"], _made["user_roles"]
webauthn, login_failures, confirmations = _made["webauthn"], _made["login_failures"], _made["confirmations"]
sessions, challenges = _made["sessions"], _made["challenges"]
invitations, proposals = _made["invitations"], _made["proposals"]
bundles, notices, notes, switches = _made["bundles"], _made["notices"], _made["notes"], _made["switches"]
audit_entries, audit_head, heartbeats, leases = (
    _made[name] for name in ("audit_entries", "audit_head", "heartbeats", "leases")
)
feed_states = metadata.tables["feed_states"]
polls = metadata.tables["polls"]
feed_entries = metadata.tables["feed_entries"]
feed_links = metadata.tables["feed_links"]
shown = metadata.tables["shown"]
feed_references = metadata.tables["feed_references"]
feed_documents = metadata.tables["feed_documents"]
mailboxes = metadata.tables["mailboxes"]
