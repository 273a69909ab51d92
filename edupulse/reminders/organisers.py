"""May a calendar message do what it asks? Who speaks in it, whether we know them, and what speaks against it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, select

from edupulse.accounts.models import User
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.mail.addresses import comparable, parse_named
from edupulse.mailboxes.handling import Inbound
from edupulse.reminders.calendar_entry import Participant
from edupulse.reminders.models import Attendee, Event

ASKED_AT_ONCE = 500  # addresses in one query


def why_not_theirs(message: Inbound, person: Participant | None) -> str:
    """Return why the mail cannot be taken as the word of `person`, "" if it can.

    The author must be the person: a SENT-BY beside the name is written by whoever sent the mail. What the receiving
    server found out about the author's domain (RFC 8601) must not speak against it; where it says nothing, the author
    counts as written.
    """
    author = comparable(message.event.author.address)
    if person is None:
        return "it does not say who speaks"
    if author != comparable(person.email):
        return f"it speaks for {person.email} and was sent by {author or 'nobody'}"
    return f"{author} did not send it: its domain says so" if _is_forged(message.event.auth) else ""


def is_known(address: str) -> bool:
    """Say whether a person may invite us: someone of ours, or whose event was let in before."""
    wanted = comparable(address)
    return bool(known_among([wanted])) or _has_organised(wanted)


def known_among(addresses: Iterable[str]) -> set[str]:
    """Return those that belong to a person who signs in here or attends an event of ours, for comparing."""
    wanted = sorted({comparable(each) for each in addresses})
    found: set[str] = set()
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        some = wanted[start : start + ASKED_AT_ONCE]
        found.update(db.session.scalars(select(User.email).where(User.email.in_(some), User.active)))
        found.update(db.session.scalars(select(Attendee.address).where(Attendee.address.in_(some))))
    return found


def our_addresses(message: Inbound) -> Collection[str]:
    """Return the addresses under which we organise: of the mailbox, and the one we write from."""
    sender = parse_named(current_settings().default_from_email, field="DEFAULT_FROM_EMAIL")[1]
    return {sender.comparable, comparable(message.own_address)} - {""}


def _has_organised(address: str) -> bool:
    theirs = select(Event.id).where(func.lower(Event.organizer) == address).limit(1)
    return db.session.scalar(theirs) is not None


def _is_forged(auth: Mapping[str, str]) -> bool:
    results = {name: value.lower() for name, value in auth.items()}
    if "dmarc" in results:
        return results["dmarc"] == "fail"
    return results.get("dkim") == "fail" and results.get("spf") in ("fail", "softfail")
