"""What tests of the fault list share: a break at a chosen dot, and whether in the end every mail is accounted for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from edupulse import clock
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mail import mailings
from edupulse.mail.journal import Journal
from edupulse.mail.pump import pump
from edupulse.mail.sweep import sweep
from edupulse.transaction import transaction
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.bulk import ids_of
from tests.mail.line import row

AT_ONCE = {"bulk_email_batch_delay": 0.0}
ChangeSettings = Callable[..., None]


def at_dot(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], object]) -> None:
    """Let `act` happen once, right before the dot of the `number`-th mail is noted."""
    dot, lock, count = Journal.dot, threading.Lock(), [0]

    def counting(lines: Journal, delivery_id: int) -> None:
        with lock:
            count[0] += 1
            is_it = count[0] == number
        if is_it:
            act()
        dot(lines, delivery_id)

    monkeypatch.setattr(Journal, "dot", counting)


def account_for_all(mailing_id: int, planned: int, *doubles: SmtpDouble) -> dict[str, int]:
    """Assert that the states add up and fit what the servers took, nobody twice; return how many are in which."""
    db.session.commit()
    counts = mailings.counts(mailing_id)
    assert sum(counts.values()) == planned
    for id in ids_of(mailing_id):
        mail = row(id)
        copies = sum(double.copies(mail.message_id, mail.address) for double in doubles)
        allowed = {"sent": (1,), "unknown": (0, 1)}.get(mail.state, (0,))
        assert copies in allowed, f"{mail.address} is {mail.state} and the server took {copies}"
    return {state: count for state, count in counts.items() if count}


def go_on_at(moment: datetime, mailing_id: int, turns: int = 1) -> None:
    """Do what the line does by itself at `moment`: the sweep, then the pumps."""
    _end_runs()
    with clock.frozen(moment):
        for _ in range(turns):
            sweep(moment)
            pump()
    db.session.commit()


def go_on_until_over(mailing_id: int, *, most: int = 12, step: timedelta = timedelta(minutes=6)) -> int:
    """Let so much time pass, again and again, until nothing of the mailing is open; return how many turns it took."""
    moment = clock.now()
    for turn in range(1, most + 1):
        moment += step
        go_on_at(moment, mailing_id)
        if mailings.mailing(mailing_id).over_at is not None:
            return turn
    raise AssertionError(f"after {most} turns: {mailings.counts(mailing_id)}")


def _end_runs() -> None:
    with transaction() as session:  # what is over keeps nothing that is due from being asked for again
        session.execute(update(JobRun).values(state="finished"))
