"""The mail of a notification: in the reader's language, once, and only while it is news."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock
from edupulse.accounts.models import User
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.models import Delivery, DeliveryContent
from edupulse.notifications import reading
from edupulse.notifications.kinds import KINDS
from edupulse.notifications.mail import compose, send_notification_email
from edupulse.notifications.models import Notification
from edupulse.notifications.notify import tell_role
from edupulse.notifications.speech import language
from edupulse.transaction import transaction
from tests.notifications.conftest import a_user

FACTS = {
    "name": "%s <Office>", "error": "100 % of it is gone.", "reason": "The login was refused.", "count": 3,
    "campaign_id": 4, "sent": 12, "failed": 1, "table": "bills", "rows": 20, "filename": "bills.csv",
    "export_id": 5, "days": 3,
}  # fmt: skip


def told(person: User, kind: str = "backup_failed", **facts: object) -> Notification:
    tell_role("operator", kind, f"{kind}:key", {**FACTS, **facts}, link="/backups")
    found = db.session.scalar(select(Notification).where(Notification.user_id == person.id))
    assert found is not None
    return found


def test_a_mail_goes_out_once_however_often_it_is_asked_for(app: Flask, now: datetime) -> None:
    notification = told(a_user("admin"))

    first, second = (send_notification_email(notification.id) for _ in range(2))

    delivery = db.session.scalars(select(Delivery)).one()
    assert (first, second) == ({"mails": 1, "skipped": 0}, {"mails": 0, "skipped": 0})
    assert (delivery.kind, delivery.address) == ("notification", "admin@school.example")
    db.session.refresh(notification)
    assert (notification.mail, notification.delivery_id) == ("accepted", delivery.id)


def test_the_mail_speaks_the_language_of_its_reader(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(base_url="https://school.example")
    notification = told(a_user("admin", locale="zh"), error="磁盘已满。")

    send_notification_email(notification.id)

    delivery = db.session.scalars(select(Delivery)).one()
    content = db.session.get_one(DeliveryContent, delivery.id)
    assert (delivery.locale, delivery.subject) == ("zh", "备份失败")
    assert "磁盘已满。" in content.text
    assert "https://school.example/backups" in content.text
    assert 'lang="zh"' in content.html


def test_somebody_who_has_chosen_no_language_is_written_to_in_that_of_the_organisation(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    notification = told(a_user("admin"))
    english = compose(notification)
    change_settings(locale="zh")

    assert (english.locale, compose(notification).locale) == ("en", "zh")


def test_what_was_read_at_the_bell_is_not_mailed_any_more(sqlite_app: Flask, now: datetime) -> None:
    person = a_user("admin")
    notification = told(person)
    with clock.frozen(now + timedelta(seconds=1)):
        reading.read(person, notification.id)

        counts = send_notification_email(notification.id)

    assert counts == {"mails": 0, "skipped": 1}
    assert db.session.scalars(select(Delivery)).all() == []


def test_who_wants_only_the_mail_gets_it_though_nothing_is_unread(sqlite_app: Flask, now: datetime) -> None:
    notification = told(a_user("admin"))
    with transaction():
        notification.read_at = notification.created_at

    assert send_notification_email(notification.id) == {"mails": 1, "skipped": 0}


@pytest.mark.parametrize("change", [{"active": False}, {"role": "viewer"}], ids=["switched off", "a viewer"])
def test_who_may_not_know_any_more_gets_no_mail(sqlite_app: Flask, change: dict[str, object]) -> None:
    person = a_user("admin")
    notification = told(person)
    with transaction():
        for name, value in change.items():
            setattr(person, name, value)

    assert send_notification_email(notification.id) == {"mails": 0, "skipped": 1}


def test_yesterdays_news_is_not_mailed(sqlite_app: Flask, now: datetime) -> None:
    notification = told(a_user("admin"))

    with clock.frozen(now + timedelta(days=1)):
        assert send_notification_email(notification.id) == {"mails": 0, "skipped": 1}


def test_a_notification_that_is_gone_is_named(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound, match="no notification 7"):
        send_notification_email(7)


@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_itself_in_every_language(locale: str, kind: str) -> None:
    headline, text = KINDS[kind].said(language(locale), FACTS)

    assert headline
    assert text
    assert "%(" not in headline + text
    assert bool(re.search("[\u4e00-\u9fff]", headline)) == (locale == "zh")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fact_that_an_older_release_has_not_noted_is_a_dash(kind: str) -> None:
    headline, text = KINDS[kind].said(language("en"), {})

    assert headline
    assert "%(" not in text


def test_one_and_many_are_said_as_people_say_them() -> None:
    said = [KINDS["bills_overdue"].said(language("en"), {"count": count})[0] for count in (1, 2)]

    assert said == ["1 bill became overdue", "2 bills became overdue"]
