"""One field, one test, one value; and no pattern can hold up the mailbox."""

from __future__ import annotations

import time
from typing import Any

import pytest

from edupulse.errors import Invalid
from edupulse.mailboxes.dispatch.conditions import Condition, checked, verdict
from edupulse.mailboxes.event import Attachment
from tests.mailboxes.dispatch.inbox import OFFICE, an_event, an_inbound

A_FILE = Attachment(0, "Rechnung.pdf", "application/pdf", "application/pdf", 10, "0" * 64)
A_LOGO = Attachment(1, "logo.png", "image/png", "image/png", 10, "0" * 64, inline=True)


def fits(field: str, test: str, value: str, **event: Any) -> bool:
    delivery_id = event.pop("delivery_id", None)
    message = an_inbound(an_event(**event), delivery_id=delivery_id)
    return verdict(checked(Condition(field, test, value)), message).fits


@pytest.mark.parametrize(
    ("field", "test", "value"),
    [
        ("from", "is", "ZOE@school.example"),
        ("from", "ends_with", "@school.example"),
        ("from", "is_not", "ann@school.example"),
        ("from_name", "starts_with", "zo"),
        ("to", "contains", "office"),
        ("subject", "contains_not", "invoice"),
        ("subject", "matches", r"^a\s+quest(ion|s)$"),
        ("text", "matches", "begin|开始"),
        ("kind", "is", "other"),
        ("mailbox", "is", OFFICE),
        ("has_attachment", "is", "no"),
        ("answers_us", "is", "no"),
    ],
)
def test_a_condition_that_holds(field: str, test: str, value: str) -> None:
    assert fits(field, test, value)


def test_a_picture_in_the_text_is_no_attachment() -> None:
    assert fits("has_attachment", "is", "no", attachments=(A_LOGO,))
    assert fits("has_attachment", "is", "yes", attachments=(A_LOGO, A_FILE))
    assert fits("attachment", "ends_with", ".pdf", attachments=(A_FILE,))


def test_an_answer_to_a_mail_of_ours_can_be_asked_for() -> None:
    assert fits("answers_us", "is", "yes", delivery_id=7)


def test_a_header_can_be_asked_for_and_need_not_be_there() -> None:
    headers = {"x-spam-flag": ("YES",)}

    assert fits("header:X-Spam-Flag", "is", "yes", headers=headers)
    assert not fits("header:x-spam-flag", "is", "yes")
    assert fits("header:x-spam-flag", "is_not", "yes")


def test_upper_and_lower_case_are_alike_in_every_language() -> None:
    assert fits("subject", "contains", "STRASSE", subject="Große Straße")


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*b", r"(.*)*.*.*=.*x", r"(\w+\s?)*:"])
def test_a_pattern_that_ruins_others_takes_no_time_here(pattern: str) -> None:
    began = time.process_time()

    fits("text", "matches", pattern, text="a" * 100_000 + "!")

    # The work is linear: 100,000 characters take milliseconds; a machine that is busy gets a hundred times that.
    assert time.process_time() - began < 2


@pytest.mark.parametrize("pattern", ["(", "[a", r"(a)\1", "(?=a)b", "a{1000}{1000}"])
def test_a_pattern_that_cannot_be_used_is_refused_with_words(pattern: str) -> None:
    with pytest.raises(Invalid, match="is no pattern") as refused:
        checked(Condition("subject", "matches", pattern))

    assert refused.value.facts["field"] == "conditions"


@pytest.mark.parametrize(
    "condition",
    [
        Condition("colour", "is", "red"),
        Condition("header:", "is", "x"),
        Condition("header:a b", "is", "x"),
        Condition("subject", "resembles", "x"),
        Condition("subject", "is", " "),
        Condition("subject", "is", "x" * 301),
        Condition("has_attachment", "is", "perhaps"),
    ],
)
def test_what_no_rule_can_ask_is_refused(condition: Condition) -> None:
    with pytest.raises(Invalid):
        checked(condition)
