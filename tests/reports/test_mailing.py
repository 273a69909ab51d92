"""Each subscriber gets each report once, in their language, with two charts that every mail program shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO

from flask import Flask
from PIL import Image
from sqlalchemy import select

from edupulse import clock
from edupulse.database import db
from edupulse.mail.content import raw_mail
from edupulse.mail.models import Delivery
from edupulse.mail.suppressions import suppress
from edupulse.reports.compose import compose
from edupulse.reports.mailing import mail_report
from edupulse.reports.making import make
from edupulse.reports.models import Report
from edupulse.reports.rounds import run
from edupulse.reports.subscriptions import subscribe
from tests.rows import a_delivery, a_run


def a_busy_day(now: datetime) -> Report:
    """Make the report of a day with mails and jobs."""
    for hour in (3, 9, 9):
        a_delivery(accepted_at=now - timedelta(days=1, hours=hour))
    a_delivery("bounced", accepted_at=now - timedelta(days=1))
    a_run("r1", "failed", created_at=now - timedelta(days=1))
    return make("daily", now=now)


def mails() -> list[Delivery]:
    return list(
        db.session.scalars(select(Delivery).where(Delivery.kind == "report").order_by(Delivery.address))
    )


def test_each_subscriber_gets_a_report_once_however_often_it_is_made(app: Flask, now: datetime) -> None:
    report = a_busy_day(now)
    for address, locale in (("ann@x.example", "en"), ("wei@x.example", "zh")):
        subscribe("daily", address, locale=locale, actor="test")
    subscribe("weekly", "bob@x.example", locale="en", actor="test")

    counted = [mail_report(report.id), mail_report(make("daily", now=now).id)]

    assert counted == [2, 0]
    assert [(each.address, each.locale) for each in mails()] == [
        ("ann@x.example", "en"),
        ("wei@x.example", "zh"),
    ]
    assert mails()[0].subject.startswith("Daily report: Wednesday")


def test_who_subscribes_later_gets_the_report_that_is_made_again(sqlite_app: Flask, now: datetime) -> None:
    report = a_busy_day(now)
    subscribe("daily", "ann@x.example", locale="en", actor="test")
    mail_report(report.id)
    subscribe("daily", "bob@x.example", locale="en", actor="test")

    assert mail_report(report.id) == 1


def test_only_the_last_report_is_news(sqlite_app: Flask, now: datetime) -> None:
    subscribe("daily", "ann@x.example", locale="en", actor="test")

    older, last = run("daily", "2026-03-02"), run("daily", "2026-03-11")

    assert (older["mails"], last["mails"]) == (0, 1)


def test_who_wants_no_mail_gets_none_and_is_not_counted(sqlite_app: Flask, now: datetime) -> None:
    subscribe("daily", "ann@x.example", locale="en", actor="test")
    suppress("ann@x.example", reason="asked", source="test")

    assert mail_report(make("daily", now=now).id) == 0
    assert [each.state for each in mails()] == ["suppressed"]


def test_a_report_that_could_not_leave_for_long_is_not_sent_any_more(
    sqlite_app: Flask, now: datetime
) -> None:
    subscribe("hourly", "ann@x.example", locale="en", actor="test")
    mail_report(make("hourly", now=now).id)

    assert mails()[0].expires_at == now + timedelta(hours=12)


def test_the_pictures_of_the_mail_are_those_that_its_html_shows(sqlite_app: Flask, now: datetime) -> None:
    subscribe("daily", "ann@x.example", locale="en", actor="test")
    mail_report(a_busy_day(now).id)

    mail = message_from_bytes(raw_mail(mails()[0]), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    html = mail.get_body(("html",))
    assert html is not None
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    named = [str(part["Content-ID"]).strip("<>") for part in pictures]

    assert len(named) == 2
    assert all(f'src="cid:{name}"' in html.get_content() for name in named)
    sizes = [Image.open(BytesIO(part.get_payload(decode=True))).size for part in pictures]  # type: ignore[arg-type]
    assert sizes == [(1072, 376), (1072, 376)]


def test_the_text_says_what_the_html_says(sqlite_app: Flask, now: datetime) -> None:
    mail = compose(a_busy_day(now), "ann@x.example", "en")

    assert "Mails accepted: 4 (before: 0)" in mail.text
    assert "Mails accepted: 4 in all, at most 2 (00:00)." in mail.text
    assert "Jobs – Failed: 1 (before: 0)" in mail.text
    assert all("/reports/subscriptions" in each for each in (mail.text, mail.html))


def test_the_mail_speaks_chinese_from_subject_to_footer(sqlite_app: Flask, now: datetime) -> None:
    mail = compose(a_busy_day(now), "wei@x.example", "zh")

    assert mail.subject == "日报：2026年3月11日星期三"
    assert "受理的邮件：4（上期：0）" in mail.text
    assert not [word for word in ("Mails", "Jobs", "report of", "You get") if word in mail.html]


def test_a_quiet_report_says_so_and_has_no_picture(sqlite_app: Flask, now: datetime) -> None:
    mail = compose(make("daily", now=now), "ann@x.example", "en")

    assert "Nothing happened in this time" in mail.text
    assert mail.attachments == ()


def test_the_same_report_gives_the_same_mail(sqlite_app: Flask, now: datetime) -> None:
    report = a_busy_day(now)
    first = compose(report, "ann@x.example", "en")

    with clock.frozen(now + timedelta(days=1)):
        assert compose(report, "ann@x.example", "en") == first
