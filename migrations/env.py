"""Alembic's entrance: the application's own engine and tables, on SQLite and PostgreSQL alike."""

from alembic import context
from flask import current_app
from sqlalchemy import MetaData
from sqlalchemy.engine import Engine

engine: Engine = current_app.extensions["migrate"].db.engine
metadata: MetaData = current_app.extensions["migrate"].db.metadata


def upgrade_online() -> None:
    """Run the steps in one transaction, so that a failing one leaves the old schema."""
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    context.configure(url=engine.url, target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    upgrade_online()
