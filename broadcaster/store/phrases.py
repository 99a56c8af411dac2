"""Signatures under the words of templates: who of the agency read them, and which words they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store import upsert
from broadcaster.store.schema import metadata

phrase_signatures = metadata.tables["phrase_signatures"]
Signature = sa.Row[tuple[str, str, str, str, datetime]]


def put(connection: Connection, template: str, language: str, hash_: str, by: str, at: datetime) -> bool:
    """Sign; False where the same words had been signed before, whose signature stays."""
    made = upsert.insert(connection, phrase_signatures)
    made = made.values(template=template, language=language, hash=hash_, by=by, at=at)
    made = made.on_conflict_do_nothing().returning(phrase_signatures.c.id)
    return connection.execute(made).first() is not None


def signatures(connection: Connection, templates: Sequence[str]) -> list[Signature]:
    """(template, language, hash, by, at) of these templates, the oldest first."""
    table = phrase_signatures.c
    query = sa.select(table.template, table.language, table.hash, table.by, table.at)
    return list(connection.execute(query.where(table.template.in_(templates)).order_by(table.id)))
