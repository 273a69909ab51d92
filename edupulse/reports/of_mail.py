"""The mails that were accepted in a period, and what has become of them by now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import Float, func, select

from edupulse.counting import counts, within
from edupulse.database import db
from edupulse.mail.models import OPEN_STATES, Delivery

Line = tuple[str, str, int, float]  # kind, state, how many, seconds from being due until sent, all together

_answers: ContextVar[dict[tuple[datetime, datetime], list[Line]] | None] = ContextVar("answers", default=None)

NOT_MEANT_TO_LEAVE = ("suppressed", "cancelled")


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return the mails accepted in the period by what became of them: the counts sum to `accepted`.

    `reached` is the share of those that should have left, `delay` the average seconds from when a mail was due until
    it was sent; either is missing where there was none.
    """
    by_state = _by_state(begin, end)
    counted = {state: number for state, (number, _) in by_state.items()}
    accepted = sum(counted.values())
    wanted = accepted - sum(counted.get(state, 0) for state in NOT_MEANT_TO_LEAVE)
    sent, late = by_state.get("sent", (0, 0.0))
    return {
        "accepted": accepted,
        "sent": sent,
        "open": sum(counted.get(state, 0) for state in OPEN_STATES),
        **{state: counted.get(state, 0) for state in ("bounced", "rejected", "unknown", *NOT_MEANT_TO_LEAVE)},
        **({"reached": round(sent / wanted, 6)} if wanted else {}),
        **({"delay": round(late, 1)} if sent else {}),
    }


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many mails were accepted in each part."""
    return counts(Delivery.accepted_at, edges)


@contextmanager
def asked_once() -> Iterator[None]:
    """Let several sections of one report share what the ledger says of a period: it is the longest question of all."""
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def by_kind(begin: datetime, end: datetime) -> Counter[tuple[str, str]]:
    """Return how many mails accepted in the period are of each kind and state."""
    return Counter({(kind, state): number for kind, state, number, _ in _counted(begin, end)})


def _by_state(begin: datetime, end: datetime) -> dict[str, tuple[int, float]]:
    """Return how many there are of each state, and their average seconds from being due until sent."""
    numbers: Counter[str] = Counter()
    late: dict[str, float] = defaultdict(float)
    for _, state, number, seconds in _counted(begin, end):
        numbers[state] += number
        late[state] += seconds
    return {state: (number, late[state] / number) for state, number in numbers.items()}


def _counted(begin: datetime, end: datetime) -> list[Line]:
    answers = _answers.get()
    if answers is None:
        return _asked(begin, end)
    if (begin, end) not in answers:
        answers[begin, end] = _asked(begin, end)
    return answers[begin, end]


def _asked(begin: datetime, end: datetime) -> list[Line]:
    # All kinds, whoever asks: with a condition on the kind SQLite would read all mails of it ever.
    counted = (
        select(
            Delivery.kind,
            Delivery.state,
            func.count(),
            func.sum(_seconds(Delivery.due_at, Delivery.sent_at)),
        )
        .where(*within(Delivery.accepted_at, begin, end))
        .group_by(Delivery.kind, Delivery.state)
    )
    return [(row[0], row[1], row[2], float(row[3] or 0)) for row in db.session.execute(counted)]


def _seconds(begin: Any, end: Any) -> Any:
    if db.engine.dialect.name == "sqlite":
        days = func.julianday(end, type_=Float) - func.julianday(begin, type_=Float)
        return days * 86_400
    return func.extract("epoch", end - begin)
