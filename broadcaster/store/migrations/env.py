"""Called by Alembic. The connection, already in a transaction, comes from ``services.migrate``."""

from alembic import context

from broadcaster.store.migrations.types import render
from broadcaster.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
