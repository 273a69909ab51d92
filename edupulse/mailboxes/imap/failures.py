"""From a broken line or a server's refusal to the error that is raised: its class, plain words, the cure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edupulse.mail.replies import legible
from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.responses import Done

MAX_WORDS = 300  # characters kept of what a server said

_CHECK_PORT = "Check the server's name, the port and the encryption: 993 goes with TLS, 143 with STARTTLS."
_WAITS = "It is tried again by itself."
_AUTHORITIES = (
    "Check the server's name, this machine's date, and that the package ca-certificates is installed."
)


class _Fault(NamedTuple):
    kind: str
    words: str
    cure: str


_FAULTS = {
    "dns": _Fault(
        "network", "The mail server's name was not found", "Check the server's name and this machine's DNS."
    ),
    "refused": _Fault("network", "Nothing answers on this port of the mail server", _CHECK_PORT),
    "unreachable": _Fault("network", "There is no route to the mail server", "Check this machine's network."),
    "timeout": _Fault("network", "The mail server did not answer in time", _WAITS),
    "closed": _Fault("network", "The mail server hung up", _WAITS),
    "tls_failed": _Fault("network", "The encrypted connection could not be made", _CHECK_PORT),
    "certificate": _Fault("setting", "The server's certificate cannot be trusted", _AUTHORITIES),
    "tls_missing": _Fault(
        "setting", "The server offers no STARTTLS, and nothing is sent in clear", _CHECK_PORT
    ),
    "tls_injected": _Fault("protocol", "Something was said before the encryption began", _WAITS),
    "preauth": _Fault(
        "protocol", "The server skips the login, which forbids the encryption asked for", _CHECK_PORT
    ),
    "auth_unsupported": _Fault(
        "setting",
        "The server offers no way of signing in that fits",
        "Check how this mailbox is signed in to.",
    ),
    "garbled": _Fault("protocol", "The server answered something that is not IMAP", _CHECK_PORT),
}

# Codes of RFC 5530 and 9051 7.1; what is not here is judged by the words.
_CODES = {
    "AUTHENTICATIONFAILED": "auth",
    "EXPIRED": "auth",
    "AUTHORIZATIONFAILED": "permission",
    "NOPERM": "permission",
    "CONTACTADMIN": "permission",
    "PRIVACYREQUIRED": "setting",
    "NONEXISTENT": "setting",
    "TRYCREATE": "setting",
    "CANNOT": "setting",
    "UNAVAILABLE": "network",
    "INUSE": "network",
    "LIMIT": "quota",
    "OVERQUOTA": "quota",
    "THROTTLED": "quota",
    "SERVERBUG": "protocol",
    "CLIENTBUG": "protocol",
    "CORRUPTION": "protocol",
}
# The first that fits; collected from the providers' own pages and from reports about them.
_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        # QQ names five causes in one breath; the password is the one that must not be tried again and again.
        (r"login fail\. account is abnormal", "auth"),
        (
            r"authenticated but not connected|unsafe login|not enabled for imap|imap .{0,20}disabled",
            "permission",
        ),
        (
            r"imap (access|service) is (off|not)|enable imap|please open imap|imap服务|未开启|未开通",
            "permission",
        ),
        (r"too many|maximum (number|connections)|bandwidth|rate.?limit|over ?quota|throttl", "quota"),
        (r"too frequent|frequency|频率|频繁|连接数|command rate", "quota"),
        (
            r"temporar|try (again )?later|try again|unavailable|internal (server )?error|not responding",
            "network",
        ),
        (
            r"shutting down|server (is )?(busy|down)|backend|maintenance|系统繁忙|稍后|timed? ?out|autologout",
            "network",
        ),
        (r"privacy|plaintext auth|login (is )?disabled|logindisabled|starttls first", "setting"),
        (r"authenticat|credential|password|login fail|授权码|密码|web login required|app.?specific", "auth"),
    )
)
# What a refusal without code and telling words means, by where it was given.
_BY_STEP = {"login": "auth", "greeting": "network", "select": "setting", "status": "setting"}
_CURES = {
    "auth": "Check the user name (often the whole address) and the password; many providers want an app password.",
    "permission": "Allow IMAP and this mailbox for the account at the provider.",
    "setting": "Check the mailbox's folder, port and encryption.",
    "network": _WAITS,
    "quota": "The server limits us. It goes on by itself; poll less often if this repeats.",
    "protocol": _WAITS + " If this goes on, show the server's words to its operator.",
}


class Failures:
    """Makes the errors of one account's session."""

    def __init__(self, account: ImapAccount) -> None:
        self._account = account

    def broken(self, step: str, fault: LineFault) -> ImapFailure:
        """Return the error for a line that failed at `step`."""
        kind, words, cure = _FAULTS.get(fault.cause, _FAULTS["closed"])
        said = self.legible(fault.detail.encode())
        return ImapFailure(
            kind,
            step,
            f"{words} ({self._account.server}{': ' if said else ''}{said}).",
            cause=fault.cause,
            cure=self._cure(fault.cause, kind, cure),
        )

    def refused(self, step: str, done: Done) -> ImapFailure:
        """Return the error for a NO, BAD or BYE at `step`."""
        said = self.legible(done.text)
        kind = kind_of(step, done.status, done.code, said)
        return ImapFailure(
            kind,
            step,
            f"{self._account.server} says: {said or 'nothing more'} ({done.status}"
            f"{' ' + done.code if done.code else ''} at {step}).",
            cause="bye" if done.status == "BYE" else "refused",
            cure=self._cure("", kind, _CURES[kind]),
        )

    def withheld(self, uids: Sequence[int]) -> ImapFailure:
        """Return the error for messages that are in the folder and that the server does not give."""
        return ImapFailure(
            "protocol",
            "fetch",
            f"{self._account.server} has message{'s' if len(uids) > 1 else ''} "
            f"{', '.join(map(str, uids[:10]))} and does not give {'them' if len(uids) > 1 else 'it'}.",
            cause="withheld",
            cure="It is tried again by itself. If this goes on, open the message in a mail program and move it away.",
            uids=uids,
        )

    def legible(self, raw: bytes) -> str:
        """Return what a server said in one legible line, our secrets masked."""
        text = legible(raw).strip()
        for secret in _shapes_of(self._account.username, self._account.secret.reveal()):
            text = text.replace(secret, "***")
        return text[:MAX_WORDS]

    def _cure(self, cause: str, kind: str, usual: str) -> str:
        cures = self._account.provider.cures
        if kind == "auth" and self._account.mechanism == "xoauth2":
            return cures.get("oauth", "Sign in to the mailbox again at the provider.")
        return cures.get(cause) or cures.get(kind) or usual


def kind_of(step: str, status: str, code: str, said: str) -> str:
    """Return the class of a refusal: by its code, else by its words, else by where it was given."""
    if code in _CODES:
        return _CODES[code]
    if found := next((kind for pattern, kind in _WORDS if pattern.search(said)), None):
        return found
    if status == "BYE":
        return "network"
    return _BY_STEP.get(step, "protocol") if status == "NO" else "protocol"


def _shapes_of(username: str, secret: str) -> Iterator[str]:
    # As typed, quoted for IMAP, and as the base64 of the ways to sign in.
    if not secret:
        return
    yield secret
    yield secret.replace("\\", "\\\\").replace('"', '\\"')
    plain, bearer = f"\0{username}\0{secret}", f"user={username}\1auth=Bearer {secret}\1\1"
    yield from (base64.b64encode(each.encode()).decode() for each in (secret, plain, bearer))
