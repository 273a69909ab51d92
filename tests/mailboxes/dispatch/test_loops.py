"""No program is ever answered by ours, and what we sent ourselves is known when it comes back."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from edupulse.mailboxes.dispatch import loops
from edupulse.mailboxes.event import Classification, Correspondent
from tests.mailboxes.dispatch.inbox import OFFICE, a_mailbox, an_event
from tests.rows import a_delivery

OWN = frozenset({OFFICE})


def why(**values: Any) -> str:
    return loops.why_no_answer(an_event(**values), OWN)


def by(address: str) -> dict[str, Any]:
    return {"from_": (Correspondent("", address),)}


def test_a_person_may_be_answered() -> None:
    assert why() == ""
    assert why(headers={"auto-submitted": ("no",)}) == ""
    assert why(headers={"auto-submitted": ("No; by hand",)}, return_path="zoe@school.example") == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": ("auto-replied",)},
        {"auto-submitted": ("Auto-Generated; owner-email=x",)},
        {"precedence": ("Bulk",)},
        {"precedence": ("list",)},
        {"list-id": ("<news.school.example>",)},
        {"list-unsubscribe": ("<mailto:x@y.example>",)},
        {"x-auto-response-suppress": ("DR, OOF, AutoReply",)},
        {"x-auto-response-suppress": ("All",)},
        {"x-autoreply": ("yes",)},
        {"x-loop": ("office@school.example",)},
        {"feedback-id": ("1:2",)},
    ],
)
def test_a_program_is_known_by_its_headers(headers: dict[str, tuple[str, ...]]) -> None:
    assert why(headers=headers)


@pytest.mark.parametrize(
    "address",
    [
        "MAILER-DAEMON@x.example",
        "no-reply@x.example",
        "noreply+17@x.example",
        "news-request@x.example",
        OFFICE,
        "",
    ],
)
def test_nobody_is_answered_who_does_not_read_it(address: str) -> None:
    assert why(**by(address))


def test_neither_a_report_nor_a_mail_of_nobody_or_of_two_is_answered() -> None:
    two = (Correspondent("", "a@x.example"), Correspondent("", "b@x.example"))

    assert why(return_path="")
    assert why(from_=())
    assert why(from_=two)
    assert why(classification=Classification("auto_reply"))


def test_one_correspondent_gets_few_automatic_mails_a_day(app: Flask) -> None:
    for _ in range(loops.ANSWERS_A_DAY - 1):
        a_delivery(kind=loops.ANSWER)
    before = loops.too_many_answers("Zoe@school.example")
    a_delivery(kind=loops.ANSWER)
    a_delivery(kind="reminder", address="ann@school.example")

    assert before == ""
    assert loops.too_many_answers("Zoe@school.example")
    assert loops.too_many_answers("ann@school.example") == ""


def test_what_we_sent_about_a_message_is_known_by_its_mark(sqlite_app: Flask) -> None:
    marked = {"x-loop": (loops.mark(17)[loops.HEADER],)}
    forged = {"x-loop": (loops.mark(17)[loops.HEADER].replace("-17-", "-18-"),)}

    assert loops.is_our_own(an_event(headers=marked))
    assert not loops.is_our_own(an_event(headers=forged))
    assert not loops.is_our_own(an_event())


def test_our_addresses_are_those_of_the_mailboxes_and_of_the_sender(
    sqlite_app: Flask, change_settings: Any
) -> None:
    change_settings(
        default_from_email="School <News@school.example>", bounce_address="bounces@school.example"
    )
    a_mailbox()
    a_mailbox(name="Bills", username="bills", address="Bills@school.example")
    a_mailbox(name="Nobody", username="nobody")

    assert loops.own_addresses() == {
        OFFICE, "bills@school.example", "news@school.example", "bounces@school.example",
    }  # fmt: skip
