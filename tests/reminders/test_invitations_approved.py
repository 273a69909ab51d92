"""Invitations in real mails: read, told apart, and let in by a person where nobody knows the organiser."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.errors import Conflict, NotFound
from edupulse.mailboxes.models import InboundMessage
from edupulse.reminders.invitations import approve, may_approve
from edupulse.reminders.models import Event
from tests.mailboxes.dispatch.inbox import a_mail, arrive, row_of
from tests.reminders.scenes import create, utc

pytestmark = pytest.mark.usefixtures("long_before")

HEAD = "head@school.example"
STRANGER = "agent@gallery.example"
FILE = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:{method}
BEGIN:VEVENT
UID:{uid}
SEQUENCE:{sequence}
DTSTAMP:20260301T110000Z
DTSTART:20260316T090000Z
DTEND:20260316T100000Z
SUMMARY:参观画廊 Gallery tour
ORGANIZER:mailto:agent@gallery.example
END:VEVENT
END:VCALENDAR
"""


def an_invitation(
    method: str = "REQUEST",
    sequence: int = 0,
    uid: str = "tour-1@gallery.example",
    kind: str = "text/calendar",
) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = STRANGER, "office@school.example", "Gallery tour"
    mail.set_content("You are invited.")
    main, sub = kind.split("/")
    file = FILE.format(method=method, sequence=sequence, uid=uid).encode()
    mail.add_attachment(file, maintype=main, subtype=sub, filename="invite.ics")
    return bytes(mail)


def waiting() -> InboundMessage:
    row = arrive(an_invitation())
    assert row.attention
    return row


def events() -> list[Event]:
    db.session.expire_all()
    return list(db.session.scalars(select(Event)))


def test_an_invitation_that_waited_becomes_an_event_when_it_is_approved(app: Flask) -> None:
    row = waiting()
    assert [may_approve(each) for each in row.actions] == [True]

    done = approve(row.id, actor=HEAD)

    (event,) = events()
    assert (event.title, event.starts_at) == ("参观画廊 Gallery tour", utc("2026-03-16 09:00"))
    assert done.detail["event_id"] == event.id
    settled = row_of(row.id)
    assert (settled.attention, settled.settled_by) == (False, HEAD)
    assert [(each.detail["event_id"], may_approve(each)) for each in settled.actions] == [(event.id, False)]
    assert [each.action for each in entries_of(f"message:{row.id}")] == ["invitation.approve"]


def test_approved_twice_it_is_one_event(sqlite_app: Flask) -> None:
    row = waiting()

    approve(row.id, actor=HEAD)
    approve(row.id, actor=HEAD)

    assert [each.revision for each in events()] == [0]


def test_who_was_let_in_once_may_change_the_event_and_invite_again(sqlite_app: Flask) -> None:
    approve(waiting().id, actor=HEAD)

    changed = arrive(an_invitation(sequence=1, kind="application/ics"))
    called_off = arrive(an_invitation(method="CANCEL", sequence=2))

    assert (changed.attention, called_off.attention) == (False, False)
    assert [each.is_cancelled for each in events()] == [True]


def test_what_is_published_is_let_in_by_a_person_only(sqlite_app: Flask) -> None:
    row = arrive(an_invitation(method="PUBLISH"))
    assert events() == []

    approve(row.id, actor=HEAD)

    assert len(events()) == 1


def test_nobody_can_approve_a_change_of_an_event_of_ours(sqlite_app: Flask) -> None:
    ours = create()
    row = arrive(an_invitation(uid=ours.uid))

    with pytest.raises(Conflict, match="event of ours"):
        approve(row.id, actor=HEAD)

    assert [each.title for each in events()] == ["Oil painting"]
    assert row_of(row.id).attention


def test_a_mail_without_an_invitation_cannot_be_approved(sqlite_app: Flask) -> None:
    row = arrive(a_mail())

    with pytest.raises(Conflict, match="no calendar file"):
        approve(row.id, actor=HEAD)
    with pytest.raises(NotFound):
        approve(row.id + 1, actor=HEAD)
