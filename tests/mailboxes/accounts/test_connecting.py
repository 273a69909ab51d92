"""From a row or a draft to a session: what it signs in with, and how far a test of it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import MailboxDraft, draft_of
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.session import connect
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.signin import credentials
from edupulse.mailboxes.signin.connecting import account_of, try_draft, try_out
from edupulse.sealing import new_key
from edupulse.secret import Secret
from tests.mailboxes.accounts.drafts import PASSWORD, a_google_mailbox, a_mailbox
from tests.mailboxes.accounts.token_server import TokenServer
from tests.mailboxes.dovecot import Dovecot

ADA = "ada@school.example"
ALL_STEPS = ["dns", "tcp", "tls", "login", "id", "select", "count"]


@pytest.fixture
def draft(dovecot: Dovecot) -> MailboxDraft:
    """A mailbox that is really there, with one message."""
    user = f"a2-{new_key()[:12].lower()}"
    password = dovecot.add_user(user)
    dovecot.deliver(user, b"Subject: hello\r\n\r\nhello\r\n")
    return a_mailbox(host=dovecot.host, port=dovecot.port, security="none", username=user, password=password)


def test_a_mailbox_is_reached_with_its_password(sqlite_app: Flask) -> None:
    account = account_of(accounts.add(a_mailbox(), actor=ADA))

    assert (account.host, account.port, account.security) == ("imap.example.org", 993, "tls")
    assert (account.username, account.mechanism) == ("office@school.example", "login")
    assert account.secret.reveal() == PASSWORD


def test_a_mailbox_that_was_read_long_ago_is_reached_too(sqlite_app: Flask) -> None:
    mailbox = accounts.existing(accounts.add(a_mailbox(), actor=ADA).id)
    db.session.expunge_all()

    assert account_of(mailbox).secret.reveal() == PASSWORD


def test_a_mailbox_is_reached_with_an_access_token(sqlite_app: Flask, token_server: TokenServer) -> None:
    account = account_of(accounts.add(a_google_mailbox(), actor=ADA))

    assert (account.mechanism, account.secret.reveal()) == ("xoauth2", "ya29.first")


def test_after_a_refusal_the_stored_access_token_is_not_used_again(
    sqlite_app: Flask, token_server: TokenServer
) -> None:
    mailbox = accounts.add(a_google_mailbox(), actor=ADA)
    token_server.answers(
        (200, {"access_token": "ya29.a", "expires_in": 3600}), (200, {"access_token": "ya29.b"})
    )
    account_of(mailbox)

    mailbox.error_class = "auth"

    assert account_of(mailbox).secret.reveal() == "ya29.b"


@pytest.mark.parametrize("draft_like", [a_mailbox, a_google_mailbox])
def test_a_missing_key_is_a_setting_that_a_person_mends(
    draft_like: Callable[[], MailboxDraft], sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    mailbox = accounts.add(draft_like(), actor=ADA)
    change_settings(encryption_keys=(Secret(new_key()),))

    with pytest.raises(ImapFailure, match="not in ENCRYPTION_KEYS") as found:
        account_of(mailbox)

    assert (found.value.kind, found.value.cause) == ("setting", "sealed")
    assert "ENCRYPTION_KEYS" in found.value.cure


def test_a_mailbox_without_a_password_says_so(sqlite_app: Flask) -> None:
    mailbox = accounts.add(a_mailbox(), actor=ADA)
    mailbox.password_sealed = None
    db.session.commit()

    with pytest.raises(ImapFailure, match="No password") as found:
        account_of(mailbox)

    assert found.value.kind == "setting"


def test_a_stored_mailbox_can_be_opened(sqlite_app: Flask, draft: MailboxDraft) -> None:
    mailbox = accounts.add(draft, actor=ADA)

    with connect(account_of(mailbox)) as session:
        assert session.examine("INBOX").exists == 1


def test_a_stored_mailbox_is_tested_step_by_step(sqlite_app: Flask, draft: MailboxDraft) -> None:
    mailbox = accounts.add(draft, actor=ADA)

    found = list(try_out(mailbox.id))

    assert [step.name for step in found] == ALL_STEPS
    assert all(step.ok for step in found)
    assert "1 message" in found[-1].words


def test_a_draft_is_tested_and_nothing_of_it_is_stored(sqlite_app: Flask, draft: MailboxDraft) -> None:
    found = list(try_draft(replace(draft, name="")))

    assert [step.name for step in found if step.ok] == ALL_STEPS
    assert db.session.scalar(select(func.count()).select_from(Mailbox)) == 0


def test_a_changed_draft_is_tested_with_the_password_that_is_stored(
    sqlite_app: Flask, draft: MailboxDraft
) -> None:
    mailbox = accounts.add(draft, actor=ADA)

    found = list(try_draft(replace(draft_of(mailbox), folder="Nowhere"), mailbox.id))

    assert [step.name for step in found if step.ok] == ["dns", "tcp", "tls", "login", "id"]


def test_a_stored_password_is_not_tried_out_at_another_server(sqlite_app: Flask) -> None:
    mailbox = accounts.add(a_mailbox(), actor=ADA)

    with pytest.raises(Invalid, match="Enter the password again"):
        try_draft(replace(draft_of(mailbox), host="evil.example"), mailbox.id)


def test_a_server_that_is_not_there_ends_the_test_at_its_step(sqlite_app: Flask, draft: MailboxDraft) -> None:
    found = list(try_draft(replace(draft, port=1)))

    assert [(step.name, step.ok) for step in found] == [("dns", True), ("tcp", False)]
    assert found[-1].cure


def test_a_test_refuses_what_cannot_be_one_before_it_begins(sqlite_app: Flask) -> None:
    with pytest.raises(Invalid):
        try_draft(a_mailbox(host=""))
    with pytest.raises(NotFound):
        try_out(17)


def test_a_token_is_a_step_of_its_own(
    sqlite_app: Flask, draft: MailboxDraft, token_server: TokenServer
) -> None:
    found = list(try_draft(with_google(draft)))

    assert [step.name for step in found[:4]] == ["token", "dns", "tcp", "tls"]
    assert found[0].ok


def test_a_token_that_is_refused_ends_the_test_with_a_cure(
    sqlite_app: Flask, draft: MailboxDraft, token_server: TokenServer
) -> None:
    token_server.answers((400, {"error": "invalid_grant"}))

    found = list(try_draft(with_google(draft)))

    assert [(step.name, step.ok) for step in found] == [("token", False)]
    assert "refresh token" in found[0].cure


def test_trying_out_new_tokens_stores_none_of_them(sqlite_app: Flask, token_server: TokenServer) -> None:
    token_server.answers((200, {"access_token": "ya29.a", "refresh_token": "1//rotated"}))
    mailbox = accounts.add(a_google_mailbox(host="127.0.0.1", port=1), actor=ADA)

    found = list(try_draft(replace(draft_of(mailbox), refresh_token="1//entered"), mailbox.id))

    assert found[0].ok
    assert token_server.forms[0]["refresh_token"] == "1//entered"
    assert token_server.forms[0]["client_secret"]
    assert not credentials.tokens_of(mailbox.id).access_token


def test_trying_out_stored_tokens_keeps_the_one_that_comes(
    sqlite_app: Flask, token_server: TokenServer
) -> None:
    mailbox = accounts.add(a_google_mailbox(host="127.0.0.1", port=1), actor=ADA)

    list(try_draft(draft_of(mailbox), mailbox.id))

    assert credentials.tokens_of(mailbox.id).access_token.reveal() == "ya29.first"


def with_google(draft: MailboxDraft) -> MailboxDraft:
    values: dict[str, Any] = {"host": draft.host, "port": draft.port, "security": "none"}
    return a_google_mailbox(**values)
