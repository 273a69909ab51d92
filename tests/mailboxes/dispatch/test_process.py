"""A stored message is read once, written in one go and dealt with; one that cannot be read is set aside alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event as engine_event
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from edupulse.accounts.models import AuditEntry
from edupulse.control.interruptions import SoftTimeLimitExceeded, WorkerStopping
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import NotFound, Unavailable
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.mailboxes.processing import process as processing
from edupulse.mailboxes.processing import quarantine, reading
from edupulse.mailboxes.processing.process import process
from edupulse.transaction import transaction
from tests.mailboxes.dispatch.inbox import (
    OFFICE,
    a_mail,
    a_mailbox,
    actions_of,
    arrive,
    row_of,
    store,
    the_action,
)


def set_tries(message_id: int, tries: int) -> None:
    with transaction() as session:
        session.execute(update(InboundMessage).where(InboundMessage.id == message_id).values(tries=tries))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> dict[str, BaseException]:
    """Let what is put in here under a subject's words be raised while such a message is read."""
    errors: dict[str, BaseException] = {}
    whole = reading.classify

    def classify(parsed: Any, **given: Any) -> UnifiedEvent:
        for words, error in errors.items():
            if words in parsed.event.subject:
                raise error
        return whole(parsed, **given)

    monkeypatch.setattr(reading, "classify", classify)
    return errors


def test_an_ordinary_message_is_read_and_laid_before_the_staff(app: Flask) -> None:
    row = arrive(a_mail())

    assert (row.state, row.kind, row.subject) == ("processed", "other", "A question")
    assert (row.from_address, row.from_name) == ("zoe@school.example", "Zoë")
    assert row.snippet == "When does the class begin?"
    assert row.attention
    assert UnifiedEvent.from_json(row.event or {}).text.strip() == "When does the class begin?"


def test_what_was_done_is_written_down_with_its_reason(sqlite_app: Flask) -> None:
    action = the_action(arrive(a_mail()).id)

    assert (action.key, action.handler, action.state) == ("staff", "staff", "done")
    assert action.reason == "nobody else takes it"
    assert action.ended_at is not None


def test_a_message_is_read_once_however_often_it_is_ordered(sqlite_app: Flask) -> None:
    message_id = store(a_mail())

    outcomes = [process(message_id)["outcome"] for _ in range(3)]

    assert outcomes == ["processed", "known", "known"]
    assert len(actions_of(message_id)) == 1


def test_a_message_that_is_gone_is_no_error(sqlite_app: Flask) -> None:
    assert process(4711) == {"outcome": "gone"}


def test_an_ordinary_message_takes_two_commits_and_neither_waits_for_the_disk(sqlite_app: Flask) -> None:
    message_id, began = store(a_mail()), []
    process(store(a_mail(Message_ID="<before@home.example>")))

    def note(connection: Any) -> None:
        began.append(connection.get_execution_options().get("durable", True))

    engine_event.listen(db.engine, "commit", note)
    try:
        process(message_id)
    finally:
        engine_event.remove(db.engine, "commit", note)

    assert began == [False, False]


def test_whoever_is_second_writes_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    message_id, slow = store(a_mail()), reading.plan
    ran: list[dict[str, Any]] = []

    def overtaken(*given: Any) -> Any:
        if not ran:
            ran.append({})
            ran[0] = process(message_id)
        return slow(*given)

    monkeypatch.setattr(reading, "plan", overtaken)
    process(message_id)

    assert ran[0]["outcome"] == "processed"
    assert [each.tries for each in actions_of(message_id)] == [1]


@pytest.mark.parametrize(
    "error",
    [ValueError("no such charset"), RecursionError("too deep"), MemoryError(), SoftTimeLimitExceeded()],
)
def test_one_message_that_cannot_be_read_is_set_aside_and_the_next_goes_on(
    sqlite_app: Flask, broken: dict[str, BaseException], error: Exception
) -> None:
    broken["Poison"] = error
    poison, next_one = store(a_mail(Subject="Poison")), store(a_mail())

    outcomes = [process(each)["outcome"] for each in (poison, next_one)]

    assert outcomes == ["quarantined", "processed"]
    row = row_of(poison)
    assert row.state == "quarantined"
    assert row.quarantine_reason
    assert type(error).__name__ in (row.quarantine_traceback or "")
    assert row.attention


