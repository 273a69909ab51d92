"""Can mail leave: is an account set, may it send, is it signed, can its journal be kept, does its server let us in?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.errors import Invalid
from edupulse.mail import dkim, senders
from edupulse.mail.addresses import parse_named
from edupulse.mail.journal import FOLDER
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


def signature() -> Iterator[Finding]:
    """Check that mails are signed (DKIM) in a way that counts, where that is wished for."""
    settings = current_settings()
    try:
        signer = dkim.signer_of(settings)
    except Invalid as error:
        yield problem("mail_signature", error.message, error.cure)
        return
    if said := dkim.problem(settings):
        yield warning("mail_signature", said, "Then restart EduPulse.")
    elif signer:
        yield ok("mail_signature", f"Mail is signed for {settings.dkim_domain} (DKIM).")


def journal() -> Iterator[Finding]:
    """Check that what is being sent can be noted: without it no mail leaves."""
    folder = current_settings().data_dir / FOLDER
    try:
        with tempfile.TemporaryFile(dir=folder if folder.exists() else folder.parent) as file:
            file.write(b"x")
    except OSError as error:
        cure = f"Make {folder} a folder on a disk of this machine that the user of the workers may write to."
        yield problem(
            "mail_journal", f"The folder {folder} cannot be written: {error.strerror or error}.", cure
        )
    else:
        yield ok("mail_journal", f"What is being sent can be noted in {folder}.")


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
