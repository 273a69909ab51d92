"""A bounce stops an address, a wish is granted to whom it belongs, and the staff hear of the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mail import suppressions, unsubscribe
from edupulse.mail.models import Delivery, DeliveryContent
from edupulse.mail.return_path import mail_from
from edupulse.mailboxes.dispatch import loops
from edupulse.mailboxes.handlers.auto_reply import AutoReply
from edupulse.mailboxes.handling import Done
from edupulse.mailboxes.models import InboundMessage
from edupulse.mailboxes.processing import quarantine
from edupulse.mailboxes.processing.process import process
from tests.mailboxes.dispatch.inbox import (
    OFFICE,
    a_mail,
    a_mailbox,
    an_event,
    an_inbound,
    arrive,
    row_of,
    the_action,
)
from tests.rows import a_delivery

ZOE = "zoe@school.example"


def a_dsn(recipient: str, *, to: str = OFFICE, status: str = "5.1.1", original: str = "<m@x>") -> bytes:
    """Return what Postfix says about a mail that it could not deliver."""
    return (
        f"From: MAILER-DAEMON@mx.example (Mail Delivery System)\r\nTo: {to}\r\nDelivered-To: {to}\r\n"
        "Return-Path: <>\r\nSubject: Undelivered Mail Returned to Sender\r\nMessage-ID: <dsn@mx.example>\r\n"
        "Date: Thu, 12 Mar 2026 08:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI could not deliver your mail.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} <{recipient}>: no such user here\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {original}\r\nTo: {recipient}\r\n\r\n--b--\r\n"
    ).encode()


def a_reminder(state: str = "sent", **values: Any) -> Delivery:
    """Store a mail to Zoë whose Message-ID is as long as ours are."""
    return a_delivery(state, message_id="<0123456789abcdef@school.example>", **values)


def stopped(address: str = ZOE) -> list[str]:
    db.session.expire_all()
    return [each.scope for each in suppressions.of(address)]


def mails(kind: str) -> list[Delivery]:
    db.session.expire_all()
    return list(db.session.scalars(select(Delivery).where(Delivery.kind == kind).order_by(Delivery.id)))


def token_of(delivery: Delivery) -> str:
    return unsubscribe.link(delivery.id, delivery.address).rpartition("/")[2]


def test_a_bounce_finds_its_mail_and_stops_the_address(app: Flask) -> None:
    delivery = a_reminder()

    row = arrive(a_dsn(ZOE, original=delivery.message_id))

    db.session.expire_all()
    assert (row.kind, row.delivery_id, row.attention) == ("bounce", delivery.id, False)
    assert db.session.get_one(Delivery, delivery.id).state == "bounced"
    assert stopped() == ["all"]
    assert the_action(row.id).detail["reports"][0]["suppressed"] == ZOE


def test_a_bounce_that_is_processed_twice_has_one_effect(sqlite_app: Flask) -> None:
    row = arrive(a_dsn(ZOE, original=a_reminder().message_id))

    quarantine.put_back(row.id, actor="ada")
    process(row.id)

    assert stopped() == ["all"]


def test_a_bounce_to_a_signed_address_finds_its_mail_whoever_is_named(
    sqlite_app: Flask, change_settings: Any
) -> None:
    change_settings(bounce_address="bounces@school.example")
    delivery = a_delivery()

    row = arrive(a_dsn("somebody@forwarded.example", to=mail_from(delivery.id, "")))

    assert (row.kind, row.delivery_id, stopped()) == ("bounce", delivery.id, ["all"])


def test_a_forged_bounce_stops_nobody_and_is_laid_before_the_staff(sqlite_app: Flask) -> None:
    row = arrive(a_dsn("victim@school.example", original=a_reminder().message_id))

    assert (stopped(), stopped("victim@school.example")) == ([], [])
    assert row.attention
    assert "forged" in (row.attention_why or "")


def test_a_report_about_nobody_is_laid_before_the_staff(sqlite_app: Flask) -> None:
    from edupulse.mailboxes.dispatch.reports import note_all

    assert note_all(an_inbound(kind="bounce")).attention


def test_a_bounce_of_a_mail_that_is_just_leaving_is_tried_again(sqlite_app: Flask) -> None:
    delivery = a_reminder("sending", claim="x")

    row = arrive(a_dsn(ZOE, original=delivery.message_id))

    assert the_action(row.id).state == "failed"
    assert db.session.scalar(select(JobRun.state).where(JobRun.name == "mailboxes.handle")) == "deferred"


def at_once(**values: Any) -> Done:
    delivery_id = values.pop("delivery_id", None)
    done = AutoReply().at_once(an_inbound(an_event(**values), delivery_id=delivery_id))
    assert done is not None
    return done


def test_an_automatic_answer_needs_nobody_and_other_mail_of_programs_is_shown(sqlite_app: Flask) -> None:
    assert at_once(delivery_id=7).attention == ""
    assert at_once(headers={"auto-submitted": ("auto-replied",)}).attention == ""
    assert at_once(headers={"auto-submitted": ("auto-generated",)}).attention


def test_an_out_of_office_note_is_filed_and_nobody_is_bothered(sqlite_app: Flask) -> None:
    a_mailbox(staff=["ada@school.example"])
    delivery = a_delivery()

    row = arrive(a_mail("I am away.", In_Reply_To=delivery.message_id, Auto_Submitted="auto-replied"))

    assert (row.kind, row.delivery_id, row.attention) == ("auto_reply", delivery.id, False)
    assert mails(loops.NOTICE) == []


def test_the_staff_are_mailed_once_with_what_was_written(app: Flask) -> None:
    a_mailbox(staff=["ada@school.example"])

    row = arrive(a_mail())

    (notice,) = mails(loops.NOTICE)
    content = db.session.get_one(DeliveryContent, notice.id)
    assert (notice.address, notice.subject) == ("ada@school.example", "New message: A question")
    assert "When does the class begin?" in content.text
    assert f"/messages/{row.id}" in content.text
    assert row.attention


def test_a_subject_full_of_control_characters_breaks_no_notice(sqlite_app: Flask) -> None:
    a_mailbox(staff=["ada@school.example"])

    arrive(a_mail().replace(b"A question", b"=?utf-8?q?a=0D=0ABcc:_x=40y.example=00=E2=80=AE?="))

    (notice,) = mails(loops.NOTICE)
    assert notice.state == "queued"


def test_our_own_notice_that_comes_back_goes_round_no_more(sqlite_app: Flask) -> None:
    a_mailbox(staff=[OFFICE])
    first = arrive(a_mail())

    row = arrive(a_mail(From=OFFICE, Message_ID="<n@x.example>", X_Loop=loops.mark(first.id)["X-Loop"]))

    assert len(mails(loops.NOTICE)) == 1
    assert not row.attention


def test_mail_from_an_address_of_ours_is_shown_but_mailed_to_nobody(sqlite_app: Flask) -> None:
    a_mailbox(staff=["ada@school.example"])

    row = arrive(a_mail(From=OFFICE))

    assert mails(loops.NOTICE) == []
    assert row.attention
    assert "an address of ours" in the_action(row.id).outcome


def test_a_correspondent_who_writes_without_end_does_not_flood_the_staff(sqlite_app: Flask) -> None:
    a_mailbox(staff=["ada@school.example"])

    rows = [arrive(a_mail(f"number {number}")) for number in range(loops.NOTICES_A_DAY + 3)]

    assert len(mails(loops.NOTICE)) == loops.NOTICES_A_DAY
    assert all(row.attention for row in rows)


def a_newsletter(**values: Any) -> Delivery:
    return a_delivery(kind="newsletter", **values)


def test_a_bare_word_from_whom_the_mail_went_to_stops_the_newsletters_and_is_confirmed_once(
    app: Flask,
) -> None:
    delivery = a_newsletter()

    row = arrive(a_mail("Unsubscribe!\n\n> Dear Zoë,\n> our courses", In_Reply_To=delivery.message_id))

    (answer,) = mails(loops.ANSWER)
    assert (row.kind, row.attention, stopped()) == ("unsubscribe", False, ["newsletter"])
    assert answer.address == ZOE
    assert token_of(delivery) in db.session.get_one(DeliveryContent, answer.id).text
    assert db.session.scalar(select(AuditEntry.action).where(AuditEntry.actor == "recipient"))


def test_asked_again_nothing_more_happens(sqlite_app: Flask) -> None:
    delivery = a_newsletter()

    for number in range(3):
        arrive(a_mail("stop", In_Reply_To=delivery.message_id, Message_ID=f"<{number}@home.example>"))

    assert stopped() == ["newsletter"]
    assert len(mails(loops.ANSWER)) == 1


def test_the_link_in_the_confirmation_takes_it_back(sqlite_app: Flask) -> None:
    delivery = a_newsletter()
    arrive(a_mail("退订", In_Reply_To=delivery.message_id))

    assert unsubscribe.undo(token_of(delivery))
    assert stopped() == []


def test_a_signed_token_is_enough_whoever_sends_it(sqlite_app: Flask) -> None:
    delivery = a_newsletter()
    address = f"unsubscribe+{token_of(delivery)}@school.example"

    row = arrive(a_mail("", From="other@home.example", To=address, Subject="unsubscribe"))

    assert (row.kind, stopped()) == ("unsubscribe", ["newsletter"])
    assert [each.address for each in mails(loops.ANSWER)] == [ZOE]


def test_a_token_in_the_subject_is_enough(sqlite_app: Flask) -> None:
    delivery = a_newsletter()

    arrive(a_mail("", From="other@home.example", Subject=f"unsubscribe {token_of(delivery)}"))

    assert stopped() == ["newsletter"]


def test_a_forged_token_stops_nobody(sqlite_app: Flask) -> None:
    first, second = a_newsletter(), a_newsletter(address="ann@school.example")
    forged = f"{second.id}.{token_of(first).partition('.')[2]}"

    row = arrive(a_mail("", From="other@home.example", Subject=f"unsubscribe {forged}"))

    assert (stopped(), stopped("ann@school.example")) == ([], [])
    assert row.attention


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "stop\n\nOn Thu, 12 Mar 2026 School wrote:\n> Dear Zoë",
        "FYI\n\n---------- Forwarded message ---------\nTo end this: {link}\nunsubscribe",
    ],
)
def test_a_forwarded_newsletter_takes_nobody_off_the_list(sqlite_app: Flask, text: str) -> None:
    delivery = a_newsletter()
    link = unsubscribe.link(delivery.id, delivery.address)

    row = arrive(
        a_mail(
            text.format(link=link),
            From="friend@home.example",
            In_Reply_To=delivery.message_id,
            Subject="Fwd: News",
        )
    )

    assert stopped() == stopped("friend@home.example") == []
    assert mails(loops.ANSWER) == []
    assert row.attention


def test_who_has_more_to_say_is_read_by_a_person(sqlite_app: Flask) -> None:
    delivery = a_newsletter()

    row = arrive(a_mail("Please do not stop, I love it!", In_Reply_To=delivery.message_id))

    assert (row.kind, stopped(), row.attention) == ("reply", [], True)


def test_who_writes_anew_instead_of_answering_is_known_by_the_last_newsletter(sqlite_app: Flask) -> None:
    a_newsletter()

    arrive(a_mail("unsubscribe\n\nSent from my iPhone"))

    assert stopped() == ["newsletter"]


def test_who_gets_no_mail_of_ours_is_shown_to_the_staff(sqlite_app: Flask) -> None:
    row = arrive(a_mail("unsubscribe"))

    assert (row.kind, row.attention, stopped()) == ("unsubscribe", True, [])


def test_reminders_can_be_refused_as_our_mails_offer_it(sqlite_app: Flask) -> None:
    a_delivery(kind="reminder")

    arrive(a_mail("", Subject="No reminders, please"))

    assert stopped() == ["reminder"]
    assert "Reminders" in db.session.get_one(DeliveryContent, mails(loops.ANSWER)[0].id).text


def test_a_mail_that_nobody_can_refuse_leaves_it_to_a_person(sqlite_app: Flask) -> None:
    delivery = a_delivery(kind="transactional")

    row = arrive(a_mail("stop", In_Reply_To=delivery.message_id))

    assert (stopped(), row.attention) == ([], True)


def test_a_program_that_asks_with_a_token_is_heard_and_not_answered(sqlite_app: Flask) -> None:
    address = f"unsubscribe+{token_of(a_newsletter())}@school.example"

    arrive(a_mail("", To=address, Subject="unsubscribe", Auto_Submitted="auto-generated"))

    assert (stopped(), mails(loops.ANSWER)) == (["newsletter"], [])


def test_nobody_gets_a_fourth_confirmation_in_a_day(sqlite_app: Flask) -> None:
    for _ in range(loops.ANSWERS_A_DAY):
        a_delivery(kind=loops.ANSWER)
    delivery = a_newsletter()

    row = arrive(a_mail("stop", In_Reply_To=delivery.message_id))

    assert stopped() == ["newsletter"]
    assert len(mails(loops.ANSWER)) == loops.ANSWERS_A_DAY
    assert "No confirmation was sent" in the_action(row.id).outcome


def test_every_confirmation_says_that_a_program_wrote_it(sqlite_app: Flask) -> None:
    arrive(a_mail("stop", In_Reply_To=a_newsletter().message_id))

    headers = db.session.get_one(DeliveryContent, mails(loops.ANSWER)[0].id).headers
    message_id = db.session.scalar(select(InboundMessage.id))
    assert headers == loops.mark(message_id or 0)
    assert row_of(message_id or 0).state == "processed"


def test_what_lay_in_the_mailbox_before_it_was_entered_is_shown_and_mailed_to_nobody(app: Flask) -> None:
    mailbox = a_mailbox(staff=["ada@school.example"])
    entered = mailbox.created_at

    old = arrive(a_mail("old"), mailbox, internal_date=entered - timedelta(days=400))
    new = arrive(a_mail("new"), mailbox, internal_date=entered)

    assert (old.attention, new.attention) == (True, True)
    assert "before this mailbox was read here" in the_action(old.id).outcome
    assert [mail.subject_id for mail in mails(loops.NOTICE)] == [f"message:{new.id}"]


def test_a_flood_of_strangers_is_shown_and_mails_the_staff_only_so_often(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "NOTICES_AN_HOUR", 2)
    mailbox = a_mailbox(staff=["ada@school.example"])

    rows = [arrive(a_mail(From=f"p{number}@example.org"), mailbox) for number in range(4)]

    assert len(mails(loops.NOTICE)) == 2
    assert all(row_of(row.id).attention for row in rows)
    assert "within an hour" in the_action(rows[-1].id).outcome