def test_a_secret_in_an_error_does_not_reach_the_quarantine(
    sqlite_app: Flask, broken: dict[str, BaseException]
) -> None:
    secret = sqlite_app.config["SECRET_KEY"]
    broken["Poison"] = ValueError(f"it holds {secret}")

    row = arrive(a_mail(Subject="Poison"))

    assert secret not in f"{row.quarantine_reason}{row.quarantine_traceback}"
    assert "***" in (row.quarantine_reason or "")


def test_a_message_whose_bytes_are_gone_is_set_aside(sqlite_app: Flask) -> None:
    message_id = store(a_mail())
    with transaction() as session:
        session.execute(update(InboundMessage).values(storage_key="inbound/00/none"))

    assert process(message_id)["outcome"] == "quarantined"
    assert "not in the storage" in (row_of(message_id).quarantine_reason or "")


@pytest.mark.parametrize(
    "error", [Unavailable("The storage is away."), OperationalError("SELECT", {}, Exception("server closed"))]
)
def test_what_is_away_around_us_is_not_the_messages_fault(
    sqlite_app: Flask, broken: dict[str, BaseException], error: Exception
) -> None:
    broken["Question"] = error
    message_id = store(a_mail(Subject="Question"))

    for _ in range(5):
        with pytest.raises(type(error)):
            process(message_id)

    row = row_of(message_id)
    assert (row.state, row.tries) == ("stored", 0)


def test_a_worker_that_must_end_gives_the_message_back(
    sqlite_app: Flask, broken: dict[str, BaseException]
) -> None:
    broken["question"] = WorkerStopping()
    message_id = store(a_mail())

    with pytest.raises(WorkerStopping):
        process(message_id)

    assert (row_of(message_id).state, row_of(message_id).tries) == ("stored", 0)


