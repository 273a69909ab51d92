"""A database with a million deliveries: one campaign to nearly everybody, half of it sent, and sixty smaller ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Integer, String, case, cast, insert, literal, select

from edupulse.campaigns.models import Campaign
from edupulse.database import UtcDateTime, db
from edupulse.mail.mailing import Letter, Mailing
from edupulse.mail.models import Attempt, Delivery, Sender

SMALL = 60
IN_A_SMALL_ONE = 1_000
ROWS = 1_000_000
IN_THE_LARGE_ONE = ROWS - SMALL * IN_A_SMALL_ONE


def fill(rows: int = IN_THE_LARGE_ONE, *, small: int = SMALL) -> int:
    """Write the campaigns and their deliveries; return the id of the large one, which is running."""
    begun = datetime.now(UTC) - timedelta(hours=2)
    db.session.add(Sender(id=1, name="default", failures=0))
    db.session.commit()
    for number in range(small):
        _fill_one(number + 1, IN_A_SMALL_ONE, begun - timedelta(days=small - number), is_over=True)
    _fill_one(small + 1, rows, begun, is_over=False)
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    return small + 1


def _fill_one(id: int, rows: int, at: datetime, *, is_over: bool) -> None:
    _add_campaign(id, at, is_over=is_over)
    n = _numbers(rows).c.n
    state = literal("sent") if is_over else _states(n)
    values = _delivery_values(id, n, state, at)
    db.session.execute(insert(Delivery).from_select(list(values), select(*values.values())))
    _add_attempts(id)
    db.session.commit()


def _numbers(count: int) -> CTE:
    numbers = select(literal(0).label("n")).cte("numbers", recursive=True)
    return numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count - 1))


def _states(n: ColumnElement[int]) -> ColumnElement[str]:
    """Return the state of mail `n`: half are sent, a few in a thousand went wrong, the rest waits."""
    return case(
        (n % 1000 == 1, "rejected"),
        (n % 1000 == 2, "deferred"),
        (n % 5000 == 3, "unknown"),
        (n % 2 == 0, "sent"),
        else_="queued",
    )


def _delivery_values(id: int, n: ColumnElement[int], state: Any, at: datetime) -> dict[str, Any]:
    moment = literal(at, UtcDateTime)
    address = "p" + cast(n, String) + "@school.example"
    return {
        "key": f"campaign:{id}::" + address, "kind": literal("newsletter"), "subject_id": literal(str(id)),
        "occurrence": literal(""), "sender_id": literal(1), "mailing_id": literal(id), "letter_id": literal(id),
        "address": address, "comparable": address, "recipient_name": "Person " + cast(n, String),
        "locale": literal("en"),
        "subject": literal("News for {{ first_name }}"),
        "message_id": f"<c{id}." + cast(n, String) + "@school.example>",
        "state": state, "accepted_at": moment, "due_at": moment, "next_attempt_at": moment,
        "attempts_made": literal(0), "tries": literal(0),
    }  # fmt: skip


def _add_attempts(id: int) -> None:
    sent = select(
        Delivery.id, literal(datetime.now(UTC), UtcDateTime), literal(3), literal("127.0.0.1:25"), literal("dot"),
        literal("sent"), literal("accepted"), cast(250, Integer), literal(""), literal("2.0.0 Ok"), literal("w1"),
    ).where(Delivery.mailing_id == id, Delivery.state == "sent")  # fmt: skip
    columns = [
        "delivery_id", "at", "ms", "server", "phase", "verdict", "cause", "code", "enhanced", "text", "worker",
    ]  # fmt: skip
    db.session.execute(insert(Attempt).from_select(columns, sent))


def _add_campaign(id: int, at: datetime, *, is_over: bool) -> None:
    over_at = at if is_over else None
    mailing = Mailing(
        id=id, sender_id=1, title=f"News {id}", created_at=at, opened_at=at, over_at=over_at, progressed_at=at,
        letters=[Letter(id=id, locale="en", subject="News for {{ first_name }}", text="Hello")],
    )  # fmt: skip
    db.session.add(mailing)
    db.session.flush()
    campaign = Campaign(
        id=id, name=f"News {id}", mailing_id=id, stored_state="finished" if is_over else "running",
        launched_at=at, frozen_at=at, finished_at=over_at, created_by="bench", created_at=at, updated_at=at,
    )  # fmt: skip
    db.session.add(campaign)
    db.session.commit()
