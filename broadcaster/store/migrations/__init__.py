"""Alembic's folder: ``env.py`` runs in the transaction that ``services.migrate`` opens."""
