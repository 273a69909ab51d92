"""A message finds the mail of ours that it answers, and nobody who forged that passes for the recipient."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from edupulse.mail.models import Delivery
from edupulse.mail.return_path import mail_from
from edupulse.mailboxes.dispatch.threads import thread_of
from edupulse.mailboxes.event import Correspondent
from tests.mailboxes.dispatch.inbox import a_mail, an_event, arrive
from tests.rows import a_delivery


def answer_to(*deliveries: Delivery, author: str = "zoe@school.example", **values: Any) -> Any:
    ids = tuple(each.message_id for each in deliveries)
    facts = {"from_": (Correspondent("Zoë", author),), "references": ids, "in_reply_to": ids[-1:]}
    return thread_of(an_event(**{**facts, **values}))


def test_an_answer_is_found_by_our_message_id(app: Flask) -> None:
    delivery = a_delivery()

    found = answer_to(delivery)

    assert (found.delivery_id, found.is_verified) == (delivery.id, True)
    assert "Message-ID" in found.how


def test_the_newest_of_our_mails_in_a_thread_is_the_one_that_is_answered(sqlite_app: Flask) -> None:
    old, new = a_delivery(), a_delivery()

    references = (old.message_id, new.message_id, "<others@elsewhere.example>")
    found = answer_to(references=references, in_reply_to=("<others@elsewhere.example>",))

    assert found.delivery_id == new.id


def test_a_message_that_names_none_of_our_mails_is_in_no_thread(sqlite_app: Flask) -> None:
    a_delivery()

    found = answer_to(references=("<forged@school.example>",), in_reply_to=("<forged@school.example>",))

    assert (found.delivery_id, found.is_verified) == (None, False)


def test_a_stranger_who_names_our_message_id_is_shown_as_not_verified(sqlite_app: Flask) -> None:
    delivery = a_delivery()

    found = answer_to(delivery, author="mallory@elsewhere.example")

    assert (found.delivery_id, found.is_verified) == (delivery.id, False)
    assert "mallory@elsewhere.example" in found.how


def test_an_author_whose_domain_does_not_vouch_for_the_mail_is_not_verified(sqlite_app: Flask) -> None:
    found = answer_to(a_delivery(), auth={"dmarc": "fail"})

    assert not found.is_verified
    assert "does not vouch" in found.how


def test_two_authors_of_one_mail_are_not_verified(sqlite_app: Flask) -> None:
    two = (Correspondent("", "zoe@school.example"), Correspondent("", "mallory@elsewhere.example"))

    assert not answer_to(a_delivery(), from_=two).is_verified


def test_the_case_of_an_address_makes_no_other_person(sqlite_app: Flask) -> None:
    assert answer_to(a_delivery(), author="ZOE@School.Example").is_verified


def test_our_mail_to_the_author_comes_before_a_newer_one_to_another_person(sqlite_app: Flask) -> None:
    mine, other = a_delivery(), a_delivery(address="ann@school.example")

    assert answer_to(mine, other).delivery_id == mine.id


@pytest.mark.parametrize("place", ["to", "delivered_to"])
def test_a_signed_address_names_the_mail_without_any_message_id(
    sqlite_app: Flask, change_settings: Any, place: str
) -> None:
    change_settings(bounce_address="bounces@school.example")
    signed = mail_from(a_delivery().id, "")
    values = {"to": (Correspondent("", signed),)} if place == "to" else {"delivered_to": (signed,)}

    found = answer_to(references=(), in_reply_to=(), **values)

    assert found.is_verified
    assert "signed address" in found.how


def test_a_signed_address_with_another_number_is_forged(sqlite_app: Flask, change_settings: Any) -> None:
    change_settings(bounce_address="bounces@school.example")
    first, second = a_delivery(), a_delivery()
    forged = mail_from(first.id, "").replace(f"+{first.id}-", f"+{second.id}-")

    assert answer_to(references=(), in_reply_to=(), delivered_to=(forged,)).delivery_id is None


def test_a_thread_of_ten_thousand_ids_is_read_from_its_newest_end(sqlite_app: Flask) -> None:
    delivery = a_delivery()
    many = tuple(f"<{number}@elsewhere.example>" for number in range(10_000))

    assert answer_to(references=(*many, delivery.message_id), in_reply_to=()).delivery_id == delivery.id


def test_an_answer_is_filed_with_our_mail_and_laid_before_the_staff(app: Flask) -> None:
    delivery = a_delivery()

    row = arrive(a_mail("Thank you, we will come.", In_Reply_To=delivery.message_id))

    assert (row.kind, row.delivery_id, row.is_verified) == ("reply", delivery.id, True)
    assert (row.attention, row.attention_why) == (True, "A person answered a mail of ours.")


def test_a_forged_answer_is_filed_as_not_verified(sqlite_app: Flask) -> None:
    delivery = a_delivery(address="ann@school.example")

    row = arrive(a_mail("Send me your password.", In_Reply_To=delivery.message_id))

    assert (row.kind, row.is_verified) == ("reply", False)
    assert "not verified" in (row.why or "")
    assert "not verified" in (row.attention_why or "")
