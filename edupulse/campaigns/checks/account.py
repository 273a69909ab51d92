"""The way out is looked at before a campaign begins: account, sender, signature, links back to us, workers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from edupulse.campaigns.checks.editions import Editions
from edupulse.campaigns.checks.finding import AMBER, RED, Finding
from edupulse.campaigns.speed import nobody_sends
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail import dkim, senders
from edupulse.mail.addresses import parse_named
from edupulse.mail.models import Sender
from edupulse.walltime import to_local

_THIS_MACHINE = re.compile(r"localhost|.*\.(local|localdomain|test|invalid)|127\..*|::1|0\.0\.0\.0")


def account(sender_id: int, editions: Editions, moment: datetime) -> Iterator[Finding]:
    """Yield what is found about the account and about who writes."""
    if not current_settings().smtp_server:
        yield Finding(
            RED, "No mail server is set.", senders.NO_SERVER, senders.SET_SERVER, code="unconfigured"
        )
    else:
        yield from _pause(sender_id)
    yield from _from(editions)
    yield from _reply_to(editions)
    yield from _signature()
    yield from _way_back(editions)
    yield from _workers(moment)


def _pause(sender_id: int) -> Iterator[Finding]:
    sender = db.session.get(Sender, sender_id, populate_existing=True)
    if sender is None or sender.paused_at is None or sender.pause_cause == senders.UNCONFIGURED:
        return
    reason = sender.pause_reason or "It was paused."
    if sender.resume_at is None:
        cure = sender.pause_cure or "Mend the cause, then: python cli.py mail resume"
        yield Finding(RED, "The mail account is paused.", reason, cure, code="account_paused")
    else:
        at = to_local(sender.resume_at, current_settings().timezone)
        cure = f"Nothing to do: it goes on by itself at {at:%H:%M}."
        yield Finding(AMBER, "The mail account waits a while.", reason, cure, code="account_waits")


def _from(editions: Editions) -> Iterator[Finding]:
    if (error := editions.sender_problem) is not None:
        cure = (
            error.cure
            if error.facts.get("field") == "from_name"
            else "Correct DEFAULT_FROM_EMAIL in .env and restart."
        )
        yield Finding(RED, "The sender's address cannot be used.", error.message, cure, code="from_address")
        return
    mailbox = parse_named(editions.head.sender_address)[1]
    own = current_settings().smtp_username.rpartition("@")[2].lower()
    if "@" in current_settings().smtp_username and own != mailbox.domain:
        yield Finding(
            AMBER,
            "The sender's domain is not the account's.",
            f"Mail comes from {mailbox.mailbox}, but the account belongs to {own}: receivers trust such mail less.",
            "Send from an address of the account's domain, or set up SPF and DKIM of the other one for this server.",
            code="from_domain",
        )


def _reply_to(editions: Editions) -> Iterator[Finding]:
    if not editions.head.reply_to:
        return
    try:
        parse_named(editions.head.reply_to, field="reply_to")
    except Invalid as error:
        yield Finding(
            RED, "The address for answers cannot be used.", error.message, error.cure, code="reply_to"
        )


def _signature() -> Iterator[Finding]:
    settings = current_settings()
    try:
        dkim.signer_of(settings)
    except Invalid as error:
        yield Finding(RED, "Mails cannot be signed (DKIM).", error.message, error.cure, code="dkim")
        return
    if problem := dkim.problem(settings):
        yield Finding(AMBER, "The signature (DKIM) does not count.", problem, code="dkim_domain")


def _way_back(editions: Editions) -> Iterator[Finding]:
    """Look at the address of our own pages, which the unsubscribe link of a newsletter leads to."""
    if editions.head.purpose != "newsletter":
        return
    base = current_settings().base_url
    parts = urlsplit(base)
    if _THIS_MACHINE.fullmatch(parts.hostname or ""):
        yield Finding(
            AMBER,
            "The unsubscribe link works on this machine only.",
            f"BASE_URL is {base}, which nobody else can open.",
            "Set BASE_URL to the address under which people reach EduPulse, then restart.",
            code="base_url_local",
        )
    elif parts.scheme != "https":
        yield Finding(
            AMBER,
            "The unsubscribe link is unprotected.",
            f"BASE_URL is {base}; Gmail and Yahoo accept one-click unsubscribing over https only (RFC 8058).",
            "Serve EduPulse over https and set BASE_URL to it.",
            code="base_url_http",
        )


def _workers(moment: datetime) -> Iterator[Finding]:
    if (idle := nobody_sends(moment)) is not None:
        yield Finding(AMBER, "No worker is running to send it.", idle.summary, idle.cure, code="no_worker")
