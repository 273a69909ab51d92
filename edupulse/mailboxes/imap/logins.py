"""Signing in: LOGIN where it can carry the password, else AUTHENTICATE PLAIN; XOAUTH2 with an access token."""

from __future__ import annotations

import base64
import re

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.names import quoted
from edupulse.mailboxes.imap.talk import Answer, Talk

_TOLD = ("CAPABILITY",)
_QUOTABLE = re.compile(r"[\x20-\x7e]{1,900}")  # what every server takes as a quoted string


def log_in(talk: Talk, account: ImapAccount, capabilities: frozenset[str]) -> Answer:
    """Sign in as `account` asks. Raises ImapFailure; a refusal is final, for each try may cost the account."""
    talk.step = "login"
    if account.mechanism == "xoauth2":
        return _authenticate(talk, "XOAUTH2", _bearer(account), capabilities)
    if _must_be_plain(account, capabilities):
        return _authenticate(talk, "PLAIN", _plain(account), capabilities)
    user, password = account.username.encode(), account.secret.reveal().encode()
    command = b"LOGIN %b %b" % (quoted(user), quoted(password))
    return talk.require(talk.ask("login", command, _TOLD))


def _must_be_plain(account: ImapAccount, capabilities: frozenset[str]) -> bool:
    fits = all(map(_QUOTABLE.fullmatch, (account.username, account.secret.reveal())))
    return "LOGINDISABLED" in capabilities or not fits


def _authenticate(talk: Talk, mechanism: str, proof: bytes, capabilities: frozenset[str]) -> Answer:
    offered = sorted(each[5:] for each in capabilities if each.startswith("AUTH="))
    if mechanism not in offered:
        with talk.guarded():
            raise LineFault(
                "auth_unsupported", f"{mechanism} is needed, offered: {' '.join(offered) or 'none'}"
            )
    command, initial = b"AUTHENTICATE " + mechanism.encode(), base64.b64encode(proof)
    if "SASL-IR" in capabilities:  # RFC 4959: the proof may travel with the command
        talk.send("login", command + b" " + initial)
    else:
        talk.send("login", command)
        if talk.prompt(_TOLD):
            talk.say(initial)
    # A token that is refused is first explained in a challenge; the empty answer brings the refusal itself.
    if talk.prompt(_TOLD):
        talk.say(b"")
    return talk.require(talk.answer(_TOLD))


def _bearer(account: ImapAccount) -> bytes:
    # developers.google.com/gmail/imap/xoauth2-protocol; Microsoft's is the same.
    return f"user={account.username}\1auth=Bearer {account.secret.reveal()}\1\1".encode()


def _plain(account: ImapAccount) -> bytes:
    return f"\0{account.username}\0{account.secret.reveal()}".encode()  # RFC 4616