def test_a_message_that_ended_the_process_twice_is_set_aside_at_its_third_try(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = store(a_mail())
    set_tries(message_id, 2)
    monkeypatch.setattr(processing, "read", lambda job: pytest.fail("it was read again"))

    assert process(message_id)["outcome"] == "quarantined"
    assert row_of(message_id).quarantine_reason == "Reading it has ended the process 2 times."


def test_whoever_reads_it_while_another_run_takes_it_for_a_killer_is_right(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id, slow = store(a_mail()), reading.plan
    set_tries(message_id, 1)
    ran: list[str] = []

    def meanwhile(*given: Any) -> Any:
        if not ran:
            ran.append("")
            ran[0] = process(message_id)["outcome"]
        return slow(*given)

    monkeypatch.setattr(reading, "plan", meanwhile)
    process(message_id)

    row = row_of(message_id)
    assert ran == ["quarantined"]
    assert (row.state, row.quarantine_reason) == ("processed", None)
    assert row.attention_why == "Nobody else deals with it: a person should look at it."


def test_a_message_is_read_anew_when_it_is_put_back(app: Flask, broken: dict[str, BaseException]) -> None:
    broken["Poison"] = ValueError("a fault of this release")
    message_id = store(a_mail(Subject="Poison"))
    process(message_id)
    broken.clear()

    run = quarantine.put_back(message_id, actor="ada@school.example")
    outcome = process(**run.arguments)

    row = row_of(message_id)
    assert (run.name, outcome["outcome"]) == ("mailboxes.process", "processed")
    assert (row.state, row.quarantine_reason, row.quarantined_at) == ("processed", None, None)
    assert row.attention_why != quarantine.FOR_THE_STAFF
    assert db.session.scalar(select(AuditEntry.actor).where(AuditEntry.action == "message.replay"))


def test_a_message_that_stays_unreadable_is_set_aside_again(
    sqlite_app: Flask, broken: dict[str, BaseException]
) -> None:
    broken["Poison"] = ValueError("still")
    message_id = store(a_mail(Subject="Poison"))
    process(message_id)

    quarantine.put_back(message_id, actor="system")

    assert process(message_id)["outcome"] == "quarantined"


def test_what_was_done_is_not_done_again_by_a_replay(app: Flask) -> None:
    a_mailbox(staff=["ada@school.example"])
    row = arrive(a_mail())

    quarantine.put_back(row.id, actor="ada@school.example")
    process(row.id)

    assert row_of(row.id).state == "processed"
    assert [each.tries for each in actions_of(row.id)] == [1]
    assert db.session.scalar(select(func.count()).where(JobRun.name == "mail.deliver")) == 1


def test_what_a_person_has_settled_stays_settled_after_a_replay(sqlite_app: Flask) -> None:
    row = arrive(a_mail())
    with transaction() as session:
        session.execute(update(InboundMessage).values(attention=False))

    quarantine.put_back(row.id, actor="ada@school.example")
    process(row.id)

    assert not row_of(row.id).attention


def test_what_the_staff_had_to_look_at_before_stays_on_their_list(
    sqlite_app: Flask, broken: dict[str, BaseException]
) -> None:
    row = arrive(a_mail())
    broken["question"] = ValueError("a fault of this release")
    quarantine.put_back(row.id, actor="ada@school.example")
    process(row.id)
    broken.clear()

    quarantine.put_back(row.id, actor="ada@school.example")
    process(row.id)

    assert (row_of(row.id).state, row_of(row.id).attention) == ("processed", True)


def test_what_failed_for_good_is_tried_again_by_a_replay(sqlite_app: Flask) -> None:
    row = arrive(a_mail())
    with transaction() as session:
        session.execute(update(InboundAction).values(state="dead", tries=5))

    quarantine.put_back(row.id, actor="ada@school.example")

    action = the_action(row.id)
    assert (action.state, action.tries) == ("pending", 0)
    assert db.session.scalar(select(JobRun.arguments).where(JobRun.name == "mailboxes.handle")) == {
        "action_id": action.id
    }


def test_no_message_is_put_back_that_does_not_exist(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound):
        quarantine.put_back(4711, actor="ada@school.example")


def test_a_crash_after_the_commit_leaves_what_is_still_to_be_done_to_the_next_run(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_mailbox(staff=["ada@school.example"])
    message_id = store(a_mail())
    monkeypatch.setattr(processing, "carry_out", _dies)

    with pytest.raises(SystemExit):
        process(message_id)
    monkeypatch.undo()
    outcome = process(message_id)

    assert outcome == {"outcome": "known", "done": 1}
    assert the_action(message_id).state == "done"


def test_of_what_is_too_large_only_the_head_is_read(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_mailbox(largest_bytes=1000)
    monkeypatch.setattr(reading, "parse", lambda *given, **more: pytest.fail("all of it was read"))

    row = arrive(a_mail("long " * 1000))

    assert (row.state, row.subject, row.defects) == ("processed", "A question", 1)
    assert row.attention


def test_the_same_bytes_give_the_same_event(sqlite_app: Flask) -> None:
    row = arrive(a_mail())
    before = row.event

    quarantine.put_back(row.id, actor="system")
    process(row.id)

    assert row_of(row.id).event == before


def test_every_fact_of_a_hostile_message_fits_its_column(app: Flask) -> None:
    row = arrive(
        a_mail(
            From=f"{'n' * 900} <{'a' * 900}@x.example>", Subject="s" * 5000, Message_ID=f"<{'i' * 3000}@x>"
        )
    )

    assert row.state == "processed"
    assert len(row.subject) <= 998
    assert len(row.from_address) <= 320


def _dies(*given: Any) -> Iterator[None]:
    raise SystemExit


def test_nothing_is_open_after_an_ordinary_message(sqlite_app: Flask) -> None:
    arrive(a_mail(To=OFFICE))

    assert db.session.scalar(select(func.count()).where(InboundAction.state != "done")) == 0
