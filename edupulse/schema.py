"""The schema of the database: the step it stands at, the newest step, and the way from one to the other."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy.exc import OperationalError

from edupulse.database import MIGRATIONS, db
from edupulse.errors import Unavailable


def upgrade() -> None:
    """Bring the database to the newest schema, making it where there is none; raises Unavailable."""
    db.session.rollback()  # ends a read transaction of ours that would hold up the change
    try:
        command.upgrade(_config(), "head")
    except OperationalError as error:
        raise Unavailable(
            f"The database could not be brought up to date: {str(error.orig).splitlines()[0]}.",
            cure="`python cli.py doctor` says whether it is away or held locked by another program.",
        ) from error


def present_step() -> str | None:
    """Return the step the database stands at; None when it was never set up."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_step() -> str | None:
    """Return the newest step this version of EduPulse knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_known(step: str) -> bool:
    """Say whether this version knows `step`; it does not know those of later versions."""
    return step in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config: Config = current_app.extensions["migrate"].migrate.get_config(str(MIGRATIONS))
    return config
