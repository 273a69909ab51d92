"""Why did this person (not) get a reminder? Each fact that could be the reason is asked in turn; one answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import get_close_matches

from edupulse.mail.suppressions import stops_for
from edupulse.reminders.answer import Answer
from edupulse.reminders.case import Case, case_of
from edupulse.reminders.people import obstacle
from edupulse.reminders.plan import plan
from edupulse.reminders.reasons import SENTENCES, words
from edupulse.reminders.snapshot import snapshot
from edupulse.reminders.why_mail import answer_from_mail
from edupulse.reminders.why_waiting import answer_overdue, down

__all__ = ["Answer", "why"]

FAR = timedelta(days=400)  # what is not planned yet is looked for this far ahead
CURES = {
    "no_address": "Add the address to the person.",
    "declined": "Nothing needs to be done; change the answer if it is wrong.",
    "no_mail_wanted": "Ask the person before you change that.",
    "event_cancelled": "Restore the event if it takes place after all.",
    "reminder_off": "Turn reminders on in the event.",
}


def why(event_id: int, address: str, now: datetime) -> Answer:
    """Say why the person got, will get or did not get the mail that is nearest to `now`.

    `address` may be a name too, for a person without an address. Raises NotFound for an unknown event.
    """
    case = case_of(event_id, address, now)
    return next(answer for answer in _answers(case) if answer)


def _answers(case: Case) -> Iterator[Answer | None]:
    if case.is_news:
        yield answer_from_mail(case)
    yield _not_on_the_list(case)
    yield _not_wanted(case)
    yield _suppressed(case)
    if case.is_news:
        yield _not_handed_over(case)
    yield _planned(case)
    yield _not_planned_yet(case)
    yield answer_from_mail(case)
    yield _not_handed_over(case)
    yield Answer("over", "The event is over, and no reminder for this person was planned in time.")


def _not_on_the_list(case: Case) -> Answer | None:
    if case.person:
        return None
    known = {word: each for each in case.event.attendees for word in (each.name, each.address) if word}
    near = get_close_matches(case.asked, known, n=1)
    cure = f"Did you mean {near[0]}?" if near else "Look at the people of the event."
    return Answer("not_attendee", f"{case.asked or 'Nobody'} is not on the list of the event.", cure)


def _not_wanted(case: Case) -> Answer | None:
    """Answer from the event and the person: whether a reminder is wanted at all."""
    code = "event_cancelled" if case.event.is_cancelled else None
    code = code or (None if case.event.email_reminder else "reminder_off")
    code = code or (obstacle(case.person) if case.person else None)
    return (
        Answer("cancelled" if code == "event_cancelled" else code, SENTENCES[code], CURES[code])
        if code
        else None
    )


def _suppressed(case: Case) -> Answer | None:
    reason = stops_for([case.address]).reason(case.address, "reminder")
    cure = "Lift the suppression if the person agrees."
    return Answer("suppressed", f"The address must not be written to: {reason}", cure) if reason else None


def _not_handed_over(case: Case) -> Answer | None:
    """Answer from a reminder whose time has come and that no mail was made of."""
    reminder = case.reminder
    if reminder is None or reminder.state == "handed_over":
        return None
    if reminder.state == "planned":
        return answer_overdue(case, reminder)
    facts = {"due_at": reminder.due_at, "starts_at": reminder.starts_at}
    sentence = f"The reminder was due at {case.at(reminder.due_at)}. {words(reminder.reason)}"
    return Answer(reminder.state, sentence, "Send the reminder by hand if it is still of use.", facts)


def _planned(case: Case) -> Answer | None:
    if case.coming is None:
        return None
    due, starts = case.at(case.coming.due_at), case.at(case.coming.starts_at)
    held = down(case.now, queue="reminders", needs_scheduler=True)
    warning = f"But by now: {held}" if held else ""
    facts = {"due_at": case.coming.due_at, "starts_at": case.coming.starts_at}
    return Answer("outside_window", f"It is not time yet: it is sent at {due}, for {starts}.", warning, facts)


def _not_planned_yet(case: Case) -> Answer | None:
    """Answer from the calendar, where a series goes on beyond what is planned."""
    coming = [
        each for each in plan(snapshot(case.event).facts, case.now, case.now + FAR) if each.due_at > case.now
    ]
    if not coming:
        return None
    first = min(coming, key=lambda each: each.due_at)
    sentence = f"It is not time yet: it is sent at {case.at(first.due_at)}, for {case.at(first.starts_at)}."
    return Answer("outside_window", sentence, "", {"due_at": first.due_at, "starts_at": first.starts_at})
