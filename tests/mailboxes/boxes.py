"""Rows of mailboxes for tests, written as the accounts would write them."""

from __future__ import annotations

from itertools import count
from typing import Any

from edupulse.clock import now
from edupulse.mailboxes.models import Mailbox
from edupulse.sealing import seal
from edupulse.transaction import transaction
from tests.mailboxes.dovecot import Dovecot

_numbers = count(1)


def a_mailbox(**values: Any) -> Mailbox:
    """Store a mailbox; everything may be said otherwise."""
    number = next(_numbers)
    row = {
        "name": f"Mailbox {number}",
        "host": "127.0.0.1",
        "port": 9,
        "security": "none",
        "username": f"user{number}",
        "password_sealed": seal("secret"),
        "interval_seconds": 60,
        "created_at": now(),
        "updated_at": now(),
        **values,
    }
    with transaction() as session:
        mailbox = Mailbox(**row)
        session.add(mailbox)
    return mailbox


def at_dovecot(dovecot: Dovecot, **values: Any) -> Mailbox:
    """Store a mailbox of a new user of the server."""
    user = f"user{next(_numbers)}"
    password = dovecot.add_user(user)
    return a_mailbox(
        host=dovecot.host, port=dovecot.port, username=user, password_sealed=seal(password), **values
    )
