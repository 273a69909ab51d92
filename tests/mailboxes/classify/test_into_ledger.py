"""From the bytes of a report to the person it is about: by its signed address, by its Message-ID, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.database import db
from edupulse.mail import suppressions
from edupulse.mail.models import Delivery
from edupulse.mail.return_path import mail_from
from edupulse.mailboxes.classify import classify
from edupulse.mailboxes.dispatch.reports import note_all
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.handling import Done, Inbound
from edupulse.mailboxes.parse import parse
from tests.mailboxes.classify.corpus import OWN, Sample, bounces, others
from tests.rows import a_delivery

STRIPPED = next(each for each in bounces("seen") if each.name == "postfix_stripped-0")
WHOLE = next(each for each in bounces("seen") if each.name == "postfix-0")
ALIAS = next(each for each in bounces("seen") if each.name == "postfix_alias-0")
SILENT = next(each for each in bounces("second") if each.name == "verp_only_silent-0")
DELAYED = next(each for each in bounces("seen") if each.name == "postfix-4")
AWAY = next(each for each in others() if each.kind == "auto_reply")
COMPLAINT = next(each for each in others() if each.kind == "complaint")


@pytest.fixture(autouse=True)
def signed(sqlite_app: Flask, change_settings: Callable[..., None]) -> None:
    change_settings(bounce_address="bounces@school.example")


def mail_of(sample: Sample) -> Delivery:
    return a_delivery(
        address=sample.to or "zoe.adler@families.example", message_id=sample.message_id or "<m@x.y>"
    )


def returned_to(sample: Sample, address: str) -> bytes:
    """The same report, sent to the return path `address` as a server does."""
    return sample.data.replace(b"\r\nTo: office@school.example", f"\r\nTo: <{address}>".encode(), 1)


def read(data: bytes) -> UnifiedEvent:
    return classify(parse(data, own_addresses=OWN), own_addresses=OWN)


def noted(data: bytes, message_id: int = 1) -> Done:
    return note_all(Inbound(message_id, 1, read(data), OWN[0], lambda: data, lambda _: b""))


def is_stopped(address: str) -> bool:
    return bool(suppressions.of(address))


@pytest.mark.parametrize("sample", [WHOLE, STRIPPED, ALIAS, SILENT], ids=lambda each: each.name)
def test_a_signed_return_address_names_the_mail(sample: Sample) -> None:
    delivery = mail_of(sample)

    event = read(returned_to(sample, mail_from(delivery.id, "")))

    assert [(said.delivery_id, said.found_by) for said in event.reports] == [(delivery.id, "verp")]


@pytest.mark.parametrize("sample", [WHOLE, STRIPPED, ALIAS], ids=lambda each: each.name)
def test_the_right_person_is_stopped(sample: Sample) -> None:
    delivery = mail_of(sample)

    done = noted(returned_to(sample, mail_from(delivery.id, "")))

    assert is_stopped(sample.to)
    assert not is_stopped("zoe.private@mail.example.net")
    assert done.attention == ""
    assert db.session.get_one(Delivery, delivery.id).state == "bounced"


@pytest.mark.parametrize("sample", [WHOLE, ALIAS], ids=lambda each: each.name)
def test_without_a_signed_address_the_returned_mail_names_itself(sample: Sample) -> None:
    mail_of(sample)

    noted(sample.data)

    assert is_stopped(sample.to)


def test_what_names_no_mail_of_ours_goes_to_a_person() -> None:
    mail_of(STRIPPED)

    done = noted(STRIPPED.data)

    assert not is_stopped(STRIPPED.to)
    assert STRIPPED.to in done.attention


def test_a_forged_signature_proves_nothing() -> None:
    delivery = mail_of(STRIPPED)
    forged = mail_from(delivery.id, "").replace(f"+{delivery.id}-", f"+{delivery.id}-0")[:-1]

    done = noted(returned_to(STRIPPED, forged))

    assert not is_stopped(STRIPPED.to)
    assert done.attention != ""


def test_a_forged_report_about_another_person_is_refused() -> None:
    delivery = a_delivery(address="nina@students.example.edu", message_id=WHOLE.message_id)

    done = noted(WHOLE.data)

    assert not is_stopped("nina@students.example.edu")
    assert not is_stopped(WHOLE.to)
    assert "forged" in done.attention
    assert db.session.get_one(Delivery, delivery.id).state == "sent"


def test_late_then_failed_is_one_story() -> None:
    delivery = a_delivery(address=DELAYED.to, message_id=WHOLE.message_id)
    to = mail_from(delivery.id, "")

    late = noted(returned_to(DELAYED, to), 1)
    was = db.session.get_one(Delivery, delivery.id).state
    noted(returned_to(WHOLE, to), 2)

    assert "still being tried" in late.words
    assert was == "sent"
    assert db.session.get_one(Delivery, delivery.id, populate_existing=True).state == "bounced"


def test_an_absence_note_to_the_return_address_is_no_bounce() -> None:
    delivery = mail_of(AWAY)

    event = read(returned_to(AWAY, mail_from(delivery.id, "")))

    assert (event.classification.kind, event.reports) == ("auto_reply", ())


def test_a_complaint_stops_newsletters_by_the_address_in_its_report() -> None:
    delivery = a_delivery(kind="newsletter", address="zoe.adler@families.example")
    signed_from = f"Original-Mail-From: <{mail_from(delivery.id, '')}>".encode()

    noted(COMPLAINT.data.replace(b"Original-Mail-From: <office@school.example>", signed_from))

    assert [row.scope for row in suppressions.of("zoe.adler@families.example")] == ["newsletter"]
