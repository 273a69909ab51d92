"""What servers say later about our mails: each mapped once, temporary trouble forgiven, forgeries without effect."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.mail import suppressions
from edupulse.mail.bounce_causes import CAUSES, Follows
from edupulse.mail.bounce_score import ENOUGH, score
from edupulse.mail.bounces import BounceReport, Noted, note, of_delivery
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Bounce, Delivery
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction
from tests.rows import a_delivery

ZOE = "zoe@school.example"
DAY = timedelta(days=1)


def hard(delivery: Delivery, **facts: str) -> BounceReport:
    said = {
        "address": ZOE,
        "status": "5.1.1",
        "cause": "mailbox_unknown",
        "text": "550 No such user",
        **facts,
    }
    return BounceReport("hard", delivery_id=delivery.id, **said)


def soft(delivery: Delivery, cause: str = "mailbox_full") -> BounceReport:
    return BounceReport("soft", ZOE, delivery.id, "4.2.2", cause, "452 Mailbox full")


def noted(report: BounceReport, source: str = "inbound:1", at: datetime | None = None) -> Noted:
    return note(report, source=source, at=at or clock.now())


def scopes(address: str = ZOE) -> list[str]:
    return [row.scope for row in suppressions.of(address)]


def state(delivery: Delivery) -> str:
    db.session.expire_all()
    return db.session.get_one(Delivery, delivery.id).state


@pytest.mark.parametrize("before", ["sent", "unknown"])
def test_a_hard_bounce_ends_the_mail_and_stops_the_address(app: Flask, before: str) -> None:
    delivery = a_delivery(before)

    said = noted(hard(delivery))

    assert (state(delivery), scopes()) == ("bounced", ["all"])
    assert "no such mailbox" in (db.session.get_one(Delivery, delivery.id).reason or "").lower()
    assert said.detail == {"delivery_id": delivery.id, "address": ZOE, "suppressed": ZOE, "scope": "all"}
    assert said.attention == ""
    (row,) = of_delivery(delivery.id)
    assert (row.kind, row.cause, row.source, row.address) == ("hard", "mailbox_unknown", "inbound:1", ZOE)
    assert suppressions.of(ZOE)[0].source == "inbound:1"


def test_the_same_message_again_has_no_second_effect(sqlite_app: Flask) -> None:
    delivery = a_delivery()
    noted(hard(delivery))
    suppressions.lift(ZOE, actor="ada")

    noted(hard(delivery))

    assert scopes() == []
    assert len(of_delivery(delivery.id)) == 1


def test_a_duplicate_report_is_mapped_once(app: Flask) -> None:
    delivery = a_delivery()
    noted(hard(delivery), "inbound:1")

    said = noted(hard(delivery), "inbound:2")

    assert "again" in said.words
    assert len(of_delivery(delivery.id)) == 1


def test_a_temporary_failure_never_stops_at_once(sqlite_app: Flask) -> None:
    delivery = a_delivery()

    noted(soft(delivery))

    assert (state(delivery), scopes()) == ("bounced", [])


def test_a_temporary_status_does_not_stop_whatever_its_words(sqlite_app: Flask) -> None:
    delivery = a_delivery()

    noted(hard(delivery, status="4.1.1"))

    assert scopes() == []


def test_a_delay_is_not_a_failure(sqlite_app: Flask) -> None:
    delivery = a_delivery()

    said = noted(BounceReport("delayed", ZOE, delivery.id, "4.4.1", "unreachable"))

    assert (state(delivery), scopes()) == ("sent", [])
    assert "still being tried" in said.words


def test_first_late_then_failed_is_one_mail_with_two_reports(sqlite_app: Flask) -> None:
    delivery = a_delivery()
    noted(BounceReport("delayed", ZOE, delivery.id, "4.4.1"), "inbound:1")

    noted(hard(delivery), "inbound:2")

    assert (state(delivery), scopes()) == ("bounced", ["all"])
    assert [row.kind for row in of_delivery(delivery.id)] == ["delayed", "hard"]


def test_a_temporary_failure_after_a_final_one_says_nothing_new(sqlite_app: Flask) -> None:
    delivery = a_delivery()
    noted(hard(delivery), "inbound:1")

    noted(soft(delivery), "inbound:2")

    assert [row.kind for row in of_delivery(delivery.id)] == ["hard"]


def test_a_mailbox_that_stays_full_is_stopped_in_the_end(sqlite_app: Flask, now: datetime) -> None:
    after = []
    for number in range(3):
        noted(soft(a_delivery()), f"inbound:{number}", now + number * DAY)
        after.append(scopes())

    assert after == [[], [], ["all"]]
    assert "again and again" in suppressions.of(ZOE)[0].reason


def test_many_failures_of_one_day_are_one(sqlite_app: Flask, now: datetime) -> None:
    for number in range(6):
        noted(soft(a_delivery()), f"inbound:{number}", now + timedelta(minutes=number))

    assert scopes() == []


def test_old_failures_are_forgotten(sqlite_app: Flask, now: datetime) -> None:
    for number in range(6):
        noted(soft(a_delivery()), f"inbound:{number}", now + 45 * number * DAY)

    assert scopes() == []


def test_a_person_who_opens_an_address_begins_anew(sqlite_app: Flask, now: datetime) -> None:
    for number in range(3):
        noted(soft(a_delivery()), f"inbound:{number}", now + number * DAY)
    with clock.frozen(now + 4 * DAY):
        suppressions.lift(ZOE, actor="ada")

    noted(soft(a_delivery()), "inbound:9", now + 5 * DAY)

    assert scopes() == []


def test_a_mail_counts_once_in_the_score(now: datetime) -> None:
    assert score([(1, now - DAY), (1, now)], now) == 1
    assert score([(1, now - 30 * DAY), (2, now)], now) == pytest.approx(1.5)
    assert score([(1, now), (2, now - DAY), (3, now - 7 * DAY)], now) >= ENOUGH


@pytest.mark.parametrize("cause", [name for name, each in CAUSES.items() if each.follows is Follows.NOTHING])
def test_what_is_about_us_never_stops_a_person(sqlite_app: Flask, now: datetime, cause: str) -> None:
    for number in range(4):
        delivery = a_delivery()
        noted(hard(delivery, status="5.7.1", cause=cause), f"inbound:{number}", now + number * DAY)

    assert (state(delivery), scopes()) == ("bounced", [])


def test_a_delivery_notice_changes_nothing(sqlite_app: Flask) -> None:
    delivery = a_delivery()

    noted(BounceReport("delivered", ZOE, delivery.id, "2.0.0"))

    assert (state(delivery), of_delivery(delivery.id)) == ("sent", [])


def test_a_proven_report_is_about_whom_we_wrote_to_not_about_an_alias(sqlite_app: Flask) -> None:
    delivery = a_delivery()

    said = noted(hard(delivery, address="zoe.private@families.example"))

    assert said.detail["suppressed"] == ZOE
    assert scopes("zoe.private@families.example") == []


def test_a_message_id_counts_with_the_person_it_went_to(app: Flask) -> None:
    delivery = a_delivery(message_id="<m-1@school.example>")
    report = BounceReport(
        "hard", "Zoe@School.example", None, "5.1.1", "mailbox_unknown", "", "<m-1@school.example>"
    )

    noted(report)

    assert (state(delivery), scopes()) == ("bounced", ["all"])


def test_a_message_id_counts_with_the_address_before_the_alias(sqlite_app: Flask) -> None:
    a_delivery(message_id="<m-1@school.example>")
    facts = {"message_id": "<m-1@school.example>", "original_address": ZOE, "cause": "mailbox_unknown"}

    noted(BounceReport("hard", "zoe.private@families.example", **facts))

    assert scopes() == ["all"]


def test_a_message_id_with_another_person_is_refused(sqlite_app: Flask) -> None:
    delivery = a_delivery(message_id="<m-1@school.example>")
    report = BounceReport(
        "hard", "victim@school.example", None, "5.1.1", "mailbox_unknown", "", "<m-1@school.example>"
    )

    said = noted(report)

    assert (state(delivery), scopes(), scopes("victim@school.example")) == ("sent", [], [])
    assert "forged" in said.attention
    assert of_delivery(delivery.id) == []


@pytest.mark.parametrize(
    "proof",
    [{}, {"delivery_id": 4711}, {"message_id": "<nobody@school.example>"}, {"message_id": "<" + "x" * 400}],
)
def test_a_report_about_no_mail_of_ours_is_refused_and_shown(
    sqlite_app: Flask, proof: dict[str, object]
) -> None:
    a_delivery()

    said = noted(BounceReport("hard", ZOE, status="5.1.1", cause="mailbox_unknown", **proof))  # type: ignore[arg-type]

    assert scopes() == []
    assert "no effect" in said.attention
    assert db.session.query(Bounce).count() == 0


@pytest.mark.parametrize(("kind", "scope"), [("newsletter", "newsletter"), ("transactional", "all")])
def test_a_complaint_stops_the_kind_of_mail_it_is_about(app: Flask, kind: str, scope: str) -> None:
    delivery = a_delivery(kind=kind)

    noted(BounceReport("complaint", ZOE, delivery.id, cause="abuse"))

    assert (state(delivery), scopes()) == ("sent", [scope])


def test_a_mail_that_was_called_off_keeps_its_state(sqlite_app: Flask) -> None:
    delivery = a_delivery("cancelled")

    noted(hard(delivery))

    assert (state(delivery), scopes()) == ("cancelled", ["all"])


def test_a_report_that_overtakes_the_books_is_tried_again_later(sqlite_app: Flask) -> None:
    delivery = a_delivery("sending")

    with pytest.raises(Unavailable):
        noted(hard(delivery))

    assert (scopes(), of_delivery(delivery.id)) == ([], [])


def test_a_finished_campaign_is_looked_at_again_once(app: Flask) -> None:
    with transaction() as session:
        mailing = Mailing(sender_id=sender_id(), title="Spring", created_at=clock.now(), over_at=clock.now())
        session.add(mailing)
    for number in range(3):
        delivery = a_delivery(mailing_id=mailing.id, kind="newsletter", address=f"p{number}@school.example")
        noted(hard(delivery), f"inbound:{number}")

    runs = db.session.query(JobRun).filter(JobRun.name == "campaigns.settle").all()
    assert [run.arguments for run in runs] == [{"mailing_id": mailing.id}]
