"""Tables of people who log in, and of addresses that still have to be confirmed.

The columns of users, roles and webauthn are those that Flask-Security-Too's datastore expects of its models
(its models/sqla.py), with our aware times. They stand here, not beside the models, so that one metadata holds
all tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column as C
from sqlalchemy import ForeignKey as FK
from sqlalchemy.types import JSON, BigInteger, Boolean, Integer, LargeBinary, String, Text

from broadcaster.store.engine import Time

Big = BigInteger().with_variant(Integer, "sqlite")


def define(metadata: sa.MetaData) -> None:
    """Add users, roles, user_roles, webauthn, sessions, login_failures, confirmations and what people's powers need."""
    _people(metadata)
    _webauthn(metadata)
    _sessions(metadata)
    _guards(metadata)
    _powers(metadata)


def _people(metadata: sa.MetaData) -> None:
    sa.Table(
        "users",
        metadata,
        C("id", Integer, primary_key=True),
        C("email", String, nullable=False, unique=True),  # lower case
        C("phone", String),
        C("password", String, nullable=False),  # Argon2id, single hash
        C("active", Boolean, nullable=False),
        C("fs_uniquifier", String, nullable=False, unique=True),  # changes end all sessions
        C("tf_primary_method", String),
        C("tf_totp_secret", Text),  # encrypted with a key derived from SECRET_KEY
        C("tf_phone_number", String),
        C("tf_last_counter", BigInteger),  # the last code used: never accepted again
        C("mf_recovery_codes", JSON),
        C("fs_webauthn_user_handle", String, unique=True),
        C("created", Time, nullable=False),
        C("language", String, nullable=False, server_default="en"),  # of the console
        C("on_duty", Boolean, nullable=False, server_default=sa.true()),  # told of reviews and alarms
        C("notify_order", Integer, nullable=False, server_default="0"),  # who is told first; equal: together
        C("last_login", Time),
        C("password_until", Time),  # given by somebody else: opens nothing but the change of it, and only until then
    )
    sa.Table("roles", metadata, C("id", Integer, primary_key=True), C("name", String, nullable=False, unique=True))
    sa.Table(
        "user_roles",
        metadata,
        C("user_id", FK("users.id", ondelete="CASCADE"), primary_key=True),
        C("role_id", FK("roles.id", ondelete="CASCADE"), primary_key=True, index=True),
    )


def _webauthn(metadata: sa.MetaData) -> None:
    sa.Table(
        "webauthn",
        metadata,
        C("id", Integer, primary_key=True),
        C("user_id", FK("users.id", ondelete="CASCADE"), nullable=False, index=True),
        C("credential_id", LargeBinary, nullable=False, unique=True),
        C("public_key", LargeBinary, nullable=False),
        C("sign_count", Integer, nullable=False),
        C("transports", JSON),
        C("backup_state", Boolean, nullable=False),
        C("device_type", String, nullable=False),
        C("extensions", Text),
        C("create_datetime", Time, nullable=False),
        C("lastuse_datetime", Time, nullable=False),
        C("name", String, nullable=False),
        C("usage", String, nullable=False),
    )


def _sessions(metadata: sa.MetaData) -> None:
    sa.Table(  # one row a login of the console; without its row a cookie is worth nothing
        "sessions",
        metadata,
        C("hash", String, primary_key=True),  # hex SHA-256 of the id in the cookie
        C("user_id", FK("users.id", ondelete="CASCADE"), nullable=False, index=True),
        C("created", Time, nullable=False),
        C("seen", Time, nullable=False),
        C("origin", String, nullable=False),
        C("agent", String, nullable=False),
        C("via", String, nullable=False),  # password, code, recovery, passkey, invitation
    )
    sa.Table(  # what a passkey has to sign, once
        "challenges",
        metadata,
        C("hash", String, primary_key=True),  # hex SHA-256 of the challenge
        C("purpose", String, nullable=False),  # login, prove, register
        C("user_id", FK("users.id", ondelete="CASCADE"), index=True),
        C("expires", Time, nullable=False, index=True),
    )


def _powers(metadata: sa.MetaData) -> None:
    sa.Table(
        "invitations",
        metadata,
        C("hash", String, primary_key=True),  # hex SHA-256 of the link's token
        C("email", String, nullable=False, index=True),
        C("roles", JSON, nullable=False),
        C("phone", String),
        C("by", String, nullable=False),
        C("created", Time, nullable=False),
        C("expires", Time, nullable=False),
        C("used", Time),
    )
    sa.Table(  # what one admin wants and another decides: acts that widen somebody's power
        "proposals",
        metadata,
        C("id", Big, primary_key=True),
        C("kind", String, nullable=False),  # services.powers.KINDS
        C("detail", JSON, nullable=False),
        C("by", String, nullable=False),
        C("at", Time, nullable=False),
        C("decided_by", String),
        C("decided_at", Time),
        C("outcome", String, nullable=False),  # open, confirmed, refused, alone
        C("seen_by", String),  # who else has looked at what was done alone
    )


def _guards(metadata: sa.MetaData) -> None:
    sa.Table(  # by e-mail, known or not: a guesser learns nothing from a lockout
        "login_failures",
        metadata,
        C("email", String, primary_key=True),
        C("failures", Integer, nullable=False),
        C("last", Time, nullable=False),
        C("locked_until", Time),
    )
    sa.Table(  # double opt-in: what somebody asked for, until the address itself says yes
        "confirmations",
        metadata,
        C("hash", String, primary_key=True),  # hex SHA-256 of the link's token
        C("kind", String, nullable=False),  # phone or email
        C("address", String, nullable=False, index=True),
        C("details", JSON, nullable=False),  # language, zones, channels
        C("created", Time, nullable=False),
        C("used", Time),
    )
