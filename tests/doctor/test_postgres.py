"""What the doctor finds in a PostgreSQL that is set up badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from edupulse.config import Secret, current_settings
from edupulse.control import pools
from edupulse.database import db
from edupulse.doctor import database, keys
from edupulse.doctor.finding import Finding
from tests.doctor.conftest import states


@pytest.fixture
def alter(app: Flask) -> Iterator[Callable[[str], None]]:
    """Return a function that changes a setting of the test's own database, for connections to come."""

    def alter(change: str) -> None:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'ALTER DATABASE "{db.engine.url.database}" {change}'))
        db.session.remove()
        db.engine.dispose()

    yield alter
    alter("RESET default_transaction_read_only")
    alter("CONNECTION LIMIT -1")


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_too_few_connections_are_found_and_raised(alter: Callable[[str], None]) -> None:
    alter("CONNECTION LIMIT 10")

    (found,) = database.connections()
    alter("CONNECTION LIMIT 90")
    (mended,) = database.connections()
    pools.add("night", ["reports"], 64, actor="ada@school.example")
    (wanted,) = database.connections()

    assert (found.state, "CONNECTION LIMIT" in found.cure) == ("warning", True)
    assert mended.state == "ok"
    assert wanted.state == "warning"


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_database_that_takes_no_changes_is_found(alter: Callable[[str], None]) -> None:
    alter("SET default_transaction_read_only = on")

    found = states(database.writable())
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))

    assert found == {"database_write": "problem"}


def test_keys_that_only_this_machine_has_are_found_and_shared(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    folder = current_settings().data_dir
    (folder / "secret_key").write_text("made-here-and-nowhere-else")
    change_settings(
        database_url="postgresql+psycopg://db.school.example/edupulse",
        secret_key=Secret("made-here-and-nowhere-else"),
        encryption_keys=(Secret("a setting"),),
    )

    found: list[Finding] = list(keys.shared())
    (folder / "secret_key").unlink()

    assert [(finding.id, finding.state) for finding in found] == [("shared_keys", "warning")]
    assert "SECRET_KEY were made" in found[0].finding
    assert states(keys.shared()) == {"shared_keys": "ok"}
