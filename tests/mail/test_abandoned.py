"""What a worker leaves behind: surely unsent mails go out again, doubtful ones are unknown."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections import Counter
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
from edupulse.mail import abandoned, actions, bookkeeping, claims, deliver, journal, mailings
from edupulse.mail.bookkeeping import Entry
from edupulse.mail.journal import Journal
from edupulse.mail.look import Look
from edupulse.mail.models import Delivery
from edupulse.mail.outbox import cancel
from edupulse.mail.outcome import Outcome, Phase, Verdict
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.bulk import ids_of, mailing
from tests.mail.line import copies, post, row, states, through, tries

ChangeSettings = Callable[..., None]
SENT = Outcome(Phase.ACCEPTED, Verdict.SENT, "accepted", 250, "2.0.0", "ok", "mail.example.org:25", 5)


def hold(id: int, worker: str, *, dot: bool = False, noted: bool = True, **about: Any) -> str:
    """Let `worker` of this machine hold a mail, past its dot or not; return the claim."""
    at = clock.now() - about.get("since", timedelta(minutes=1))
    name = worker if "-" in worker else f"{socket.gethostname()}-{worker}-1"
    token = secrets.token_hex(4)
    values = {"state": "sending", "claim": token, "claimed_by": name, "claimed_at": at}
    db.session.execute(update(Delivery).where(Delivery.id == id).values(**values))
    db.session.commit()
    if noted:
        note(token, *([id] if dot else [])).leave()
    return token


def note(token: str, *dots: int, answer: Outcome | None = None) -> Journal:
    """Write the lines of a claim, and keep them as one does who is at work; `leave` them as one who died."""
    lines = Journal(journal._folder() / f"host-{token}-4000000-1")  # no process has this number
    lines.begin(token)
    for id in dots:
        lines.dot(id)
        if answer:
            lines.answer(id, answer)
    return lines


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


def test_an_answer_that_a_dead_worker_had_read_and_noted_is_the_truth(app: Flask) -> None:
    (id,) = post(1)
    token = hold(id, "dead", noted=False)
    note(token, id, answer=SENT).leave()

    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "sent"
    assert tries(id) == ["sent"]


def test_a_claim_without_its_journal_is_in_doubt(app: Flask) -> None:
    (id,) = post(1)
    hold(id, "dead", noted=False)

    abandoned.settle_abandoned(clock.now())

    assert (row(id).state, row(id).reason) == ("unknown", abandoned.NO_LINES)


def test_the_claim_of_another_machine_waits_for_that_machine_and_is_in_doubt_in_the_end(app: Flask) -> None:
    (id,) = post(1)
    hold(id, "elsewhere-abc-1", noted=False)

    abandoned.settle_abandoned(clock.now())
    assert row(id).state == "sending"

    abandoned.settle_abandoned(clock.now() + abandoned.LONGEST_CLAIM)
    assert row(id).state == "unknown"


@pytest.mark.parametrize(("answer", "state"), [(SENT, "sent"), (None, "unknown")])
def test_a_mail_taken_back_while_a_worker_that_died_held_it_says_what_became_of_it(
    app: Flask, answer: Outcome | None, state: str
) -> None:
    (id,) = post(1)
    token = hold(id, "dead", dot=True)
    assert cancel(kind="reminder", subject_id="event-1", reason="The event is cancelled.") == 1
    if answer:
        note(token, id, answer=answer).leave()

    abandoned.tidy(clock.now() + abandoned.REST)

    assert row(id).state == state


def test_a_mail_taken_back_is_not_sent_again_even_if_its_mailing_must_not_be_missed(app: Flask) -> None:
    one = mailing(1, resend_unknown=True)
    (id,) = ids_of(one)
    hold(id, "dead", dot=True)
    mailings.cancel(one, reason="Cancelled.")

    abandoned.tidy(clock.now() + abandoned.REST)

    assert row(id).state == "unknown"


def test_what_is_written_down_needs_no_journal_any_more(app: Flask) -> None:
    (id,) = post(1)
    token = hold(id, "dead", dot=True)

    abandoned.settle_abandoned(clock.now())

    assert abandoned.tidy(clock.now() + abandoned.REST) >= 1
    assert journal.files([token]) == {}


def test_a_living_workers_mail_is_left_alone(app: Flask) -> None:
    (id,) = post(1)
    live("a-busy-one")
    hold(id, "a-busy-one", noted=False)

    settled = abandoned.settle_abandoned(clock.now())

    assert (settled["queued"], settled["unknown"]) == (0, 0)
    assert row(id).state == "sending"


@pytest.mark.parametrize("minutes", [1, -60, 60], ids=["at_work", "clock_set_back", "clock_set_forward"])
def test_a_process_that_has_its_lines_in_hand_is_left_alone_whatever_it_is_called(
    app: Flask, minutes: int
) -> None:
    (id,) = post(1)
    token = hold(id, current_worker_name(), noted=False, since=timedelta(minutes=minutes))
    lines = note(token, id)

    settled = abandoned.settle_abandoned(clock.now())
    abandoned.tidy(clock.now() + abandoned.REST)

    assert (settled, row(id).state) == ({"queued": 0, "unknown": 0}, "sending")
    assert lines.path.exists()


@pytest.mark.parametrize("minutes", [0, -60], ids=["now", "clock_set_back"])
def test_a_process_of_this_machine_that_is_gone_is_not_waited_for(app: Flask, minutes: int) -> None:
    (id,) = post(1)
    name = f"{socket.gethostname()}-abc-{os.getpid()}"  # its number has been given to somebody else
    live(name)
    hold(id, name, since=timedelta(minutes=minutes))

    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "queued"


def test_a_process_that_does_not_beat_is_given_time(app: Flask) -> None:
    (id,) = post(1)
    hold(id, "a-command", noted=False, since=timedelta(seconds=5))

    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "sending"


def test_a_claim_that_outlives_every_job_is_settled_even_if_its_worker_lives(app: Flask) -> None:
    (id,) = post(1)
    live("a-stuck-one")
    lines = note(hold(id, "a-stuck-one", noted=False, since=timedelta(hours=3)))

    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "queued"
    assert not lines.is_left


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

    bookkeeping.record([Entry(mail, SENT, clock.now())])

    assert row(id).state == "sent"
    assert tries(id) == ["sent"]


def test_a_late_answer_changes_nothing_once_a_person_has_decided(app: Flask) -> None:
    (id,) = post(1)
    mail = _claimed(id)
    _settle_as_if_dead(id)
    actions.settle(id, as_sent=False, actor="ann@school.example")

    bookkeeping.record([Entry(mail, SENT, clock.now())])

    assert row(id).state == "rejected"
    assert tries(id) == ["sent"]


def test_a_worker_that_comes_back_after_its_claim_was_given_away_does_not_send(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = post(1)
    may_leave = Look.may_leave

    def stolen(look: Look, mail: claims.Claimed) -> bool:
        hold(id, "another-one", noted=False)
        return may_leave(look, mail)

    monkeypatch.setattr(Look, "may_leave", stolen)

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([id])

    assert double.accepted == []
    assert (row(id).state, row(id).claimed_by) == ("sending", "another-one")


def test_lines_that_are_found_late_end_the_doubt(app: Flask) -> None:
    answered, unanswered = post(2)
    token = hold(answered, "dead", noted=False)
    hold(unanswered, "dead", noted=False)
    abandoned.settle_abandoned(clock.now() + abandoned.LONGEST_CLAIM)
    assert states() == {"unknown": 2}

    note(token, answered, answer=SENT).leave()
    abandoned.tidy(clock.now() + abandoned.REST)

    assert (row(answered).state, row(unanswered).state) == ("sent", "unknown")


def test_two_that_look_at_once_write_down_an_answer_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    (id,) = post(1)
    note(hold(id, "dead", noted=False), id, answer=SENT).leave()
    record = abandoned.record

    def meanwhile(entries: list[Entry]) -> Counter[str]:
        abandoned.settle_abandoned(clock.now())  # as another process does at the same moment
        return record(entries)

    monkeypatch.setattr(abandoned, "record", meanwhile)

    abandoned.settle_abandoned(clock.now())

    assert (row(id).state, tries(id)) == ("sent", ["sent"])


def test_lines_without_a_claim_in_the_ledger_are_removed_but_not_at_once(app: Flask) -> None:
    lines = note("never-committed")
    lines.leave()

    assert abandoned.tidy(clock.now()) == 0
    assert abandoned.tidy(clock.now() + abandoned.REST) >= 1

    assert not lines.path.exists()


def test_what_is_none_of_ours_stays_in_the_folder(app: Flask) -> None:
    note("to-make-the-folder").leave()
    foreign = journal._folder() / "README"
    foreign.write_text("This folder belongs to EduPulse.\n")

    abandoned.tidy(clock.now() + abandoned.REST)

    assert foreign.exists()


def test_a_claim_that_cannot_be_given_back_keeps_its_lines_while_its_thread_goes_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = post(1)
    token = hold(id, current_worker_name(), noted=False)
    settle = abandoned._settle
    monkeypatch.setattr(abandoned, "_settle", _raising)
    with abandoned.in_hand(token) as lines:
        lines.dot(id)
    monkeypatch.setattr(abandoned, "_settle", settle)

    with abandoned.in_hand("the-next-claim"):
        abandoned.settle_abandoned(clock.now())

    assert (row(id).state, row(id).reason) == ("unknown", abandoned.IN_DOUBT)


def test_a_thread_that_ends_inside_a_claim_leaves_it_to_the_others(app: Flask) -> None:
    (id,) = post(1)
    token = hold(id, current_worker_name(), noted=False)

    def vanish() -> None:
        with app.app_context():
            lines = journal.own()
            lines.begin(token)
            lines.dot(id)

    thread = threading.Thread(target=vanish)
    thread.start()
    thread.join()
    abandoned.settle_abandoned(clock.now())

    assert row(id).state == "unknown"


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
    dot = Journal.dot

    def alarmed(lines: Journal, delivery_id: int) -> None:
        if after_the_dot:
            dot(lines, delivery_id)
        raise OutOfTime

    monkeypatch.setattr(Journal, "dot", alarmed)

    with through(SmtpDouble(), change_settings) as double, pytest.raises(OutOfTime):
        deliver.deliver([cut, next_one])

    assert (row(cut).state, row(next_one).state) == (state, "queued")
    assert double.accepted == []
    assert journal.own().is_over


def test_row_53_a_database_that_fails_before_the_dot_stops_the_sending(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = post(3)

    def failing(look: Look, mail: claims.Claimed) -> bool:
        raise OperationalError("SELECT", {}, Exception("the database is away"))

    monkeypatch.setattr(Look, "may_leave", failing)

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
        assert (row(first).state, row(second).state) == ("sending", "sending")
        monkeypatch.setattr(bookkeeping, "_write", write)
        deliver.deliver([second])

    assert states() == {"sent": 2}
    assert (copies(double, first), copies(double, second)) == (1, 1)


def test_row_53_a_short_outage_of_the_database_costs_no_answer(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = post(1)
    write, failures = bookkeeping._write, iter([1, 2])

    def flaky(entries: list[Entry]) -> Counter[str]:
        return _raising() if next(failures, None) else write(entries)

    monkeypatch.setattr(bookkeeping, "_write", flaky)

    with through(SmtpDouble(), change_settings):
        deliver.deliver([id])

    assert row(id).state == "sent"


def _raising(*_: Any) -> str:
    raise OperationalError("UPDATE", {}, Exception("the database is away"))


def _claimed(id: int) -> claims.Claimed:
    """Claim a mail and pass its dot, as a worker does that is killed then."""
    lines = journal.own()
    lines.begin("a-token")
    (mail,) = claims.take([id], "a-token", clock.now(), 1)
    lines.dot(mail.id)
    return mail


def _settle_as_if_dead(id: int) -> None:
    abandoned.settle_abandoned(clock.now() + timedelta(hours=3))
