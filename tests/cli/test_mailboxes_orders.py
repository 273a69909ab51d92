"""`mailboxes poll|audit|sync|key|rotate-keys`: ordered here, done by workers, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from edupulse.cli import waiting
from edupulse.cli.mailboxes import mailboxes
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.models import JobRun
from edupulse.control.workers import present
from edupulse.database import db
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.polling import audit, poll
from edupulse.sealing import key_id, new_key, seal, sealed_with
from edupulse.secret import Secret
from edupulse.transaction import transaction
from tests.cli.conftest import Type, facts
from tests.doubles.imap_double import ImapDouble
from tests.mailboxes.boxes import a_mailbox


@pytest.fixture
def server() -> Iterator[ImapDouble]:
    with ImapDouble(messages={1: b"Subject: hello\r\n\r\n", 2: b"Subject: again\r\n\r\n"}) as double:
        yield double


@pytest.fixture
def office(sqlite_app: Flask, server: ImapDouble) -> Mailbox:
    return a_mailbox(
        name="Office",
        host=server.host,
        port=server.port,
        username=server.username,
        password_sealed=seal(server.password),
    )


@pytest.fixture
def worker(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is ordered is done, as a worker does it, whenever the command waits."""
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: work())
    with present("worker", ("poll",)):
        yield


def work() -> None:
    deeds = {"mailboxes.poll": poll.poll, "mailboxes.audit": audit.audit}
    (run,) = db.session.scalars(select(JobRun).where(JobRun.state == "queued", JobRun.name.in_(deeds)))
    run_id, deed, arguments = run.id, deeds[run.name], run.arguments
    result = deed(**arguments)
    with transaction() as session:
        done = session.get_one(JobRun, run_id)
        done.state, done.ended_at, done.result = "finished", now(), result


def test_a_poll_by_hand_says_what_it_brought(type_in: Type, office: Mailbox, worker: None) -> None:
    polled = facts(type_in("mailboxes", "poll", "Office", "--json"))

    assert (polled["outcome"], polled["new"], polled["left"]) == ("done", 2, 0)


def test_a_poll_that_fails_says_why_and_what_to_do(type_in: Type, office: Mailbox, worker: None) -> None:
    type_in("mailboxes", "edit", "Office", "--password-stdin", stdin="wrong-password-42\n")

    refused = type_in("mailboxes", "poll", "Office")

    assert refused.exit_code == 1
    assert "many providers want an app password" in refused.stderr
    assert "wrong-password-42" not in refused.output


def test_a_poll_that_finds_the_mailbox_taken_says_so(type_in: Type, office: Mailbox, worker: None) -> None:
    taken = poll.locks.take(poll.loaded(office.id), now())

    refused = type_in("mailboxes", "poll", "Office")
    poll.locks.release(taken)

    assert (refused.exit_code, "being read already" in refused.stderr) == (1, True)


def test_without_a_worker_it_is_said_that_the_poll_waits(type_in: Type, office: Mailbox) -> None:
    refused = type_in("mailboxes", "poll", "Office")
    unasked = facts(type_in("mailboxes", "poll", "Office", "--no-wait", "--json"))

    assert (refused.exit_code, "No worker is running" in refused.stderr) == (1, True)
    assert unasked["state"] == "queued"
    assert db.session.query(JobRun).count() == 1


def test_a_mailbox_that_is_switched_off_is_not_polled(type_in: Type, office: Mailbox) -> None:
    type_in("mailboxes", "disable", "Office")

    refused = type_in("mailboxes", "poll", "Office")

    assert (refused.exit_code, "switched off" in refused.stderr) == (1, True)
    assert db.session.query(JobRun).count() == 0


def test_an_audit_says_how_many_the_server_has_and_how_many_were_missing(
    type_in: Type, office: Mailbox, worker: None
) -> None:
    type_in("mailboxes", "poll", "Office")

    compared = facts(type_in("mailboxes", "audit", "Office", "--json"))

    assert (compared["server"], compared["missing"]) == (2, 0)


def test_an_audit_that_could_not_be_made_is_a_failure(
    type_in: Type, office: Mailbox, worker: None, server: ImapDouble
) -> None:
    server.password = "another"

    refused = type_in("mailboxes", "audit", "Office")

    assert (refused.exit_code, "mailboxes test" in refused.stderr) == (1, True)


def test_a_sync_counts_the_mailboxes(type_in: Type, office: Mailbox) -> None:
    first = facts(type_in("mailboxes", "sync", "--json"))
    second = facts(type_in("mailboxes", "sync", "--json"))

    assert first == {"added": 1, "removed": 0, "updated": 0, "total": 1}
    assert second == {"added": 0, "removed": 0, "updated": 0, "total": 1}


def test_a_key_is_made_also_where_the_application_cannot_start() -> None:
    made = CliRunner().invoke(mailboxes, ["key"])

    assert made.exit_code == 0
    assert len(made.stdout.strip()) == 44
    assert key_id(Secret(made.stdout.strip())) in made.stderr


def test_what_can_be_resealed_is_and_the_rest_is_named(
    type_in: Type, office: Mailbox, change_settings: Callable[..., None]
) -> None:
    newer, lost = new_key(), key_id(Secret(new_key()))
    a_mailbox(name="Left behind", password_sealed=f"{lost}:token")
    old = current_settings().encryption_keys
    change_settings(encryption_keys=(Secret(newer), *old))

    refused = type_in("mailboxes", "rotate-keys")

    db.session.expire_all()
    sealed = db.session.get_one(Mailbox, office.id).password_sealed
    assert (refused.exit_code, sealed_with(str(sealed))) == (1, key_id(Secret(newer)))
    assert "1 resealed, 1 not" in refused.stderr
    assert f"Left behind: A stored secret was sealed with the key {lost}" in refused.stderr


def test_after_a_rotation_nothing_is_left_to_do(
    type_in: Type, office: Mailbox, change_settings: Callable[..., None]
) -> None:
    change_settings(encryption_keys=(Secret(new_key()), *current_settings().encryption_keys))

    first = facts(type_in("mailboxes", "rotate-keys", "--json"))
    second = facts(type_in("mailboxes", "rotate-keys", "--json"))

    assert (first, second) == ({"resealed": 1}, {"resealed": 0})
