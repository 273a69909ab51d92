"""The mail itself: what it says, in which language and zone, and that nothing typed can break it."""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import cast

import icalendar
import pytest
from flask import Flask

from edupulse.accounts.users import create_user
from edupulse.mail.compose import build_message
from edupulse.mail.models import Delivery
from edupulse.transaction import transaction
from tests.reminders.scenes import ANNA, LI, AttendeeDraft, check, create, local, mails, utc

DUE = utc("2026-03-16 08:45")
EVIL = "<script>alert('x')</script> & \"quotes\""


def sent(**changes: object) -> Delivery:
    create(**changes)
    check(DUE)
    return mails()[-1]


def calendar_of(mail: Delivery) -> icalendar.Calendar:
    attachment = mail.content.attachments[0]
    return icalendar.Calendar.from_ical(base64.b64decode(attachment["base64"]))


def test_the_mail_says_when_and_where_in_both_forms(app: Flask) -> None:
    mail = sent(description="Bring brushes.\nAnd an apron.\n\nSee you!")

    for body in (mail.content.text, mail.content.html):
        assert "Hello Anna," in body
        assert "Monday, 16 March 2026, 10:00–11:00, Berlin time (UTC+1)" in body
        assert "Studio 2" in body
        assert "And an apron." in body


def test_a_person_reads_it_in_their_language_and_on_their_clock_with_the_other_beside(app: Flask) -> None:
    mail = sent(attendees=(LI,))

    assert mail.subject == "提醒：Oil painting（3月16日 周一 17:00）"
    assert "2026年3月16日星期一 17:00–18:00（上海时间，UTC+8）" in mail.content.text
    there = "当地时间: 2026年3月16日星期一 10:00–11:00（柏林时间，UTC+1）"
    assert there in mail.content.text
    assert '<html lang="zh"' in mail.content.html


def test_a_zone_with_the_same_clock_is_not_told_twice(app: Flask) -> None:
    mail = sent(attendees=(replace(ANNA, timezone="Europe/Paris"),))

    assert "Time there" not in mail.content.text


def test_a_day_is_the_same_day_everywhere(app: Flask) -> None:
    mail = sent(
        attendees=(replace(ANNA, timezone="America/New_York"),),
        starts=local("2026-03-16 00:00"),
        all_day=True,
    )

    assert "When: Monday, 16 March 2026 (all day)" in mail.content.text


def test_maps_come_in_the_order_of_the_readers_country(app: Flask) -> None:
    english = sent(latitude=52.52, longitude=13.405)
    chinese = sent(latitude=52.52, longitude=13.405, attendees=(LI,))

    assert "Open in Google Maps" in english.content.html
    assert "在高德地图中打开" in chinese.content.html
    assert "position=13.405,52.52" in chinese.content.text
    assert "coordinate=wgs84" in chinese.content.text


def test_every_link_is_https(app: Flask) -> None:
    mail = sent(latitude=52.52, longitude=13.405)

    links = [piece.split('"')[0] for piece in mail.content.html.split('href="')[1:]]
    assert len(links) == 6
    assert all(link.startswith("https://") for link in links)


def test_nothing_that_was_typed_becomes_html(app: Flask) -> None:
    person = AttendeeDraft(email="anna@school.example", name=EVIL)

    mail = sent(title=EVIL, description=EVIL, location=EVIL, attendees=(person,))

    assert "<script>" not in mail.content.html
    assert mail.content.html.count("&lt;script&gt;") >= 4
    assert EVIL in mail.content.text


@pytest.mark.parametrize("letter", ["&", "ä", "画", "\U0001f3a8", '"', "a\n"])
def test_the_longest_texts_stay_below_what_gmail_cuts(app: Flask, letter: str) -> None:
    line = letter.strip()
    mail = sent(
        title=line * 300,
        description=(letter * 8_000)[:8_000],
        location=line * 500,
        latitude=1.0,
        longitude=2.0,
    )

    assert len(mail.content.html.encode()) < 100_000


def test_the_calendar_entry_is_an_invitation_for_this_person_alone(app: Flask) -> None:
    mail = sent(attendees=(ANNA, LI))

    assert mail.content.attachments[0]["content_type"] == "text/calendar; method=REQUEST; charset=utf-8"
    calendar = calendar_of(mail)
    (entry,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert entry["ATTENDEE"] == "mailto:li@school.example"
    assert (entry["SEQUENCE"], entry["SUMMARY"]) == (0, "Oil painting")
    assert entry.start == utc("2026-03-16 09:00")


def test_an_imported_invitation_keeps_its_organizer(app: Flask) -> None:
    event = create()
    with transaction() as session:
        session.merge(event).organizer = "teacher@calendar.example"
    check(DUE)

    (entry,) = calendar_of(mails()[0]).walk("VEVENT")
    assert entry["ORGANIZER"] == "mailto:teacher@calendar.example"


def test_answers_go_to_the_owner(app: Flask) -> None:
    owner = create_user("head@school.example", "Head", "admin", "correct horse battery 9")
    event = create()
    with transaction() as session:
        session.merge(event).owner_id = owner.id
    check(DUE)

    (mail,) = mails()
    assert mail.content.headers["Reply-To"] == "head@school.example"
    assert mail.content.headers["List-Unsubscribe"].startswith("<mailto:head@school.example?subject=")
    assert "a person reads your answer" in mail.content.text


def test_the_whole_mail_is_what_programs_expect(app: Flask) -> None:
    mail = sent(title="Öl & 油画 \U0001f3a8")

    data = build_message(mail, mail.content, "EduPulse <office@school.example>")
    message = cast(EmailMessage, email.message_from_bytes(data, policy=email.policy.default))
    assert message["Subject"] == "Reminder: Öl & 油画 \U0001f3a8 (Mon 16 Mar, 10:00)"
    assert message["Auto-Submitted"] == "auto-generated"
    types = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert types == ["text/plain", "text/html", "text/calendar"]


def test_the_mail_refuses_no_title_that_an_event_may_have(app: Flask) -> None:
    mail = sent(title="=?utf-8?q?trick?= " + "x" * 280)

    message = email.message_from_bytes(
        build_message(mail, mail.content, "office@school.example"), policy=email.policy.default
    )
    assert message["Subject"].startswith("Reminder: =?utf-8?q?trick?= xxx")


def test_a_name_that_looks_like_a_template_stays_a_name(app: Flask) -> None:
    mail = sent(attendees=(AttendeeDraft(email="anna@school.example", name="{{ 7 * 7 }} {% raw %}"),))

    assert "Hello {{ 7 * 7 }} {% raw %}," in mail.content.text


def test_a_text_that_looks_like_a_gap_of_ours_stays_what_it_is(app: Flask) -> None:
    strange = "\ue000name\ue001 \ue000nothing\ue001"

    mail = sent(title=strange, description=strange)

    assert mail.subject.startswith(f"Reminder: {strange} (")
    assert mail.content.html.count(strange) == 3
