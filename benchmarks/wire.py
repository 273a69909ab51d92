"""What a mail costs without a ledger: our own composing and our own wire in a loop, over one connection."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from benchmarks.mailing import HTML, SENDER, SUBJECT, TEXT, Person, people
from benchmarks.school import School
from edupulse.clock import now
from edupulse.mail.account import SmtpAccount
from edupulse.mail.letters import LetterText
from edupulse.mail.outcome import Verdict
from edupulse.mail.press import LetterHead, Press
from edupulse.mail.providers import LOCAL
from edupulse.mail.smtp import Envelope, connect


@dataclass(frozen=True)
class To:
    """A recipient without a row."""

    id: int
    message_id: str
    accepted_at: datetime
    address: str
    recipient_name: str
    fields: Mapping[str, Any]


def seconds_per_mail(school: School, mails: int) -> float:
    """Compose and send `mails`; return how long each took."""
    everybody = [_recipient(person) for person in people(mails)]
    account = SmtpAccount("127.0.0.1", school.smtp_port, security="none", provider=LOCAL)
    with school.app.app_context(), connect(account) as session:
        letter = LetterText(SUBJECT, TEXT, HTML)
        press = Press(letter, LetterHead(sender_address=SENDER, mailing_id=1, title="The new term"))
        started = time.perf_counter()
        outcomes = session.send_each(_envelopes(press, everybody), lambda envelope: True)
        sent = sum(outcome.verdict is Verdict.SENT for _, outcome in outcomes)
        seconds = time.perf_counter() - started
    if sent != mails:
        raise RuntimeError(f"{sent} of {mails} mails went over the wire")
    return seconds / mails


def _envelopes(press: Press, everybody: list[To]) -> Iterator[Envelope]:
    sender = parseaddr(SENDER)[1]
    return (Envelope(sender, to.address, press.mail(to)) for to in everybody)


def _recipient(person: Person) -> To:
    message_id = f"<wire.{person.number}@school.example>"
    return To(person.number + 1, message_id, now(), person.address, person.name, person.fields)
