"""What the tests of the SMTP line share: an account on a double, and mails to send over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import sleep
from typing import Any

import pytest

from edupulse.mail.envelope import Envelope
from edupulse.mail.outcome import Outcome
from edupulse.mail.providers import GENERIC
from edupulse.mail.smtp import NotConnected, Session, SmtpAccount, connect
from tests.doubles.smtp_double import CERTIFICATES, SmtpDouble

PATIENCE = 5.0  # seconds per phase: enough for a busy machine
IMPATIENT = {"timeout": 0.3, "accept_timeout": 0.3}  # where the double lets us wait on purpose


def account_for(double: SmtpDouble, **changes: Any) -> SmtpAccount:
    """Return an account on `double` that trusts its good certificate."""
    plain = SmtpAccount(
        host=double.host,
        port=double.port,
        security=double.security,
        timeout=PATIENCE,
        accept_timeout=PATIENCE,
        helo="school.example",
        ca_file=str(CERTIFICATES / "good.pem"),
        provider=GENERIC,
    )
    return replace(plain, **changes)


def mail(number: int = 1, *, to: str = "ann@example.org", body: bytes = b"Hello\r\n") -> Envelope:
    """Return a mail of our own with the Message-ID <number@school.example>."""
    head = f"Message-ID: {message_id(number)}\r\nSubject: Piano lesson\r\n\r\n".encode()
    return Envelope("office@school.example", to, head + body)


def message_id(number: int = 1) -> str:
    """Return the Message-ID of `mail(number)`."""
    return f"<{number}@school.example>"


def send_all(
    session: Session, *envelopes: Envelope, mark: Callable[[Envelope], bool] = lambda _: True
) -> list[Outcome]:
    """Send mails one behind the other without a pause, and return what became of each, in their order."""
    finished = list(session.send_each(envelopes, mark))
    assert [envelope for envelope, _ in finished] == list(envelopes[: len(finished)])
    return [outcome for _, outcome in finished]


def send_as_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `Session.send` send its one mail the way that many are sent, as far as the line still takes any."""
    alone = Session.send

    def send(self: Session, envelope: Envelope, before_dot: Callable[[], bool] | None = None) -> Outcome:
        row = list(self.send_each([envelope], lambda _: before_dot is None or before_dot()))
        return row[0][1] if row else alone(self, envelope, before_dot)

    monkeypatch.setattr(Session, "send", send)


def send_one(double: SmtpDouble, envelope: Envelope | None = None, **changes: Any) -> Outcome:
    """Send one mail over a new session."""
    with connect(account_for(double, **changes)) as session:
        return session.send(envelope or mail())


def failure_of(account: SmtpAccount) -> NotConnected:
    """Return the error with which connecting fails."""
    try:
        connect(account).close()
    except NotConnected as error:
        return error
    raise AssertionError("connected, though it should not have")


def until(true: Callable[[], bool]) -> bool:
    """Wait, for 5 seconds at most, until something is so."""
    for _ in range(1000):
        if true():
            return True
        sleep(0.005)
    return False


def said_to(double: SmtpDouble) -> list[str]:
    """Return the verbs the double has heard, over all its connections."""
    return [command.split(" ")[0].upper() for each in double.connections for command in each.commands]
