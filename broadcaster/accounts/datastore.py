"""Flask-Security-Too's datastore on our database: short reads, and writes through the one gate.

A session that stays open over a request would hold SQLite's snapshot (or its write lock) while the request
itself writes. So each look-up ends its transaction at once, and ``commit`` writes in one of ``Database.write()``.
"""

from __future__ import annotations

from typing import Any

from flask_security import SQLAlchemySessionUserDatastore, UserMixin
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from broadcaster.accounts.models import Role, User, WebAuthn
from broadcaster.store.engine import Database


class _Session(Session):
    """Reads on the engine's reading side; writes on the connection that ``commit`` lends."""

    def get_bind(self, *_: Any, **__: Any) -> Engine | Connection:
        bind: Engine | Connection = self.info.get("writer") or self.info["reader"]
        return bind


class Datastore(SQLAlchemySessionUserDatastore):
    """People for the console."""

    def __init__(self, database: Database) -> None:
        reader = database.engine.execution_options(broadcaster_read=True)
        self._database = database
        self.sessions = scoped_session(
            sessionmaker(class_=_Session, expire_on_commit=False, autoflush=False, info={"reader": reader})
        )
        super().__init__(self.sessions, User, Role, WebAuthn)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> UserMixin | None:
        """As the package does, but the transaction ends with the look-up."""
        found = super().find_user(case_insensitive, **kwargs)
        self._end_read()
        return found

    def commit(self) -> None:
        """Write what changed, if anything did."""
        session = self.sessions()
        if not _pending(session):
            self._end_read()
            return
        with self._database.write() as connection:
            session.info["writer"] = connection
            try:
                session.flush()
                session.commit()
            finally:
                del session.info["writer"]

    def _end_read(self) -> None:
        session = self.sessions()
        if not _pending(session):
            session.commit()


def _pending(session: Session) -> bool:
    return bool(session.new or session.dirty or session.deleted)
