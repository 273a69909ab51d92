"""A calendar file is brought in: new events are added, known ones updated, and each is accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_address
from edupulse.reminders.calendar_entry import Participant
from edupulse.reminders.calendar_file import ImportedEvent, read_calendar
from edupulse.reminders.drafts import LONGEST_DESCRIPTION, LONGEST_LEAD, LONGEST_TITLE, MOST_LEADS, EventDraft
from edupulse.reminders.entry import draft_of, entered, last_day_of
from edupulse.reminders.models import Event
from edupulse.reminders.people import AttendeeDraft
from edupulse.reminders.plaintext import without_control
from edupulse.reminders.recurrence import Override
from edupulse.reminders.saving import cancel_event, change_event, create_event, restore_event
from edupulse.transaction import transaction

# PARTSTAT of RFC 5545 section 3.2.12
ANSWERS = {"ACCEPTED": "accepted", "TENTATIVE": "tentative", "DECLINED": "declined"}


@dataclass
class ImportReport:
    """What became of each event of a file; `rejected` and `notes` are sentences for people."""

    added: list[Event] = field(default_factory=list)
    updated: list[Event] = field(default_factory=list)
    unchanged: list[Event] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.added) + len(self.updated) + len(self.unchanged) + len(self.rejected)


def import_ics(data: bytes, actor: str, owner_id: int | None = None) -> ImportReport:
    """Bring in the events of a calendar file; the same file twice changes nothing twice.

    A known UID is the same event: the file wins unless its SEQUENCE is lower. It adds and changes, but takes
    nobody off the list and no lead away, because those are often entered here. What is over reminds nobody.
    """
    found = read_calendar(data, timezone=current_settings().timezone)
    return take_in(found.events, actor, owner_id, notes=found.problems)


def take_in(
    events: Iterable[ImportedEvent], actor: str, owner_id: int | None = None, *, notes: Iterable[str] = ()
) -> ImportReport:
    """Bring in events that were read from a file; `notes` are what reading it has told."""
    report = ImportReport(notes=list(notes))
    for each in events:
        try:
            # What is refused leaves no trace, also where somebody else's transaction is running already.
            with transaction() as session, session.begin_nested():
                _bring_in(each, actor, owner_id, report)
        except Invalid as error:
            report.rejected.append(f"“{each.title[:80]}” (line {each.line}): {error}")
    return report


def _bring_in(each: ImportedEvent, actor: str, owner_id: int | None, report: ImportReport) -> None:
    known = db.session.scalar(select(Event).where(Event.uid == each.uid))
    if known:
        (report.updated if _update(known, each, actor, report) else report.unchanged).append(known)
    elif each.cancelled:
        report.notes.append(f"“{each.title[:80]}” is cancelled and was not known here; it was left out.")
    else:
        draft, organizer = _draft(each, report), _organizer(each)
        new = create_event(draft, actor, owner_id, uid=each.uid, organizer=organizer, sequence=each.sequence)
        report.added.append(new)


def _update(known: Event, each: ImportedEvent, actor: str, report: ImportReport) -> bool:
    """Bring a known event up to date; say whether anything was different."""
    if each.sequence < known.sequence:
        return False
    if each.cancelled or known.is_cancelled:
        return _follow_state(known, each, actor)
    draft = _merged(_draft(each, report), known)
    if entered(draft) == entered(_stored(known)):
        return False
    change_event(known.id, draft, actor, sequence=each.sequence)
    return True


def _follow_state(known: Event, each: ImportedEvent, actor: str) -> bool:
    """Cancel with the file; restore only for a higher SEQUENCE, for it may have been cancelled here."""
    if each.cancelled and not known.is_cancelled:
        cancel_event(known.id, actor)
        return True
    if not each.cancelled and known.is_cancelled and each.sequence > known.sequence:
        restore_event(known.id, actor)
        return True
    return False


def _draft(each: ImportedEvent, report: ImportReport) -> EventDraft:
    series = each.series
    return EventDraft(
        title=without_control(each.title)[:LONGEST_TITLE],
        starts=series.starts,
        ends=last_day_of(series.ends) if series.all_day else series.ends,
        description=without_control(each.description)[:LONGEST_DESCRIPTION],
        all_day=series.all_day,
        timezone=series.timezone,
        location=without_control(each.location),
        latitude=each.latitude,
        longitude=each.longitude,
        rrule=series.rrule,
        leads=[lead for lead in dict.fromkeys(each.leads) if 1 <= lead <= LONGEST_LEAD][:MOST_LEADS],
        attendees=[_person(person, each, report) for person in each.attendees],
        exdates=series.exdates,
        rdates=series.rdates,
        overrides={at.isoformat(): _kept(override) for at, override in series.overrides.items()},
    )


def _person(person: Participant, each: ImportedEvent, report: ImportReport) -> AttendeeDraft:
    """Return the person; an address that cannot be used leaves one who is shown and not written to."""
    name, status = without_control(person.name)[:200], ANSWERS.get(person.answer, "invited")
    try:
        parse_address(person.email)
    except Invalid as error:
        report.notes.append(
            f"“{each.title[:80]}”: {person.email[:80]} is kept without an address. {error.message}"
        )
        return AttendeeDraft(name=name or without_control(person.email)[:200], status=status)
    return AttendeeDraft(email=person.email, name=name, status=status)


def _merged(draft: EventDraft, known: Event) -> EventDraft:
    """Add to the file's version what only we know: people, leads, how and whether each is reminded."""
    was = draft_of(known)
    return replace(
        draft,
        attendees=_merged_people(draft.attendees, was.attendees),
        leads=draft.leads or was.leads,
        email_reminder=was.email_reminder,
        latitude=draft.latitude if draft.latitude is not None else was.latitude,
        longitude=draft.longitude if draft.longitude is not None else was.longitude,
    )


def _merged_people(new: Iterable[AttendeeDraft], was: Iterable[AttendeeDraft]) -> list[AttendeeDraft]:
    answers = {_key(each): each.status for each in new}
    kept = [replace(each, status=_newer(answers.get(_key(each)), each.status)) for each in was]
    known = {_key(each) for each in kept}
    return [*kept, *(each for each in new if _key(each) not in known)]


def _newer(from_file: str | None, ours: str) -> str:
    return from_file if from_file and from_file != "invited" else ours


def _key(person: AttendeeDraft) -> str:
    return (person.email or person.name).lower()


def _stored(known: Event) -> EventDraft:
    """Return the draft of a known event with its exceptions."""
    return replace(
        draft_of(known),
        exdates=known.exdate_times,
        rdates=known.rdate_times,
        overrides=known.overrides,
    )


def _kept(override: Override) -> dict[str, Any]:
    return {
        "starts": override.starts.isoformat() if override.starts else None,
        "ends": override.ends.isoformat() if override.ends else None,
        "cancelled": override.cancelled,
        "title": override.title,
        "location": override.location,
    }


def _organizer(each: ImportedEvent) -> str:
    return each.organizer.email[:320] if each.organizer else ""
