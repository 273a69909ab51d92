"""Mailboxes as a person would enter them, for these tests."""

from __future__ import annotations

from typing import Any

from edupulse.mailboxes.drafts import MailboxDraft

PASSWORD = "Correct-Horse-7781 battery"
CLIENT_SECRET = "client~secret-5b1c0a"
REFRESH_TOKEN = "1//refresh-token-e90d"


def a_mailbox(**values: Any) -> MailboxDraft:
    usual = {"name": "Office", "host": "imap.example.org", "username": "office@school.example"}
    return MailboxDraft(**{**usual, "password": PASSWORD, **values})


def a_google_mailbox(**values: Any) -> MailboxDraft:
    usual = {"auth": "google", "host": "imap.gmail.com", "password": None, "client_id": "id.apps.example"}
    return a_mailbox(**{**usual, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN, **values})


def a_microsoft_mailbox(**values: Any) -> MailboxDraft:
    """Opened by an application that has a secret of its own."""
    usual = {"auth": "microsoft", "host": "outlook.office365.com", "password": None, "client_id": "4f1c-9a"}
    return a_mailbox(**{**usual, "tenant": "school.example", "client_secret": CLIENT_SECRET, **values})
