"""The way to the mail server walked step by step, each with what was found and, where it ends, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime, make_msgid
from time import monotonic

from edupulse.clock import now
from edupulse.mail.account import SmtpAccount
from edupulse.mail.advice import cure, plain_words
from edupulse.mail.envelope import Envelope
from edupulse.mail.outcome import Outcome
from edupulse.mail.smtp import NotConnected, Session, connect

TEST_SUBJECT = "Test mail from EduPulse"
TEST_TEXT = "This is a test: mail from EduPulse reaches you. There is nothing to do."

_IN_CLEAR = "Set SMTP_SECURITY=starttls unless the server is on this machine."
_ON_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Step:
    """One step: dns, tcp, greeting, hello, tls, login, sender or mail; one that went well may have a hint."""

    name: str
    ok: bool
    finding: str
    cure: str = ""
    ms: int = 0


def probe(account: SmtpAccount, *, sender: str = "", to: str = "") -> list[Step]:
    """Walk to the mail server and ask it about `sender`; with `to`, send that person a test mail.

    Both are bare addresses. Without `to` nothing is sent. The list ends with the first step that failed.
    """
    walk = _Walk()
    try:
        session = connect(account, walk.passed)
    except NotConnected as failure:
        walk.add(failure.step, failure.outcome, account, ok=False)
        return walk.steps
    with session:
        walk.hint_if_in_clear(account)
        _ask(session, account, walk, sender, to)
    return walk.steps


class _Walk:
    """The steps so far, each timed from the end of the one before."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._since = monotonic()

    def passed(self, name: str, finding: str) -> None:
        self.steps.append(Step(name, True, finding, ms=self._lap()))

    def add(self, name: str, outcome: Outcome, account: SmtpAccount, *, ok: bool) -> None:
        answer = " ".join(str(part) for part in (outcome.code, outcome.enhanced, outcome.text) if part)
        finding = plain_words(outcome) + (f" ({answer})" if answer else "")
        self.steps.append(Step(name, ok, finding, "" if ok else cure(outcome, account.provider), self._lap()))

    def hint_if_in_clear(self, account: SmtpAccount) -> None:
        if account.security == "none" and account.username and account.host not in _ON_THIS_MACHINE:
            self.steps.append(Step("tls", True, "The password travels unencrypted.", _IN_CLEAR))

    def _lap(self) -> int:
        before, self._since = self._since, monotonic()
        return round((self._since - before) * 1000)


def _ask(session: Session, account: SmtpAccount, walk: _Walk, sender: str, to: str) -> None:
    if not sender:
        return
    asked = session.check_sender(sender)
    walk.add("sender", asked, account, ok=asked.cause == "sender_accepted")
    if to and asked.cause == "sender_accepted":
        outcome = session.send(_test_mail(sender, to))
        walk.add("mail", outcome, account, ok=outcome.sent)


def _test_mail(sender: str, to: str) -> Envelope:
    # An address that could add a header never gets past Session.send, which looks at both first of all.
    head = (
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {TEST_SUBJECT}",
        f"Date: {format_datetime(now())}",
        f"Message-ID: {make_msgid(domain=sender.rpartition('@')[2])}",
        "Auto-Submitted: auto-generated",  # so that no responder answers (RFC 3834 5)
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
    )
    text = "\r\n".join((*head, "", TEST_TEXT, ""))
    return Envelope(sender, to, text.encode(), smtputf8=not text.isascii())
