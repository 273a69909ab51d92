"""Somebody whom we invited answers: the answer is written beside their name, and reminders follow it."""

from __future__ import annotations

from edupulse.errors import Invalid
from edupulse.mail.addresses import comparable
from edupulse.reminders.calendar_entry import Participant
from edupulse.reminders.calendar_mail import Item
from edupulse.reminders.imports import ANSWERS
from edupulse.reminders.invited import OLDER, Taken
from edupulse.reminders.last_word import is_news, keep_word, last_word
from edupulse.reminders.models import Attendee, Event
from edupulse.reminders.saving import changing

WORDS = {"accepted": "comes to", "tentative": "may come to", "declined": "does not come to"}


def who_answers(item: Item) -> Participant:
    """Return the one person of a REPLY (RFC 5546 section 3.2.3); raise Invalid where it is not one."""
    if len(item.people) != 1:
        cure = "Enter the answer on the page of the event."
        raise Invalid(f"The answer names {len(item.people)} people instead of one.", cure=cure)
    return item.people[0]


def answered(item: Item, known: Event, person: Participant, *, actor: str) -> Taken:
    """Write the answer of an attendee into the event; nobody comes onto the list by answering."""
    attendee = next((each for each in known.attendees if each.address == comparable(person.email)), None)
    if attendee is None:
        why = f"{person.email} answers the invitation to “{known.title}”, but was not invited."
        return Taken(why, known.id, why)
    if not is_news(item, last_word(known.id, attendee.address, item)):
        return Taken(f"“{known.title}”: {OLDER}.", known.id)
    if item.sequence is not None and item.sequence < known.sequence:
        why = f"{_named(attendee)} answered before “{known.title}” was changed; ask whether it still holds."
        return Taken(why, known.id, why)
    return _write(item, known, attendee, person.answer, actor)


def _write(item: Item, known: Event, attendee: Attendee, answer: str, actor: str) -> Taken:
    status = ANSWERS.get(answer)
    if status is None:
        why = f"{_named(attendee)} answered “{answer.lower()}” to “{known.title}”."
        return Taken(why, known.id, why if answer == "DELEGATED" else "")
    keep_word(known.id, attendee.address, item)
    words = f"{_named(attendee)} {WORDS[status]} “{known.title}”"
    if item.instance and known.is_series:
        return _for_one_date(item, known, words, status)
    _keep(known, attendee, status, actor)
    said = f": “{item.comment}”" if item.comment else "."
    return Taken(words + said, known.id, f"{words}{said}" if item.comment else "")


def _for_one_date(item: Item, known: Event, words: str, status: str) -> Taken:
    """Tell of an answer for one date only: the list has one answer for all dates."""
    assert item.instance is not None  # noqa: S101 - asked by the caller
    on = item.instance.on(known.timezone, if_date=known.starts_local)
    said = f" “{item.comment}”" if item.comment else ""
    why = f"{words} on {on:%Y-%m-%d}; the list holds one answer for all dates and was left as it is.{said}"
    return Taken(why, known.id, why if status == "declined" or said else "")


def _keep(known: Event, attendee: Attendee, status: str, actor: str) -> None:
    if attendee.status == status:
        return
    with changing(known.id, actor, "event.answer") as event:
        next(each for each in event.attendees if each.id == attendee.id).status = status


def _named(attendee: Attendee) -> str:
    return attendee.name or attendee.email
