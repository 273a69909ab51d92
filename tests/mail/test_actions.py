"""What a person may do about mail, and that it is written down who did it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from edupulse import clock
from edupulse.accounts.models import AuditEntry
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mail import actions, deliver, senders, suppressions
from edupulse.mail.models import Delivery, DeliveryContent
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import close, on
from tests.mail.line import copies, post_to, row, sender, through, tries

ChangeSettings = Callable[..., None]
ANN = "ann@school.example"


def audit() -> list[tuple[str, str, str]]:
    """Return who did what to which thing."""
    db.session.commit()
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.actor, entry.action, entry.subject) for entry in entries]


def put(id: int, **values: object) -> None:
    """Write values into a delivery's row."""
    db.session.execute(update(Delivery).where(Delivery.id == id).values(**values))
    db.session.commit()


def test_an_unknown_mail_sent_again_by_hand_keeps_its_message_id(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("bob@example.org")

    with through(SmtpDouble(on("dot", close, overall=1)), change_settings) as double:
        deliver.deliver([id])
        message_id = row(id).message_id
        actions.resend(id, ANN)
        deliver.deliver([id])

    assert (row(id).state, row(id).message_id) == ("sent", message_id)
    assert copies(double, id) == 1
    assert tries(id) == ["unknown", "sent"]
    assert audit() == [(ANN, "mail.resend", f"delivery:{id}")]


@pytest.mark.parametrize("state", ["rejected", "cancelled", "unknown"])
def test_what_did_not_arrive_can_be_sent_again(app: Flask, state: str) -> None:
    id = post_to("bob@example.org")
    put(id, state=state, claim="old", dot_at=clock.now(), attempts_made=3)

    actions.resend(id, ANN)

    again = row(id)
    assert (again.state, again.claim, again.dot_at, again.attempts_made) == ("queued", None, None, 0)


def test_a_mail_whose_text_was_cleaned_up_cannot_be_sent_again(sqlite_app: Flask) -> None:
    id = post_to("bob@example.org")
    put(id, state="cancelled")
    db.session.execute(delete(DeliveryContent))
    db.session.commit()

    with pytest.raises(Conflict, match="no longer kept"):
        actions.resend(id, ANN)

    assert row(id).state == "cancelled"


@pytest.mark.parametrize("state", ["queued", "sending", "sent", "deferred", "suppressed", "bounced"])
def test_nothing_else_can(app: Flask, state: str) -> None:
    id = post_to("bob@example.org")
    put(id, state=state)

    with pytest.raises(Conflict):
        actions.resend(id, ANN)

    assert row(id).state == state
    assert audit() == []


def test_an_expired_mail_sent_again_gets_another_day(app: Flask) -> None:
    id = post_to("bob@example.org", expires_at=clock.now())
    put(id, state="cancelled")

    actions.resend(id, ANN)

    expires_at = row(id).expires_at
    assert expires_at is not None
    assert expires_at > clock.now()


def test_a_suppressed_address_is_not_written_to_by_resending(app: Flask) -> None:
    id = post_to("bob@example.org")
    put(id, state="rejected")
    suppressions.suppress("bob@example.org", reason="no such mailbox", source="test")

    with pytest.raises(Conflict, match="no such mailbox"):
        actions.resend(id, ANN)


def test_a_delivery_that_does_not_exist_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFound):
        actions.resend(4711, ANN)


@pytest.mark.parametrize(("as_sent", "state"), [(True, "sent"), (False, "rejected")])
def test_a_person_says_what_became_of_an_unknown_mail(app: Flask, as_sent: bool, state: str) -> None:
    id = post_to("bob@example.org")
    dot_at = clock.now()
    put(id, state="unknown", dot_at=dot_at)

    settled = actions.settle(id, as_sent=as_sent, actor=ANN)

    assert settled.state == state
    assert ANN in (settled.reason or "")
    assert settled.sent_at == (dot_at if as_sent else None)
    assert audit() == [(ANN, "mail.settle", f"delivery:{id}")]


def test_only_unknown_mails_are_settled_by_hand(app: Flask) -> None:
    id = post_to("bob@example.org")

    with pytest.raises(Conflict):
        actions.settle(id, as_sent=True, actor=ANN)


def test_resuming_the_account_is_audited_and_wakes_the_line(app: Flask) -> None:
    senders.pause(cause="password", reason="refused", cure="change it")

    assert actions.resume_sender(ANN) is True
    assert actions.resume_sender(ANN) is False

    assert sender().paused_at is None
    assert audit() == [(ANN, "sender.resume", "sender:default")]
    assert db.session.scalars(select(JobRun.name)).all() == ["mail.sweep"]


def test_a_test_mail_goes_out_and_ends_a_pause(app: Flask, change_settings: ChangeSettings) -> None:
    with through(SmtpDouble(), change_settings) as double:
        senders.pause(cause="password", reason="refused", cure="change it")
        delivery = actions.send_test("Zoë@example.org".replace("ë", "e"), ANN)
        deliver.deliver([delivery.id])

    assert row(delivery.id).state == "sent"
    assert b"multipart/alternative" in double.accepted[0].data
    assert row(delivery.id).kind == "test"


def test_two_test_mails_to_one_address_are_two(app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(smtp_server="mail.example.org")

    assert actions.send_test("ann@example.org", ANN).id != actions.send_test("ann@example.org", ANN).id


def test_a_test_mail_to_no_address_is_refused(app: Flask) -> None:
    with pytest.raises(Invalid, match="address"):
        actions.send_test("no address", ANN)


def test_a_test_mail_does_not_let_leave_what_waits_since_a_restore(sqlite_app: Flask) -> None:
    senders.pause(cause=senders.RESTORED, reason="A backup was restored.", cure="Look first.")

    with pytest.raises(Conflict, match="A backup was restored"):
        actions.send_test("ada@school.example", ANN)

    assert sender().pause_cause == senders.RESTORED
