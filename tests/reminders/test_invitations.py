"""Invitations, changes, cancellations and answers that come by mail."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.users import create_user
from edupulse.database import db
from edupulse.mailboxes.event import Attachment, Correspondent, UnifiedEvent
from edupulse.mailboxes.handling import Done, Inbound
from edupulse.reminders.events import AttendeeDraft, cancel_event, import_ics
from edupulse.reminders.invitations import CalendarHandler
from edupulse.reminders.models import Attendee, Event
from tests.reminders.scenes import LI, change, create, local, mails, rows, utc

pytestmark = pytest.mark.usefixtures("long_before")

CLARA = "clara@school.example"
OFFICE = "office@school.example"
STAMP = "20260301T110000Z"


@pytest.fixture
def clara(sqlite_app: Flask) -> None:
    """Clara signs in here, so she is known."""
    create_user(CLARA, "Clara", "viewer", "a long enough password")


@pytest.fixture
def clara_on_both(app: Flask) -> None:
    """The same on both databases."""
    create_user(CLARA, "Clara", "viewer", "a long enough password")


def vevent(
    *lines: str, uid: str = "meet-1@clara.example", sequence: int = 0, stamp: str = STAMP, **usual: str
) -> str:
    given = {
        "DTSTART;TZID=Europe/Berlin": "20260316T100000",
        "DTEND;TZID=Europe/Berlin": "20260316T110000",
        "SUMMARY": "Staff meeting",
        "ORGANIZER": f"mailto:{CLARA}",
    } | usual
    said = [f"{name}:{value}" for name, value in given.items() if value]
    return "\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"SEQUENCE:{sequence}",
            f"DTSTAMP:{stamp}",
            *said,
            *lines,
            "END:VEVENT\n",
        ]
    )


def ics(method: str, *events: str) -> bytes:
    asked = f"METHOD:{method}\n" if method else ""
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{asked}{''.join(events)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def mail(*files: bytes, author: str = CLARA, raw: bytes = b"", **event: Any) -> Inbound:
    parts = tuple(
        Attachment(number, "invite.ics", "text/calendar", "", len(data), "")
        for number, data in enumerate(files)
    )
    unified = UnifiedEvent(
        sha256="", size=0, message_id="<1@x>", from_=(Correspondent("", author),),
        attachments=parts, calendar=tuple(range(len(files))), **event,
    )  # fmt: skip
    return Inbound(7, 1, unified, OFFICE, lambda: raw, lambda index: files[index])


def handle(*files: bytes, **mail_values: Any) -> Done:
    return CalendarHandler().handle(mail(*files, **mail_values))


def events() -> list[Event]:
    db.session.expire_all()
    return list(db.session.scalars(select(Event).order_by(Event.id)))


def only() -> Event:
    (event,) = events()
    return event


def person(name: str) -> Attendee:
    db.session.expire_all()
    return db.session.scalars(select(Attendee).where(Attendee.name == name)).one()


def reply(
    answer: str, *lines: str, uid: str, sequence: int = 0, who: str = "anna@school.example", **more: Any
) -> bytes:
    people = f"ATTENDEE;PARTSTAT={answer}:mailto:{who}"
    return ics("REPLY", vevent(people, *lines, uid=uid, sequence=sequence, **{"ORGANIZER": "", **more}))


# Invitations


def test_a_mail_without_a_calendar_file_is_not_for_the_handler(sqlite_app: Flask) -> None:
    assert CalendarHandler().wants(mail()) == ""
    assert CalendarHandler().wants(mail(b"x")) != ""


@pytest.mark.usefixtures("clara_on_both")
def test_an_invitation_of_somebody_we_know_becomes_an_event() -> None:
    done = handle(ics("REQUEST", vevent()))

    event = only()
    assert (event.uid, event.organizer, event.starts_at) == (
        "meet-1@clara.example",
        CLARA,
        utc("2026-03-16 09:00"),
    )
    assert event.owner is not None
    assert (done.detail["event_id"], done.attention) == (event.id, "")


@pytest.mark.usefixtures("clara")
def test_the_same_invitation_twice_is_one_event() -> None:
    data = ics("REQUEST", vevent())
    handle(data, data)

    done = handle(data)

    assert only().revision == 0
    assert "newer version is here" in done.words


@pytest.mark.usefixtures("clara")
def test_a_change_with_a_higher_sequence_changes_the_event() -> None:
    handle(ics("REQUEST", vevent()))
    later = {"DTSTART;TZID=Europe/Berlin": "20260316T140000", "DTEND;TZID=Europe/Berlin": "20260316T150000"}

    handle(ics("REQUEST", vevent(sequence=1, **later)))

    assert only().starts_at == utc("2026-03-16 13:00")


@pytest.mark.usefixtures("clara_on_both")
def test_with_equal_sequence_the_later_stamp_counts() -> None:
    handle(ics("REQUEST", vevent(stamp="20260301T110000Z")))

    handle(ics("REQUEST", vevent(stamp="20260301T113000Z", SUMMARY="In Studio 2")))
    handle(ics("REQUEST", vevent(stamp="20260301T112000Z", SUMMARY="Overtaken")))

    assert only().title == "In Studio 2"


@pytest.mark.usefixtures("clara")
def test_what_overtook_its_forerunner_stays() -> None:
    handle(ics("REQUEST", vevent(sequence=2, SUMMARY="Second")))

    done = handle(ics("REQUEST", vevent(sequence=1, stamp="20260302T110000Z", SUMMARY="First")))

    assert only().title == "Second"
    assert done.attention == ""


@pytest.mark.usefixtures("clara")
def test_the_organisers_next_version_counts_although_the_event_was_changed_here() -> None:
    handle(ics("REQUEST", vevent()))
    for place in ("Studio 3", "Studio 4"):
        change(only(), utc("2026-03-02 09:00"), location=place)

    handle(ics("REQUEST", vevent(sequence=1, LOCATION="Great hall")))

    assert only().location == "Great hall"


@pytest.mark.usefixtures("clara_on_both")
def test_only_people_we_know_come_onto_the_list() -> None:
    create(attendees=(LI,))
    guests = [f"ATTENDEE;CN=Li:mailto:{LI.email}", "ATTENDEE;CN=Victim:mailto:victim@elsewhere.example"]

    done = handle(ics("REQUEST", vevent(*guests)))

    event = db.session.get_one(Event, done.detail["event_id"])
    assert [each.address for each in event.attendees] == [LI.email]
    assert {each.address for each in rows(event_id=event.id)} == {LI.email}


def test_an_invitation_of_a_stranger_waits_for_approval(sqlite_app: Flask) -> None:
    done = handle(ics("REQUEST", vevent()))

    assert events() == []
    assert "is not known here" in done.attention
    assert done.detail["may_be_approved"]


@pytest.mark.usefixtures("clara")
@pytest.mark.parametrize(
    ("author", "auth"),
    [
        ("mallory@evil.example", {"dmarc": "pass"}),
        (CLARA, {"dmarc": "fail"}),
        (CLARA, {"dkim": "fail", "spf": "softfail"}),
    ],
)
def test_an_invitation_in_the_name_of_somebody_we_know_waits_for_approval(
    author: str, auth: dict[str, str]
) -> None:
    done = handle(ics("REQUEST", vevent()), author=author, auth=auth)

    assert events() == []
    assert done.detail["may_be_approved"]


@pytest.mark.usefixtures("clara")
def test_sent_by_gives_nobody_the_right_to_speak_for_another() -> None:
    by = {"ORGANIZER": "", 'ORGANIZER;SENT-BY="mailto:mallory@evil.example"': f"mailto:{CLARA}"}

    handle(ics("REQUEST", vevent(**by)), author="mallory@evil.example")

    assert events() == []


@pytest.mark.usefixtures("clara")
def test_an_event_of_ours_is_not_changed_by_mail() -> None:
    ours = create()

    done = handle(ics("REQUEST", vevent(uid=ours.uid, sequence=9, SUMMARY="Taken over")))

    assert only().title == "Oil painting"
    assert "event of ours" in done.attention


def test_our_own_invitation_that_comes_back_changes_nothing_and_needs_nobody(sqlite_app: Flask) -> None:
    ours = create()

    done = handle(
        ics("REQUEST", vevent(uid=ours.uid, sequence=9, ORGANIZER=f"mailto:{OFFICE}")), author=OFFICE
    )

    assert only().title == "Oil painting"
    assert done.attention == ""


@pytest.mark.usefixtures("clara")
def test_what_the_file_leaves_out_the_mail_around_it_says() -> None:
    chinese = ics("", vevent(SUMMARY="龍翀镕的课")).decode().encode("gb18030")
    raw = b'Content-Type: text/calendar; method="REQUEST"; charset=gb2312\r\n\r\nx'

    handle(chinese, raw=raw)

    assert only().title == "龍翀镕的课"


@pytest.mark.usefixtures("clara")
def test_a_file_that_asks_nothing_is_shown_to_a_person() -> None:
    done = handle(ics("", vevent()), raw=b"Subject: see attached\r\n\r\n")

    assert events() == []
    assert done.attention


@pytest.mark.usefixtures("clara")
@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=DAILY;COUNT=999999", "FREQ=DAILY;BYHOUR=99"])
def test_a_rule_beyond_the_budget_is_told_and_leaves_no_trace(rule: str) -> None:
    done = handle(ics("REQUEST", vevent(f"RRULE:{rule}")))

    assert events() == []
    assert "RRULE" in done.attention or "rule" in done.attention


@pytest.mark.usefixtures("clara")
def test_a_file_with_very_many_events_is_no_invitation() -> None:
    done = handle(ics("REQUEST", *(vevent(uid=f"{number}@x.example") for number in range(60))))

    assert events() == []
    assert "no invitation" in done.attention


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff" * 500, b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT", b"METHOD:REQUEST"]
)
def test_rubbish_is_shown_to_a_person(sqlite_app: Flask, data: bytes) -> None:
    assert handle(data).attention


@pytest.mark.usefixtures("clara_on_both")
def test_what_no_database_takes_is_left_out() -> None:
    handle(ics("REQUEST", vevent(uid="meet\x00-1@clara.example", SUMMARY="Staff\x00 meeting")))

    assert (only().uid, only().title) == ("meet-1@clara.example", "Staff meeting")


# A series and its instances


def series(sequence: int = 0) -> str:
    return vevent("RRULE:FREQ=WEEKLY;COUNT=3", sequence=sequence)


def instance(*lines: str, sequence: int = 1, start: str = "20260323T150000", **more: str) -> str:
    when = {"DTSTART;TZID=Europe/Berlin": start, "DTEND;TZID=Europe/Berlin": "", "DURATION": "PT1H"}
    return vevent(
        "RECURRENCE-ID;TZID=Europe/Berlin:20260323T100000", *lines, sequence=sequence, **(when | more)
    )


@pytest.mark.usefixtures("clara")
def test_a_change_of_one_date_changes_that_date_of_the_series() -> None:
    handle(ics("REQUEST", series()))

    handle(ics("REQUEST", instance()))

    assert only().overrides["2026-03-23T10:00:00"]["starts"] == "2026-03-23T15:00:00"


@pytest.mark.usefixtures("clara")
def test_a_cancelled_date_is_left_out_and_comes_back_when_invited_again() -> None:
    handle(ics("REQUEST", series()))

    handle(ics("CANCEL", instance(sequence=1)))
    cancelled = only().overrides["2026-03-23T10:00:00"]["cancelled"]
    handle(ics("REQUEST", instance(sequence=2)))

    assert cancelled
    assert not only().is_cancelled
    assert not only().overrides["2026-03-23T10:00:00"]["cancelled"]


@pytest.mark.usefixtures("clara")
def test_a_date_without_its_series_is_one_event_that_follows_its_changes() -> None:
    handle(ics("REQUEST", instance()))

    handle(ics("REQUEST", instance(sequence=2, start="20260323T170000")))

    assert only().starts_at == utc("2026-03-23 16:00")


@pytest.mark.usefixtures("clara")
def test_a_date_that_the_series_does_not_have_is_told() -> None:
    handle(ics("REQUEST", vevent()))
    handle(ics("REQUEST", series(sequence=1)))

    done = handle(ics("CANCEL", vevent("RECURRENCE-ID;TZID=Europe/Berlin:20260401T100000", sequence=2)))

    assert only().overrides == {}
    assert "no occurrence" in done.attention


# Cancellations


@pytest.mark.usefixtures("clara_on_both")
def test_the_organiser_calls_the_event_off_once() -> None:
    handle(ics("REQUEST", vevent()))
    called_off = ics("CANCEL", vevent(sequence=1, STATUS="CANCELLED"))

    first, second = handle(called_off), handle(called_off)

    assert only().is_cancelled
    assert (first.attention, second.attention) == ("", "")
    assert only().revision == 1


@pytest.mark.usefixtures("clara")
def test_nobody_else_calls_it_off() -> None:
    create_user("eve@school.example", "Eve", "viewer", "a long enough password")
    handle(ics("REQUEST", vevent()))
    forged = vevent(sequence=1, ORGANIZER="mailto:eve@school.example")

    done = handle(ics("CANCEL", forged), author="eve@school.example")
    also = handle(ics("CANCEL", vevent(sequence=1)), author="eve@school.example")

    assert not only().is_cancelled
    assert f"its organiser is {CLARA}" in done.attention
    assert also.attention


@pytest.mark.usefixtures("clara")
def test_what_the_organiser_called_off_takes_place_when_invited_anew() -> None:
    handle(ics("REQUEST", vevent()))
    handle(ics("CANCEL", vevent(sequence=1)))

    handle(ics("REQUEST", vevent(sequence=2, LOCATION="Great hall")))

    assert (only().is_cancelled, only().location) == (False, "Great hall")


@pytest.mark.usefixtures("clara")
def test_what_was_cancelled_here_stays_so_when_the_organiser_only_rewords_it() -> None:
    handle(ics("REQUEST", vevent()))
    cancel_event(only().id, "head@school.example")

    done = handle(ics("REQUEST", vevent(stamp="20260302T110000Z", SUMMARY="Reworded")))

    assert only().is_cancelled
    assert "stays cancelled" in done.words


@pytest.mark.usefixtures("clara")
def test_what_is_called_off_and_unknown_needs_nobody() -> None:
    done = handle(ics("CANCEL", vevent()))

    assert (events(), done.attention) == ([], "")


@pytest.mark.usefixtures("clara")
def test_who_alone_is_uninvited_does_not_cancel_it_for_the_others() -> None:
    create(attendees=(LI, AttendeeDraft("anna@school.example", "Anna")))
    guests = [f"ATTENDEE:mailto:{LI.email}", "ATTENDEE:mailto:anna@school.example"]
    handle(ics("REQUEST", vevent(*guests)))

    done = handle(ics("CANCEL", vevent(guests[0], sequence=1)))

    assert not any(each.is_cancelled for each in events())
    assert "uninvited" in done.attention


# Answers


@pytest.mark.parametrize(
    ("answer", "status"), [("ACCEPTED", "accepted"), ("TENTATIVE", "tentative"), ("DECLINED", "declined")]
)
def test_an_answer_is_written_beside_the_name(sqlite_app: Flask, answer: str, status: str) -> None:
    ours = create()

    done = handle(reply(answer, uid=ours.uid), author="anna@school.example")

    assert person("Anna").status == status
    assert (done.detail["event_id"], done.attention) == (ours.id, "")
    assert only().sequence == ours.sequence


def test_who_declines_is_not_reminded(sqlite_app: Flask) -> None:
    ours = create()

    handle(reply("DECLINED", uid=ours.uid), author="anna@school.example")

    assert [each.state for each in rows(event_id=ours.id)] == ["cancelled"]
    assert list(mails()) == []


def test_the_later_answer_counts_whatever_comes_first(app: Flask) -> None:
    ours = create()
    yes = reply("ACCEPTED", uid=ours.uid, stamp="20260302T100000Z")
    no = reply("DECLINED", uid=ours.uid, stamp="20260302T110000Z")

    for data in (no, yes, no):
        handle(data, author="anna@school.example")

    assert person("Anna").status == "declined"


@pytest.mark.parametrize("author", ["mallory@evil.example", "li@school.example"])
def test_nobody_answers_for_another(sqlite_app: Flask, author: str) -> None:
    ours = create()

    done = handle(reply("DECLINED", uid=ours.uid), author=author)

    assert person("Anna").status == "invited"
    assert done.attention


def test_who_was_not_invited_does_not_come_onto_the_list(sqlite_app: Flask) -> None:
    ours = create()

    done = handle(reply("ACCEPTED", uid=ours.uid, who="eve@x.example"), author="eve@x.example")

    assert [each.name for each in only().attendees] == ["Anna"]
    assert "was not invited" in done.attention


def test_an_answer_to_an_older_version_is_shown_to_a_person(sqlite_app: Flask) -> None:
    ours = change(create(), utc("2026-03-02 09:00"), starts=local("2026-03-17 10:00"))

    done = handle(reply("ACCEPTED", uid=ours.uid, sequence=0), author="anna@school.example")

    assert person("Anna").status == "invited"
    assert "before" in done.attention


def test_what_somebody_adds_to_an_answer_is_shown_to_a_person(sqlite_app: Flask) -> None:
    ours = create()

    done = handle(
        reply("ACCEPTED", "COMMENT:I come a little later.", uid=ours.uid), author="anna@school.example"
    )

    assert person("Anna").status == "accepted"
    assert "I come a little later." in done.attention


def test_an_answer_for_one_date_leaves_the_answer_for_all_dates(sqlite_app: Flask) -> None:
    ours = create(rrule="FREQ=WEEKLY;COUNT=3")
    one = "RECURRENCE-ID;TZID=Europe/Berlin:20260323T100000"

    done = handle(reply("DECLINED", one, uid=ours.uid), author="anna@school.example")

    assert person("Anna").status == "invited"
    assert "2026-03-23" in done.attention


def test_an_answer_to_nothing_is_shown_to_a_person(sqlite_app: Flask) -> None:
    assert handle(reply("ACCEPTED", uid="unknown@x"), author="anna@school.example").attention


@pytest.mark.usefixtures("clara")
def test_an_answer_to_somebody_elses_invitation_changes_nothing() -> None:
    file = ics("", vevent("ATTENDEE;CN=Anna:mailto:anna@school.example"))
    import_ics(file, "head@school.example")

    done = handle(reply("DECLINED", uid="meet-1@clara.example"), author="anna@school.example")

    assert person("Anna").status == "invited"
    assert CLARA in done.words
