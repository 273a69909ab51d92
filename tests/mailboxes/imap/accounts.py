"""Accounts at the servers that the tests of the IMAP client talk to."""

from __future__ import annotations

from typing import Any

from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.secret import Secret
from tests.doubles.imap_double import ImapDouble
from tests.doubles.smtp_double import CERTIFICATES
from tests.mailboxes.dovecot import Dovecot

AUTHORITY = str(CERTIFICATES / "good.pem")
QUICK: dict[str, Any] = {
    "connect_timeout": 0.25,
    "read_timeout": 0.25,
}  # where running out of time is the point


def at_dovecot(server: Dovecot, user: str, security: str = "none", **more: Any) -> ImapAccount:
    """Return the account of a new user of Dovecot, or of one that is there."""
    password = Secret(server.add_user(user))
    port = server.tls_port if security == "tls" else server.port
    return ImapAccount(server.host, port, security, user, password, ca_file=AUTHORITY, **more)


def at_double(double: ImapDouble, **more: Any) -> ImapAccount:
    """Return the account of the double's user."""
    given: dict[str, Any] = {
        "security": double.security,
        "username": double.username,
        "secret": Secret(double.password),
        "ca_file": AUTHORITY,
        **more,
    }
    return ImapAccount(double.host, double.port, **given)
