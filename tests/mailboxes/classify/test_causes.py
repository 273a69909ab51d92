"""What servers say becomes a cause: their words before their codes, and never harder than they mean it."""

from __future__ import annotations

import pytest

from edupulse.mail.bounce_causes import CAUSES
from edupulse.mailboxes.classify.cause_words import WORDS
from edupulse.mailboxes.classify.causes import meaning


@pytest.mark.parametrize(
    ("said", "status", "kind", "cause"),
    [
        ("550 5.1.1 User unknown", "5.1.1", "hard", "mailbox_unknown"),
        ("550 5.7.1 No such user!", "5.7.1", "hard", "mailbox_unknown"),
        ("host mx.a.example[192.0.2.1] said: 550 User unknown", "5.0.0", "hard", "mailbox_unknown"),
        ("552 5.2.2 over quota", "5.2.2", "soft", "mailbox_full"),
        ("550 mailbox is full", "", "soft", "mailbox_full"),
        ("450 4.1.1 User unknown", "4.1.1", "soft", "mailbox_unknown"),
        ("450 User unknown", "5.0.0", "soft", "mailbox_unknown"),
        ("451 4.7.1 Greylisted", "", "soft", "later"),
        ("550 5.4.1 Recipient address rejected: Access denied", "5.4.1", "hard", "mailbox_unknown"),
        ("554 5.7.1 Client host blocked using zen.spamhaus.example", "", "hard", "blocked"),
        ("5.7.26 unauthenticated", "", "hard", "domain_auth"),
        ("收件人邮箱已满", "", "soft", "mailbox_full"),
        ("550 用户不存在", "", "hard", "mailbox_unknown"),
        ("该账号已停用", "", "hard", "mailbox_disabled"),
        ("", "5.1.1", "hard", "mailbox_unknown"),
        ("", "4.2.0", "soft", "later"),
        ("", "", "hard", "refused"),
    ],
)
def test_words_then_codes(said: str, status: str, kind: str, cause: str) -> None:
    found = meaning(said, status)

    assert (found.kind, found.cause) == (kind, cause)


def test_an_address_of_the_network_is_no_status() -> None:
    assert meaning("connect to 192.0.2.5.1.1[5.1.1.7]: refused to talk").status == ""


def test_every_cause_is_explained_to_people() -> None:
    assert {cause for cause, _ in WORDS} <= CAUSES.keys()


def test_long_words_are_read_in_no_time() -> None:
    hostile = "mailbox " * 400 + "user" * 400

    assert meaning(hostile).kind == "hard"
