"""The people of an event as entered become attendees: checked, each once, known again when they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_address
from edupulse.mail.render import LOCALES
from edupulse.reminders.models import ATTENDEE_STATES, Attendee, Event
from edupulse.reminders.plaintext import one_line
from edupulse.walltime import zone

LONGEST_NAME = 200  # characters
MOST_ATTENDEES = 500  # more people are a mailing, not the attendees of an event
MOST_COMPLAINTS = 5  # bad lines named in one refusal


@dataclass(frozen=True)
class AttendeeDraft:
    """One person as entered; without an address nobody can be written to, which is allowed and shown."""

    email: str = ""
    name: str = ""
    locale: str = ""  # empty: the organisation's
    timezone: str | None = None  # none: the event's
    wants_mail: bool = True
    status: str = "invited"
    address: str = ""  # for comparing; filled by `checked_people`


def checked_people(drafts: Sequence[AttendeeDraft], default_locale: str) -> tuple[AttendeeDraft, ...]:
    """Return the people, each once by address; raise Invalid naming each line that cannot be used."""
    if len(drafts) > MOST_ATTENDEES:
        cure = f"An event takes {MOST_ATTENDEES}; write to more people with a batch mailing."
        raise Invalid(f"There are {len(drafts):,} attendees.", cure=cure)
    people: dict[str, AttendeeDraft] = {}
    complaints = []
    for number, draft in enumerate(drafts, start=1):
        try:
            person = _checked(draft, number, default_locale)
        except Invalid as error:
            complaints.append(str(error))
        else:
            # One person in two roles is one person; without an address we cannot know.
            people.setdefault(person.address or f"attendee {number}", person)
    if complaints:
        raise Invalid(" ".join(complaints[:MOST_COMPLAINTS]))
    return tuple(people.values())


def apply_people(event: Event, people: Sequence[AttendeeDraft]) -> None:
    """Make the attendees of `event` those in `people`; who stays, by address or by name, keeps the row."""
    known: dict[str, list[Attendee]] = {}
    for attendee in event.attendees:
        known.setdefault(_identity(attendee), []).append(attendee)
    rows = [(known.get(_identity(person)) or [Attendee()]).pop(0) for person in people]
    event.attendees = [apply_person(row, person) for row, person in zip(rows, people, strict=True)]


def apply_person(attendee: Attendee, person: AttendeeDraft) -> Attendee:
    """Write a checked person into the row."""
    attendee.name, attendee.email, attendee.address = person.name, person.email, person.address
    attendee.locale, attendee.timezone = person.locale, person.timezone
    attendee.wants_mail, attendee.status = person.wants_mail, person.status
    return attendee


def draft_of(attendee: Attendee) -> AttendeeDraft:
    """Return the draft that would store this attendee again."""
    return AttendeeDraft(
        email=attendee.email, name=attendee.name, locale=attendee.locale, timezone=attendee.timezone,
        wants_mail=attendee.wants_mail, status=attendee.status, address=attendee.address,
    )  # fmt: skip


def obstacle(person: Attendee) -> str | None:
    """Return the code of why this person is not written to, or none."""
    if not person.address:
        return "no_address"
    if person.status == "declined":
        return "declined"
    return None if person.wants_mail else "no_mail_wanted"


def _identity(person: Attendee | AttendeeDraft) -> str:
    return person.address or f"name {person.name.lower()}"


def _checked(draft: AttendeeDraft, number: int, default_locale: str) -> AttendeeDraft:
    who = f"Attendee {number}" + (f" ({draft.name.strip()[:60]})" if draft.name.strip() else "")
    name = one_line(draft.name, f"The name of attendee {number}", LONGEST_NAME)
    address = parse_address(draft.email, field=who) if draft.email.strip() else None
    if address is None and not name:
        raise Invalid(f"{who} has neither a name nor an address.", cure="Fill in the line or remove it.")
    if draft.status not in ATTENDEE_STATES:
        raise Invalid(
            f"{who}: the answer “{draft.status[:40]}” is not known.",
            cure=f"Use {', '.join(ATTENDEE_STATES)}.",
        )
    locale = draft.locale or default_locale
    if locale not in LOCALES:
        raise Invalid(f"{who}: “{locale[:20]}” is no language we write.", cure=f"Use {' or '.join(LOCALES)}.")
    return replace(
        draft,
        name=name,
        email=address.mailbox if address else "",
        address=address.comparable if address else "",
        locale=locale,
        timezone=zone(draft.timezone).key if draft.timezone else None,
    )
