"""Can mail leave: is an account set, is it allowed to send, does its server let us in?"""

from __future__ import annotations

from collections.abc import Iterator

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.mail import senders
from edupulse.mail.addresses import parse_named
from edupulse.mail.monitor import paused_senders
from edupulse.mail.probe import probe


def sender() -> Iterator[Finding]:
    """Check that sending is not paused."""
    paused = paused_senders()
    for row in paused:
        judged = warning if row.resume_at else problem
        yield judged("mail_sender", row.pause_reason or "Sending is paused.", row.pause_cure or "Resume it.")
    if not paused:
        yield ok("mail_sender", "Sending is not paused.")


def server() -> Iterator[Finding]:
    """Check that the mail server answers and lets us in; nothing is sent."""
    if not current_settings().smtp_server:
        yield warning("mail_server", senders.NO_SERVER, senders.SET_SERVER)
        return
    account, settings = senders.account(), current_settings()
    steps = probe(account, sender=parse_named(settings.default_from_email)[1].mailbox)
    failed = [step for step in steps if not step.ok]
    yield from (problem(f"mail_{step.name}", step.finding, step.cure) for step in failed)
    yield from (
        warning(f"mail_{step.name}", step.finding, step.cure) for step in steps if step.ok and step.cure
    )
    if not failed:
        login = " and lets us in" if account.username else ""
        yield ok("mail_server", f"{account.server} answers{login}; it accepts our sender address.")
