"""A notification becomes a mail, once, unless its person has read it or may not be told any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from edupulse.accounts.models import User
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import NotFound
from edupulse.mail import outbox
from edupulse.mail.compose import Mail
from edupulse.mail.models import Delivery
from edupulse.mail.render import render_mail
from edupulse.notifications.kinds import KINDS
from edupulse.notifications.models import Notification
from edupulse.notifications.speech import language
from edupulse.transaction import rows_changed, transaction

KIND = "notification"  # of the mail
OF_USE = timedelta(days=1)  # older news waits at the bell and is not mailed any more


def send_notification_email(notification_id: int) -> dict[str, int]:
    """Hand the mail of a notification to the mail line; return how many mails, and how many were not needed.

    Called again it does nothing. Raises NotFound.
    """
    with transaction() as session:
        notification = session.get(Notification, notification_id, with_for_update={"of": Notification})
        if notification is None:
            raise NotFound(f"There is no notification {notification_id}.", notification_id=notification_id)
        if notification.mail != "waiting":
            return {"mails": 0, "skipped": 0}
        if not _is_wanted(notification, now()):
            _settle(session, notification, "skipped")
            return {"mails": 0, "skipped": 1}
        delivery = _accept(notification)
        _settle(session, notification, "accepted", delivery.id)
    return {"mails": 1, "skipped": 0}


def _is_wanted(notification: Notification, moment: datetime) -> bool:
    """Decide whether the mail still says something new to somebody who may know it."""
    kind, person = KINDS.get(notification.kind), notification.user
    may_know = kind is not None and person.active and kind.reaches(person.role)
    # What is read from the first moment on is for the mail alone.
    was_read = notification.read_at is not None and notification.read_at > notification.created_at
    return may_know and not was_read and moment - notification.created_at < OF_USE


def _accept(notification: Notification) -> Delivery:
    return outbox.accept(
        compose(notification),
        kind=KIND,
        subject_id=str(notification.id),
        occurrence=notification.created_at.isoformat(),
        due_at=notification.created_at,
        expires_at=notification.created_at + OF_USE,
    )


def compose(notification: Notification) -> Mail:
    """Write the mail in the language of its reader."""
    person = notification.user
    locale = locale_of(person)
    headline, text = KINDS[notification.kind].said(language(locale), notification.facts)
    subject, plain, html = render_mail(
        "notification", locale, headline=headline, text=text, name=person.name,
        url=_address(notification.link), preferences=_address("/notifications/preferences"),
    )  # fmt: skip
    return Mail(person.email, person.name, subject, plain, html, locale=locale)


def locale_of(person: User) -> str:
    """Return the language in which we write to somebody who signs in."""
    return person.locale or current_settings().locale


def _address(path: str) -> str:
    return f"{current_settings().base_url.rstrip('/')}{path}" if path.startswith("/") else ""


def _settle(session: Session, notification: Notification, state: str, delivery_id: int | None = None) -> None:
    waiting = update(Notification).where(Notification.id == notification.id, Notification.mail == "waiting")
    rows_changed(session, waiting.values(mail=state, delivery_id=delivery_id))
