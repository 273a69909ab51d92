"""A report with its pictures goes the whole way: made, accepted, sent, received as it was composed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes, policy

from flask import Flask
from sqlalchemy import select

from edupulse.database import db
from edupulse.mail.deliver import deliver
from edupulse.mail.models import Delivery
from edupulse.reports.rounds import run
from edupulse.reports.subscriptions import subscribe
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.line import through
from tests.rows import a_delivery


def test_a_report_arrives_with_its_picture_inside(
    sqlite_app: Flask, now: datetime, change_settings: Callable[..., None]
) -> None:
    a_delivery(accepted_at=now - timedelta(days=1))
    subscribe("daily", "ann@x.example", locale="zh", actor="test")

    with through(SmtpDouble(), change_settings) as double:
        run("daily")
        deliver(list(db.session.scalars(select(Delivery.id).where(Delivery.kind == "report"))))

    (copy,) = double.accepted
    kinds = [part.get_content_type() for part in message_from_bytes(copy.data, policy=policy.default).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    assert db.session.scalar(select(Delivery.state).where(Delivery.kind == "report")) == "sent"
