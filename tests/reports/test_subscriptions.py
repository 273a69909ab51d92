"""An address gets the reports of a kind once, in one language, until it is taken off."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.accounts.users import create_user, set_active
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.reports.subscriptions import of_kind, of_user, subscribe, subscriptions, unsubscribe


def test_an_address_is_on_the_list_of_a_kind_once_and_may_change_its_language(
    app: Flask, now: datetime
) -> None:
    subscribe("daily", "Ann@School.example", locale="en", actor="ada@school.example")
    again = subscribe("daily", "ann@school.example", locale="zh", actor="ada@school.example")

    assert [(each.id, each.address, each.locale) for each in subscriptions()] == [
        (again.id, "ann@school.example", "zh")
    ]


def test_what_a_person_changes_is_on_record_and_what_changes_nothing_is_not(
    sqlite_app: Flask, now: datetime
) -> None:
    for locale in ("en", "en", "zh"):
        subscribe("daily", "ann@school.example", locale=locale, actor="ada@school.example")
    unsubscribe("daily", "ANN@school.example", actor="ada@school.example")

    acts = [
        (each.action, each.subject) for each in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    ]
    assert acts == [("report.subscribe", "report:daily")] * 2 + [("report.unsubscribe", "report:daily")]
    assert subscriptions() == []


def test_a_user_has_the_subscriptions_of_the_own_address(sqlite_app: Flask, now: datetime) -> None:
    user = create_user("ann@school.example", "Ann", "operator", "four random words here")
    mine = subscribe("weekly", "ann@school.example", locale="en", actor="ann@school.example")
    subscribe("weekly", "bob@school.example", locale="en", actor="ann@school.example")

    assert mine.user_id == user.id
    assert of_user(user) == [mine]


def test_who_may_not_sign_in_any_more_gets_no_reports(sqlite_app: Flask, now: datetime) -> None:
    create_user("ada@school.example", "Ada", "admin", "four random words here")
    create_user("ann@school.example", "Ann", "operator", "four random words here")
    for address in ("ann@school.example", "bob@school.example"):
        subscribe("weekly", address, locale="en", actor="ada@school.example")

    set_active("ann@school.example", False)

    assert [each.address for each in of_kind("weekly")] == ["bob@school.example"]


@pytest.mark.parametrize(
    ("kind", "address", "locale", "field"),
    [
        ("yearly", "ann@school.example", "en", "kind"),
        ("daily", "ann", "en", "address"),
        ("daily", "ann@school.example", "fr", "locale"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    sqlite_app: Flask, kind: str, address: str, locale: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        subscribe(kind, address, locale=locale, actor="test")

    assert refused.value.facts["field"] == field


def test_taking_off_who_is_not_on_the_list_is_said(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound, match="daily reports do not go to ann"):
        unsubscribe("daily", "ann@school.example", actor="test")
