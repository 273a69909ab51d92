"""The steps of the schema lead to exactly the tables that the code describes, on both databases, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from edupulse import create_app, schema
from edupulse.database import db
from tests.conftest import MakeSettings
from tests.servers import own_postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(request: pytest.FixtureRequest, make_settings: MakeSettings, tmp_path: Path) -> Iterator[Flask]:
    """An application whose database has no table yet."""
    url = f"sqlite:///{tmp_path / 'new.db'}" if request.param == "sqlite" else own_postgres_database("schema")
    app = create_app(make_settings(DATABASE_URL=url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_the_steps_lead_to_the_tables_of_the_code_and_back(empty_app: Flask) -> None:
    schema.upgrade()

    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, db.metadata)
    schema.connect_migrations(empty_app)
    flask_migrate.downgrade(revision="base")

    assert differences == []
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
