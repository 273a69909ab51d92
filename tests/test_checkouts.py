"""After an interruption in the middle of a commit no lock stays held, and the next work has a sound session."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.state_changes import _StateChangeStates

from edupulse.control.models import Pause
from edupulse.database import db, start_anew
from edupulse.transaction import transaction


def note(name: str) -> Pause:
    return Pause(scope="queue", name=name, actor="ann", created_at=datetime(2026, 3, 12, tzinfo=UTC))


def cut_in_the_middle_of_a_change() -> None:
    """Leave the session as an interruption inside its commit does: open, and refusing everything."""
    session = db.session()
    session.info["in_transaction"] = True
    session.connection(execution_options={"writing": True})
    session.add(note("half"))
    session.flush()
    session._transaction._next_state = _StateChangeStates.CHANGE_IN_PROGRESS  # type: ignore[union-attr]


def test_such_a_session_can_neither_go_on_nor_be_closed(sqlite_app: Flask) -> None:
    cut_in_the_middle_of_a_change()

    with pytest.raises(SQLAlchemyError):
        db.session.rollback()
    start_anew()


def test_the_lock_is_free_and_the_next_transaction_commits(app: Flask) -> None:
    cut_in_the_middle_of_a_change()

    start_anew()
    with transaction() as session:
        session.add(note("whole"))

    db.session.rollback()
    assert list(db.session.scalars(select(Pause.name))) == ["whole"]


def test_where_nothing_was_left_it_changes_nothing(app: Flask) -> None:
    with transaction() as session:
        session.add(note("whole"))
    db.session.remove()

    start_anew()

    assert db.session.scalar(select(func.count()).select_from(Pause)) == 1


def test_connections_are_not_used_up_by_it(app: Flask) -> None:
    for _ in range(40):  # more than the pool has
        cut_in_the_middle_of_a_change()
        start_anew()

    assert db.session.scalar(select(func.count()).select_from(Pause)) == 0
