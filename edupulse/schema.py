"""The schema of the database: the step it stands at, the newest step, and the way from one to the other.

Alembic is imported where it is used: every process would carry 12 MB of it, and hardly one needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, current_app
from sqlalchemy.exc import OperationalError

from edupulse.database import MIGRATIONS, db
from edupulse.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


def upgrade() -> None:
    """Bring the database to the newest schema, making it where there is none; raises Unavailable."""
    db.session.rollback()  # ends a read transaction of ours that would hold up the change
    from alembic import command

    try:
        command.upgrade(_config(), "head")
    except OperationalError as error:
        raise Unavailable(
            f"The database could not be brought up to date: {str(error.orig).splitlines()[0]}.",
            cure="`python cli.py doctor` says whether it is away or held locked by another program.",
        ) from error


def present_step() -> str | None:
    """Return the step the database stands at; None when it was never set up."""
    from alembic.runtime.migration import MigrationContext

    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_step() -> str | None:
    """Return the newest step this version of EduPulse knows."""
    return _steps().get_current_head()


def is_known(step: str) -> bool:
    """Say whether this version knows `step`; it does not know those of later versions."""
    return step in {script.revision for script in _steps().walk_revisions()}


def connect_migrations(app: Flask) -> None:
    """Let Flask-Migrate's own functions work on `app`."""
    from flask_migrate import Migrate

    migrate = Migrate(
        db=db,
        directory=str(MIGRATIONS),
        render_as_batch=True,  # SQLite cannot alter a column in place
        compare_type=True,
        user_module_prefix="database.",
    )
    migrate.init_app(app)


def _steps() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if "migrate" not in app.extensions:
        connect_migrations(app)
    config: Config = app.extensions["migrate"].migrate.get_config(str(MIGRATIONS))
    return config
