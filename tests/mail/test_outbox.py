"""Mails enter here: one row per mail and person, accepted once, together with what asks for their sending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import fakeredis
import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse import clock
from edupulse.accounts.models import AuditEntry
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail import outbox, suppressions
from edupulse.mail.compose import Attachment
from edupulse.mail.models import Delivery, DeliveryContent
from edupulse.transaction import transaction
from tests.mail.line import post, post_to, posting, row, states


def asked_for() -> list[list[int]]:
    """Return the ids in each job that was asked for."""
    db.session.commit()
    runs = select(JobRun.arguments).where(JobRun.name == "mail.deliver").order_by(JobRun.created_at)
    return [arguments["delivery_ids"] for arguments in db.session.scalars(runs)]


def test_the_same_mail_to_the_same_person_is_accepted_once(app: Flask) -> None:
    first = post_to("Ann@example.org")
    again = post_to("ann@EXAMPLE.org")

    assert first == again
    assert states() == {"queued": 1}
    assert asked_for() == [[first]]


def test_another_occurrence_is_another_mail(app: Flask) -> None:
    post_to("ann@example.org", occurrence="monday")
    post_to("ann@example.org", occurrence="tuesday")

    assert states() == {"queued": 2}


def test_many_are_accepted_at_once_in_their_order_and_handed_over_in_batches(app: Flask) -> None:
    ids = post(60)

    assert [row(id).address for id in (ids[0], ids[59])] == ["p0@example.org", "p59@example.org"]
    assert sorted(len(batch) for batch in asked_for()) == [10, 25, 25]
    assert sorted(id for batch in asked_for() for id in batch) == ids
    assert db.session.scalar(select(func.count()).select_from(DeliveryContent)) == 60


def test_one_list_may_name_a_person_twice(app: Flask) -> None:
    rows = outbox.accept_many(
        [posting("ann@example.org"), posting("bob@example.org"), posting("ANN@example.org")]
    )

    assert rows[0].id == rows[2].id != rows[1].id
    assert states() == {"queued": 2}


def test_nothing_is_accepted_when_the_callers_transaction_fails(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        post(3)
        raise ZeroDivisionError

    assert states() == {}
    assert asked_for() == []


def test_a_suppressed_address_gets_a_row_that_says_so_and_no_job(app: Flask) -> None:
    suppressions.suppress("ann@example.org", reason="no such mailbox", source="delivery:1")

    id = post_to("Ann@example.org")

    assert (row(id).state, row(id).reason) == ("suppressed", "no such mailbox")
    assert asked_for() == []


def test_a_suppressed_international_address_is_found_in_either_spelling(app: Flask) -> None:
    suppressions.suppress("ann@xn--bcher-kva.example", reason="no", source="test")

    assert row(post_to("ann@bücher.example")).state == "suppressed"


def test_a_scope_stops_its_own_kinds_and_no_others(app: Flask) -> None:
    suppressions.suppress("ann@example.org", reason="no reminders, please", source="ann", scope="reminder")

    reminder, test = post_to("ann@example.org"), post_to("ann@example.org", kind="test")

    assert (row(reminder).state, row(test).state) == ("suppressed", "queued")


@pytest.mark.parametrize(
    ("address", "subject", "names"),
    [
        ("not an address", "Hello", "address"),
        ("ann@example.org\r\nBcc: all@example.org", "Hello", "address"),
        ("ann@example.org", "Hello\r\nBcc: all@example.org", "subject"),
        ("nul\0@example.org", "Hello\0", "address"),
    ],
)
def test_requirement_26_what_cannot_be_sent_is_rejected_with_its_reason_and_holds_nobody_up(
    app: Flask, address: str, subject: str, names: str
) -> None:
    bad = posting(address)
    bad = replace(bad, mail=replace(bad.mail, subject=subject))

    rows = outbox.accept_many([bad, posting("bob@example.org")])

    assert [each.state for each in rows] == ["rejected", "queued"]
    assert names in (rows[0].reason or "")
    assert asked_for() == [[rows[1].id]]


def test_what_is_due_later_waits_as_deferred(app: Flask) -> None:
    due = clock.now() + timedelta(hours=2)

    id = post_to("ann@example.org", due_at=due)

    assert (row(id).state, row(id).next_attempt_at) == ("deferred", due)
    assert asked_for() == []


def test_the_message_id_is_the_same_for_the_same_key_and_of_our_domain(
    app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(default_from_email="School <office@schüle.example>")
    id = post_to("ann@example.org")
    before = row(id).message_id
    db.session.delete(row(id))
    db.session.commit()

    assert row(post_to("ann@example.org")).message_id == before
    assert before.endswith("@xn--schle-mva.example>")


def test_what_was_said_and_attached_is_kept(app: Flask) -> None:
    with_file = posting()
    attachment = Attachment("课程表.pdf", "application/pdf", b"%PDF")
    with_file = replace(
        with_file, mail=replace(with_file.mail, attachments=(attachment,), headers={"X-A": "b"})
    )

    (delivery,) = outbox.accept_many([with_file])

    assert delivery.content.attachments == [
        {"filename": "课程表.pdf", "content_type": "application/pdf", "base64": "JVBERg=="}
    ]
    assert (delivery.content.text, delivery.content.headers) == ("See you at nine.\n", {"X-A": "b"})


def test_cancelling_takes_back_what_has_not_left(app: Flask) -> None:
    queued, held, sent, other = post(4)
    _put(held, state="sending", claim="x")
    _put(sent, state="sent")
    _put(other, subject_id="another-event")

    count = outbox.cancel(kind="reminder", subject_id="event-1", reason="The event was cancelled.")

    assert count == 2
    assert [row(id).state for id in (queued, held, sent, other)] == [
        "cancelled", "cancelled", "sent", "queued",
    ]  # fmt: skip
    assert row(held).claim == "x"  # should it have left already, its outcome finds its row
    assert row(queued).reason == "The event was cancelled."


def test_cancelling_one_occurrence_leaves_the_others(app: Flask) -> None:
    monday, tuesday = (post_to("ann@example.org", occurrence=day) for day in ("monday", "tuesday"))

    outbox.cancel(kind="reminder", subject_id="event-1", occurrence="monday", reason="moved")

    assert (row(monday).state, row(tuesday).state) == ("cancelled", "queued")


def test_redis_being_away_loses_no_mail(app: Flask) -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    app.extensions["edupulse"].redis = fakeredis.FakeRedis(server=server)

    post(3)

    assert states() == {"queued": 3}
    assert len(asked_for()) == 1


def test_lifting_a_suppression_is_audited_and_a_second_time_not_found(app: Flask) -> None:
    suppressions.suppress("ann@example.org", reason="full of typos", source="ann")

    suppressions.lift("Ann@example.org", actor="bob@school.example")

    assert db.session.scalars(select(AuditEntry.action)).all() == ["suppression.lift"]
    with pytest.raises(NotFound):
        suppressions.lift("ann@example.org", actor="bob@school.example")
    with pytest.raises(Invalid):
        suppressions.lift("not an address", actor="bob@school.example")


def _put(id: int, **values: object) -> None:
    db.session.execute(db.update(Delivery).where(Delivery.id == id).values(**values))
    db.session.commit()
