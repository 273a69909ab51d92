"""What a worker leaves behind: surely unsent mails go out again, doubtful ones are unknown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from edupulse import clock
from edupulse.control.models import Worker
from edupulse.control.workers import current_worker_name
from edupulse.database import db
from edupulse.mail import abandoned, actions, bookkeeping, claims, deliver
from edupulse.mail.models import Delivery
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.providers import GENERIC
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.line import copies, post, row, states, through, tries

ChangeSettings = Callable[..., None]
SENT = Outcome(Phase.ACCEPTED, Verdict.SENT, "accepted", 250, "2.0.0", "ok", "mail.example.org:25", 5)


def hold(id: int, worker: str, *, dot: bool, since: timedelta = timedelta(minutes=1)) -> None:
    """Let `worker` hold a mail, past its dot or not."""
    at = clock.now() - since
    values = {"state": "sending", "claim": f"of-{worker}-{id}", "claimed_by": worker, "claimed_at": at}
    db.session.execute(update(Delivery).where(Delivery.id == id).values(dot_at=at if dot else None, **values))
    db.session.commit()


def live(worker: str) -> None:
    """Register a worker that beats."""
    moment = clock.now()
    db.session.add(
        Worker(
            name=worker,
            kind="worker",
            host="here",
            pid=1,
            version="1",
            started_at=moment,
            heartbeat_at=moment,
        )
    )
    db.session.commit()


def test_a_dead_workers_mail_is_sent_if_it_had_no_dot_and_unknown_if_it_had_one(
    app: Flask, change_settings: ChangeSettings
) -> None:
    unsent, doubtful = post(2)
    hold(unsent, "dead", dot=False)
    hold(doubtful, "dead", dot=True)

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([unsent, doubtful])

    assert (row(unsent).state, row(doubtful).state) == ("sent", "unknown")
    assert (copies(double, unsent), copies(double, doubtful)) == (1, 0)
    assert row(doubtful).reason == abandoned.IN_DOUBT


def test_a_living_workers_mail_is_left_alone(app: Flask) -> None:
    (id,) = post(1)
    live("busy")
    hold(id, "busy", dot=True)

    settled = abandoned.settle_abandoned(clock.now())

    assert settled == {"queued": 0, "unknown": 0}
    assert row(id).state == "sending"


def test_a_process_that_does_not_beat_is_given_time(app: Flask) -> None:
    (id,) = post(1)
    hold(id, "a-command", dot=False, since=timedelta(seconds=5))

    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "sending"


def test_a_claim_that_outlives_every_job_is_settled_even_if_its_worker_lives(app: Flask) -> None:
    (id,) = post(1)
    live("stuck")
    hold(id, "stuck", dot=False, since=timedelta(hours=3))

    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "queued"


def test_what_this_process_held_in_an_earlier_job_is_settled_at_once(app: Flask) -> None:
    (id,) = post(1)
    hold(id, current_worker_name(), dot=True, since=timedelta(0))

    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "unknown"


def test_only_the_mails_asked_for_are_settled_on_the_way(app: Flask) -> None:
    mine, other = post(2)
    hold(mine, "dead", dot=False)
    hold(other, "dead", dot=False)

    abandoned.settle_abandoned(clock.now(), among=[mine])

    assert (row(mine).state, row(other).state) == ("queued", "sending")


def test_a_late_answer_of_a_worker_that_was_taken_for_dead_ends_the_doubt(app: Flask) -> None:
    (id,) = post(1)
    mail = _claimed(id)
    _settle_as_if_dead(id)
    assert row(id).state == "unknown"

    bookkeeping.record(mail, SENT)

    assert row(id).state == "sent"
    assert tries(id) == ["sent"]


def test_a_late_answer_changes_nothing_once_a_person_has_decided(app: Flask) -> None:
    (id,) = post(1)
    mail = _claimed(id)
    _settle_as_if_dead(id)
    actions.settle(id, as_sent=False, actor="ann@school.example")

    bookkeeping.record(mail, SENT)

    assert row(id).state == "rejected"
    assert tries(id) == ["sent"]


def test_a_worker_that_comes_back_after_its_claim_was_given_away_does_not_send(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = post(1)
    mark_dot = claims.mark_dot

    def stolen(mail: claims.Claimed) -> bool:
        hold(id, "another", dot=False)
        return mark_dot(mail)

    monkeypatch.setattr(claims, "mark_dot", stolen)

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([id])

    assert double.accepted == []
    assert (row(id).state, row(id).claimed_by) == ("sending", "another")


class OutOfTime(BaseException):
    """Stands for the alarm that ends a job."""


@pytest.mark.parametrize(
    ("after_the_dot", "state"), [(False, "queued"), (True, "unknown")], ids=["before_dot", "after_dot"]
)
def test_a_job_cut_off_by_its_time_limit_leaves_no_mail_in_hand(
    app: Flask,
    change_settings: ChangeSettings,
    monkeypatch: pytest.MonkeyPatch,
    after_the_dot: bool,
    state: str,
) -> None:
    cut, next_one = post(2)
    mark_dot = claims.mark_dot

    def alarmed(mail: claims.Claimed) -> bool:
        if after_the_dot:
            mark_dot(mail)
        raise OutOfTime

    monkeypatch.setattr(claims, "mark_dot", alarmed)

    with through(SmtpDouble(), change_settings) as double, pytest.raises(OutOfTime):
        deliver.deliver([cut, next_one])

    assert (row(cut).state, row(next_one).state) == (state, "queued")
    assert double.accepted == []
    assert abandoned._in_hand == set()


def test_row_53_a_database_that_fails_before_the_dot_stops_the_sending(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = post(3)

    def failing(mail: claims.Claimed) -> bool:
        raise OperationalError("UPDATE", {}, Exception("disk is full"))

    monkeypatch.setattr(claims, "mark_dot", failing)

    with through(SmtpDouble(), change_settings) as double, pytest.raises(OperationalError):
        deliver.deliver(ids)

    assert double.accepted == []
    assert states() == {"queued": 3}


def test_row_53_an_answer_that_cannot_be_written_is_kept_and_written_later(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = post(2)
    write = bookkeeping._write

    with through(SmtpDouble(), change_settings) as double:
        monkeypatch.setattr(bookkeeping, "_write", _raising)
        with pytest.raises(OperationalError):
            deliver.deliver([first, second])
        assert (row(first).state, row(second).state) == ("unknown", "queued")
        monkeypatch.setattr(bookkeeping, "_write", write)
        deliver.deliver([second])

    assert states() == {"sent": 2}
    assert copies(double, first) == 1


def test_row_53_a_short_outage_of_the_database_costs_no_answer(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = post(1)
    write, failures = bookkeeping._write, iter([1, 2])

    def flaky(mail: claims.Claimed, outcome: Outcome) -> str:
        return _raising() if next(failures, None) else write(mail, outcome)

    monkeypatch.setattr(bookkeeping, "_write", flaky)

    with through(SmtpDouble(), change_settings):
        deliver.deliver([id])

    assert row(id).state == "sent"


def _raising(*_: Any) -> str:
    raise OperationalError("UPDATE", {}, Exception("the database is away"))


def _claimed(id: int) -> claims.Claimed:
    """Claim a mail and pass its dot, as a worker does that is killed then."""
    (mail,) = claims._take([id], "a-token", clock.now(), GENERIC)
    assert claims.mark_dot(mail)
    return mail


def _settle_as_if_dead(id: int) -> None:
    abandoned.settle_abandoned(clock.now() + timedelta(hours=3))
