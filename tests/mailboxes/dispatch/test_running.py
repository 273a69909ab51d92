"""What was planned is done once; what fails is tried again, and in the end the staff are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Invalid, Unavailable
from edupulse.mail.models import Delivery
from edupulse.mail.suppressions import suppress
from edupulse.mailboxes import handling
from edupulse.mailboxes.dispatch import rule_jobs, rules
from edupulse.mailboxes.dispatch.rules import RuleDraft
from edupulse.mailboxes.dispatch.running import MOST_TRIES, handle
from edupulse.mailboxes.handling import Done, Inbound, register_handler
from edupulse.mailboxes.models import InboundAction
from edupulse.transaction import transaction
from tests.mailboxes.dispatch.inbox import a_mail, a_mailbox, actions_of, arrive, row_of, the_action


@dataclass
class Odd:
    """A handler that suppresses an address, and fails afterwards as often as it is told to."""

    errors: list[BaseException] = field(default_factory=list)
    name: str = "odd"
    summary: str = "what a test sends"
    seen: int = 0
    attention: str = ""

    def wants(self, message: Inbound) -> str:
        return "a test sent it"

    def handle(self, message: Inbound) -> Done:
        self.seen += 1
        suppress(f"p{self.seen}@school.example", reason="odd", source=message.source)
        if self.errors:
            raise self.errors.pop(0)
        return Done("It was odd.", {"seen": self.seen}, self.attention)


@pytest.fixture
def odd() -> Iterator[Odd]:
    before = dict(handling._handlers)
    handler = Odd()
    register_handler(handler, before="bounce")
    yield handler
    handling._handlers.clear()
    handling._handlers.update(before)


def runs_of(name: str) -> list[JobRun]:
    db.session.expire_all()
    return list(db.session.scalars(select(JobRun).where(JobRun.name == name).order_by(JobRun.created_at)))


def deliveries() -> list[Delivery]:
    db.session.expire_all()
    return list(db.session.scalars(select(Delivery).order_by(Delivery.id)))


def suppressed() -> int:
    from edupulse.mail.models import Suppression

    return db.session.scalar(select(func.count()).select_from(Suppression)) or 0


def test_an_action_is_done_once_however_often_it_is_ordered(app: Flask, odd: Odd) -> None:
    action = the_action(arrive(a_mail()).id)

    outcomes = [handle(action.id) for _ in range(2)]

    assert (odd.seen, outcomes) == (1, [{"outcome": "over"}] * 2)
    assert (action.outcome, action.detail) == ("It was odd.", {"seen": 1})


def test_what_a_handler_wrote_before_it_failed_is_undone_and_it_is_tried_again(app: Flask, odd: Odd) -> None:
    odd.errors = [Unavailable("The ledger is busy.")]

    row = arrive(a_mail())

    action = the_action(row.id)
    (again,) = runs_of("mailboxes.handle")
    assert (row.state, action.state, action.tries) == ("processed", "failed", 1)
    assert "The ledger is busy." in action.outcome
    assert (again.arguments, again.state) == ({"action_id": action.id}, "deferred")
    assert suppressed() == 0


def test_a_second_try_may_succeed(sqlite_app: Flask, odd: Odd) -> None:
    odd.errors = [Unavailable("The ledger is busy.")]
    action = the_action(arrive(a_mail()).id)

    assert handle(action.id) == {"outcome": "done"}
    assert (the_action(action.message_id).state, the_action(action.message_id).tries) == ("done", 2)
    assert suppressed() == 1


def test_a_job_that_fails_looks_failed(sqlite_app: Flask, odd: Odd) -> None:
    odd.errors = [Unavailable("busy"), Unavailable("still busy")]
    action = the_action(arrive(a_mail()).id)

    with pytest.raises(Unavailable):
        handle(action.id)

    assert the_action(action.message_id).state == "failed"


def test_a_handler_that_fails_for_good_brings_the_message_to_the_staff(app: Flask, odd: Odd) -> None:
    a_mailbox(staff=["ada@school.example", "bob@school.example"])
    odd.errors = [Unavailable("busy") for _ in range(MOST_TRIES)]
    row = arrive(a_mail())
    first = the_action(row.id)
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(Unavailable):
            handle(first.id)

    dead, staff = actions_of(row.id)
    assert handle(staff.id) == {"outcome": "done"}

    assert (dead.state, dead.tries, staff.key) == ("dead", MOST_TRIES, "staff")
    assert row_of(row.id).attention
    assert "“odd” could not deal with it" in (row_of(row.id).attention_why or "")
    assert [each.address for each in deliveries()] == ["ada@school.example", "bob@school.example"]


def test_an_error_that_no_second_try_mends_goes_to_the_staff_at_once(sqlite_app: Flask, odd: Odd) -> None:
    odd.errors = [Invalid("There is no such event.")]

    row = arrive(a_mail())

    assert [each.state for each in actions_of(row.id)] == ["dead", "pending"]
    assert row.attention
    assert [run.state for run in runs_of("mailboxes.handle")] == ["queued"]


def test_an_action_that_ends_the_process_each_time_is_given_up(sqlite_app: Flask, odd: Odd) -> None:
    odd.errors = [Unavailable("busy")]
    action = the_action(arrive(a_mail()).id)
    with transaction() as session:
        session.execute(update(InboundAction).values(tries=MOST_TRIES))

    assert handle(action.id) == {"outcome": "dead"}
    assert odd.seen == 1
    assert row_of(action.message_id).attention


def test_a_staff_handler_that_fails_for_good_still_leaves_the_message_on_the_list(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_mailbox(staff=["ada@school.example"])
    from edupulse.mailboxes.dispatch import notices

    def fails(*given: Any, **more: Any) -> None:
        raise Invalid("No mail can be made of it.")

    monkeypatch.setattr(notices, "accept_many", fails)
    row = arrive(a_mail())

    assert the_action(row.id).state == "dead"
    assert row.attention
    assert "No mail can be made of it." in (row.attention_why or "")


def test_what_a_handler_calls_a_person_for_is_on_the_list(sqlite_app: Flask, odd: Odd) -> None:
    odd.attention = "It is stranger than usual."

    row = arrive(a_mail())

    assert (row.attention, row.attention_why) == (True, "It is stranger than usual.")


def test_a_handler_that_a_release_took_away_brings_the_message_to_the_staff(
    sqlite_app: Flask, odd: Odd
) -> None:
    rules.add(RuleDraft("Odd ones", action="handler:odd"), actor="ada")
    handling._handlers.pop("odd")

    row = arrive(a_mail())

    assert [each.state for each in actions_of(row.id)] == ["dead", "pending"]
    assert row.attention


def a_job_rule(**values: Any) -> None:
    rules.add(
        RuleDraft("Ping", **{"action": "job:tests.inbound", "arguments": {"word": "hi"}, **values}),
        actor="ada",
    )


@pytest.fixture
def inbound_job(app: Flask) -> Iterator[None]:
    """Let the catalog have a job that takes messages."""
    from edupulse.control.catalog import Catalog, JobSpec

    def inbound(message_id: int, word: str = "") -> None:
        """Do nothing."""

    runtime = app.extensions["edupulse"]
    before = runtime.catalog
    runtime.catalog = Catalog(
        {**before.specs, "tests.inbound": JobSpec("tests.inbound", inbound, "default", "Test.")}
    )
    yield
    runtime.catalog = before


def test_a_rules_job_is_asked_for_once_with_the_message_and_its_arguments(
    app: Flask, inbound_job: None
) -> None:
    a_job_rule()

    row = arrive(a_mail())

    (run,) = runs_of("tests.inbound")
    assert run.arguments == {"message_id": row.id, "word": "hi"}
    assert run.actor == "rule:Ping"
    assert the_action(row.id).detail["run_id"] == run.id
    assert not row.attention


def test_a_rules_job_that_failed_for_good_brings_the_message_to_the_staff(
    app: Flask, inbound_job: None
) -> None:
    a_job_rule()
    row = arrive(a_mail())
    with transaction() as session:
        session.execute(update(JobRun).where(JobRun.name == "tests.inbound").values(state="failed"))

    brought = [rule_jobs.bring_back(now() + timedelta(minutes=1)) for _ in range(2)]

    assert brought == [1, 0]
    assert row_of(row.id).attention
    assert "tests.inbound" in (row_of(row.id).attention_why or "")
    assert [each.key for each in actions_of(row.id)][1:] == ["staff"]


def test_a_job_that_goes_well_brings_nothing_back(app: Flask, inbound_job: None) -> None:
    a_job_rule()
    row = arrive(a_mail())
    with transaction() as session:
        session.execute(update(JobRun).where(JobRun.name == "tests.inbound").values(state="finished"))

    assert rule_jobs.bring_back(now()) == 0
    assert not row_of(row.id).attention
