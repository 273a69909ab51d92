"""The bell, the list of what one was told, and how one wants to be told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from edupulse.accounts.users import find_user
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.notifications import reading
from edupulse.notifications.mail import send_notification_email
from edupulse.notifications.models import Notification
from edupulse.notifications.notify import tell_role
from edupulse.notifications.preferences import preferences
from tests.web.conftest import Browser, words_of

FACTS = {"name": "mail.deliver", "error": "<b>The disk is full.</b>"}


def tell(key: str = "one") -> None:
    tell_role("operator", "job_failed", key, FACTS, link="/jobs/7")


def ids() -> list[int]:
    return list(db.session.scalars(select(Notification.id).order_by(Notification.id)))


def test_the_bell_counts_what_is_unread_on_every_page_and_looking_changes_nothing(operator: Browser) -> None:
    before = words_of(operator.get("/events"))
    for number in range(2):
        tell(str(number))

    pages = [words_of(operator.get(path)) for path in ("/events", "/notifications", "/events")]

    assert "unread" not in before
    assert ["2 unread" in page for page in pages] == [True, True, True]


def test_a_notification_says_what_happened_as_text_and_never_as_markup(operator: Browser) -> None:
    tell()

    page = operator.get("/notifications")

    assert "The job mail.deliver failed" in words_of(page)
    assert "&lt;b&gt;The disk is full." in page.text


def test_looking_at_what_it_is_about_notes_it_as_read(operator: Browser) -> None:
    tell()
    (number,) = ids()

    answer = operator.post(f"/notifications/{number}/reading", {"then": "open"})

    assert (answer.status_code, answer.location) == (303, "/jobs/7")
    assert reading.unread_count(find_user("operator@school.example")) == 0


def test_one_is_noted_as_read_and_the_list_of_unread_ones_stays_open(operator: Browser) -> None:
    tell("one")
    tell("two")

    answer = operator.post(f"/notifications/{ids()[0]}/reading", {"only": "unread"})

    assert answer.location == "/notifications?only=unread"
    assert words_of(operator.get(answer.location)).count("The job mail.deliver failed") == 1


def test_all_are_noted_as_read_at_once(operator: Browser) -> None:
    tell("one")
    tell("two")

    page = words_of(operator.post("/notifications/reading", follow_redirects=True))

    assert "2 notifications are read now." in page
    assert "Nothing is unread" in words_of(operator.get("/notifications?only=unread"))


def test_nobody_touches_what_another_was_told(operator: Browser, admin: Browser) -> None:
    tell()
    of_admin = reading.listing(find_user("admin@school.example")).items[0]

    assert operator.post(f"/notifications/{of_admin.id}/reading").status_code == 404
    assert reading.unread_count(find_user("admin@school.example")) == 1


def test_an_empty_list_says_what_will_stand_there(viewer: Browser) -> None:
    assert "You were not told of anything yet" in words_of(viewer.get("/notifications"))


def test_what_one_wants_to_be_told_is_kept_as_it_was_ticked(operator: Browser) -> None:
    operator.post("/notifications/preferences", {"in_site": ["mailbox_stopped"], "by_mail": ["job_failed"]})

    told = {
        each.kind.key: (each.in_site, each.by_mail)
        for each in preferences(find_user("operator@school.example"))
    }
    assert told["mailbox_stopped"] == (True, False)
    assert told["job_failed"] == (False, True)
    assert told["bills_overdue"] == (False, False)


@pytest.mark.parametrize(("role", "is_offered"), [("viewer", False), ("admin", True)])
def test_only_kinds_that_may_reach_one_are_offered(
    browser_of: Callable[[str], Browser], role: str, is_offered: bool
) -> None:
    page = browser_of(role).get("/notifications/preferences")

    assert ('value="backup_failed"' in page.text) == is_offered


def test_the_mail_of_what_one_was_told_is_read_by_them_and_administrators_alone(
    browser_of: Callable[[str], Browser],
) -> None:
    for role in ("viewer", "operator", "admin"):
        browser_of(role)
    tell_role("admin", "backup_failed", "key", {"error": "No room on /srv."}, link="/backups")
    send_notification_email(ids()[0])
    (delivery,) = db.session.scalars(select(Delivery.id))

    shows = {
        role: [
            "No room" in browser_of(role).get(f"/deliveries/{delivery}{rest}").text
            for rest in ("?view=text", "?view=source", "/preview")
        ]
        for role in ("viewer", "operator", "admin")
    }

    assert shows == {"viewer": [False] * 3, "operator": [False] * 3, "admin": [True] * 3}


def test_a_page_asks_once_what_is_unread(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(reading, "unread_count", lambda person: asked.append(person) or 3)

    page = words_of(operator.get("/notifications"))

    assert "3 unread" in page
    assert len(asked) == 1
