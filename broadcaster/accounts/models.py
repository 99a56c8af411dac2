"""People as Flask-Security-Too's datastore wants them, mapped onto the store's own tables.

The package's ready-made mixins are not used: their times are naive, and their tables would stand outside the
one metadata that migrations are compared with.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from flask_security import RoleMixin, UserMixin, WebAuthnMixin
from sqlalchemy.orm import registry, relationship

from broadcaster.store.schema import roles, user_roles, users, webauthn

ROLES = ("author", "approver", "admin")
_registry = registry(metadata=users.metadata)


class Role(RoleMixin):
    """author, approver or admin."""


class User(UserMixin):
    """A person with a login. ``email`` is lower case."""

    tf_last_counter: int | None
    language: str
    password_until: datetime | None

    def __init__(self, **columns: Any) -> None:
        columns.setdefault("created", datetime.now(UTC))
        columns.setdefault("fs_uniquifier", secrets.token_hex(32))
        for name, content in columns.items():
            setattr(self, name, content)


class WebAuthn(WebAuthnMixin):
    """A registered passkey."""

    user_id: int

    def __init__(self, **columns: Any) -> None:
        columns.setdefault("create_datetime", datetime.now(UTC))
        for name, content in columns.items():
            setattr(self, name, content)


_registry.map_imperatively(Role, roles)
_registry.map_imperatively(
    User,
    users,
    properties={
        "roles": relationship(Role, secondary=user_roles, lazy="selectin"),
        "webauthn": relationship(WebAuthn, lazy="selectin", cascade="all, delete-orphan"),
    },
)
_registry.map_imperatively(WebAuthn, webauthn)
