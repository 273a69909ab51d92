"""Mails: found by filter, shown with their journey, decided by a person where only a person can."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.reminders.models import Reminder
from edupulse.transaction import transaction
from edupulse.web.deliveries import PREVIEW_POLICY
from tests.rows import a_delivery, an_event
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")


def state_of(delivery: Delivery) -> str:
    return db.session.get_one(Delivery, delivery.id).state


def actions_of(person: str) -> list[str]:
    return list(
        db.session.scalars(select(AuditEntry.action).where(AuditEntry.actor == f"{person}@school.example"))
    )


def test_an_empty_list_says_what_will_stand_here(viewer: Browser) -> None:
    assert "No mail yet" in words_of(viewer.get("/deliveries"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"zoe", "li"}),
        ("state=sent", {"zoe"}),
        ("state=rejected", {"li"}),
        ("kind=test", {"li"}),
        ("subject=7", {"zoe"}),
        ("address=LI%40", {"li"}),
        ("address=%25", set()),
        ("address=_", set()),
        ("state=nonsense", set()),
    ],
)
def test_filters_stand_in_the_address(viewer: Browser, query: str, found: set[str]) -> None:
    a_delivery("sent", recipient_name="Zoë the painter", subject_id="7")
    a_delivery("rejected", kind="test", address="li@school.example", recipient_name="Li the potter")

    page = words_of(viewer.get(f"/deliveries?{query}"))

    shown = {who for who, name in (("zoe", "Zoë the painter"), ("li", "Li the potter")) if name in page}
    assert shown == found


def test_a_search_without_a_result_says_how_to_go_on(viewer: Browser) -> None:
    assert "No mail fits this search" in words_of(viewer.get("/deliveries?address=nobody"))


def test_a_long_list_is_turned_over_without_losing_or_repeating_a_row(viewer: Browser) -> None:
    for number in range(120):
        a_delivery(recipient_name=f"Person {number:03}", attempts=0)

    seen, address = [], "/deliveries"
    while address:
        page = viewer.get(address)
        seen += [word for word in words_of(page).split() if word.isdecimal() and len(word) == 3]
        address = _link(page.text, "Older")

    assert len(seen) == len(set(seen)) == 120


def test_a_cursor_that_leads_nowhere_is_said_so(viewer: Browser) -> None:
    assert viewer.get("/deliveries?page=nonsense").status_code == 422


def test_one_delivery_shows_its_way_from_the_event_to_the_answer(viewer: Browser, now: datetime) -> None:
    event = an_event("Oil painting")
    delivery = a_delivery("sent", subject_id=str(event.id))
    with transaction() as session:
        reminder = session.scalars(select(Reminder)).one()
        reminder.state, reminder.delivery_id = "handed_over", delivery.id

    page = words_of(viewer.get(f"/deliveries/{delivery.id}"))

    assert "Event Oil painting" in page
    assert "Reminder 15 minutes before" in page
    assert f"Delivery {delivery.id} Sent" in page
    assert "1 try smtp.school.example:587" in page
    assert "2.0.0 Ok" in page


def test_a_mail_that_is_about_no_event_shows_its_kind_instead(viewer: Browser) -> None:
    delivery = a_delivery("sent", kind="test", subject_id="test")

    assert "Wish Test mail" in words_of(viewer.get(f"/deliveries/{delivery.id}"))


def test_the_mail_is_shown_in_a_frame_that_may_do_nothing(viewer: Browser) -> None:
    delivery = a_delivery()

    page = viewer.get(f"/deliveries/{delivery.id}")
    frame = viewer.get(f"/deliveries/{delivery.id}/preview")

    assert re.search(
        rf'<iframe [^>]*\bsandbox title="[^"]+" src="/deliveries/{delivery.id}/preview"', page.text
    )
    assert "See you" not in words_of(page)
    assert frame.headers["Content-Security-Policy"] == PREVIEW_POLICY
    assert PREVIEW_POLICY.startswith("sandbox;")
    assert "allow-" not in PREVIEW_POLICY
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "See you <b>there</b>." in frame.text


@pytest.mark.parametrize("view", ["page", "text", "source"])
def test_a_mail_to_the_staff_that_quotes_a_letter_is_not_for_those_who_only_look(
    viewer: Browser, operator: Browser, view: str
) -> None:
    delivery = a_delivery(kind="inbound_notice")
    address = f"/deliveries/{delivery.id}"

    assert "See you" not in viewer.get(f"{address}?view={view}").text + viewer.get(f"{address}/preview").text
    assert "which is for operators" in viewer.get(f"{address}?view={view}").text
    assert "See you" in operator.get(f"{address}?view=text").text + operator.get(f"{address}/preview").text


def test_the_mail_can_be_read_as_text_and_as_it_went_over_the_wire(viewer: Browser) -> None:
    delivery = a_delivery()

    assert "See you there." in words_of(viewer.get(f"/deliveries/{delivery.id}?view=text"))
    source = words_of(viewer.get(f"/deliveries/{delivery.id}?view=source"))
    assert "Auto-Submitted: auto-generated" in source
    assert delivery.message_id in source


def test_an_operator_says_that_an_uncertain_mail_arrived(operator: Browser) -> None:
    delivery = a_delivery("unknown")
    assert "It arrived" in words_of(operator.get(f"/deliveries/{delivery.id}"))

    operator.post(f"/deliveries/{delivery.id}/settlement", {"arrived": "yes"})

    assert state_of(delivery) == "sent"
    assert "mail.settle" in actions_of("operator")


def test_an_operator_says_that_it_did_not_and_sends_it_again(operator: Browser) -> None:
    delivery = a_delivery("unknown")

    operator.post(f"/deliveries/{delivery.id}/settlement", {"arrived": "no"})
    assert state_of(delivery) == "rejected"
    operator.post(f"/deliveries/{delivery.id}/resend")

    assert state_of(delivery) == "queued"
    assert actions_of("operator")[-2:] == ["mail.settle", "mail.resend"]


def test_without_an_answer_nothing_is_settled(operator: Browser) -> None:
    delivery = a_delivery("unknown")

    assert operator.post(f"/deliveries/{delivery.id}/settlement").status_code == 422
    assert state_of(delivery) == "unknown"


def test_a_mail_that_was_sent_cannot_be_sent_again(operator: Browser) -> None:
    delivery = a_delivery("sent")

    answer = operator.post(f"/deliveries/{delivery.id}/resend")

    assert answer.status_code == 409
    assert state_of(delivery) == "sent"
    assert "Send again" not in words_of(operator.get(f"/deliveries/{delivery.id}"))


def test_a_viewer_sees_what_happened_but_no_buttons(viewer: Browser) -> None:
    delivery = a_delivery("unknown", reason="The line broke.")

    page = viewer.get(f"/deliveries/{delivery.id}")

    assert "The line broke." in words_of(page)
    assert "/settlement" not in page.text
    assert viewer.post(f"/deliveries/{delivery.id}/settlement", {"arrived": "yes"}).status_code == 403
    assert state_of(delivery) == "unknown"


def test_a_test_mail_is_accepted_and_shown(operator: Browser) -> None:
    answer = operator.post("/deliveries/test", {"address": "me@school.example"}, follow_redirects=True)

    assert "A test mail is on its way" in words_of(answer)
    assert "mail.test" in actions_of("operator")


def test_a_test_mail_to_no_address_is_refused(site: Flask, operator: Browser) -> None:
    answer = operator.post("/deliveries/test", {"address": "nonsense"})

    assert answer.status_code == 422
    assert "not a usable e-mail address" in words_of(answer)


def test_an_unknown_delivery_is_not_found(viewer: Browser) -> None:
    assert viewer.get("/deliveries/4711").status_code == 404
    assert viewer.get("/deliveries/4711/preview").status_code == 404


def _link(page: str, label: str) -> str:
    found = re.search(rf'<a class="button" href="([^"]+)">{label}', page)
    return unescape(found[1]) if found else ""
