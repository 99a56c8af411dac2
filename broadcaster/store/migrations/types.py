"""How our column types are written into migrations: by what they are in SQL, so that later code changes no history."""

from __future__ import annotations

from typing import Any, Literal

from broadcaster.store.engine import Time
from broadcaster.store.schema import Big


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Alembic's ``render_item``."""
    if kind == "type" and isinstance(item, Time):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is Big:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False
