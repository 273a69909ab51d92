"""What a calendar file asks is done where nothing speaks against it: each of its events is asked about in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from edupulse.config import current_settings
from edupulse.errors import Conflict, Invalid
from edupulse.mail.addresses import comparable
from edupulse.mailboxes.handling import Done, Inbound
from edupulse.reminders.calendar_event import ImportedEvent
from edupulse.reminders.calendar_mail import CalendarMessage, Item, read_message
from edupulse.reminders.invited import Taken, called_off, event_of, invited
from edupulse.reminders.models import Event
from edupulse.reminders.organisers import is_known, our_addresses, why_not_theirs
from edupulse.reminders.replies import answered, who_answers
from edupulse.transaction import transaction

LONGEST_WORDS, LONGEST_ATTENTION = 500, 300  # characters, as the ledger of messages keeps them


def carry_out(message: Inbound, *, actor: str, is_approved: bool = False) -> Done:
    """Do what the calendar file in a mail asks; done twice it has one effect.

    What is doubtful is left to a person, who may have approved it (`is_approved`) and then answers for it.
    """
    timezone = current_settings().timezone
    try:
        asked = read_message(message, timezone)
    except Invalid as error:
        return _done("", [_for_a_person(str(error))])
    if asked is None:
        return _done("", [_for_a_person("No event could be read from the calendar file.")])
    return _done(asked.method, _Case(message, asked, timezone, actor, is_approved).decide())


class _Case:
    """One calendar message on its way through the questions: whose word it is, and what it may do."""

    def __init__(
        self, message: Inbound, asked: CalendarMessage, timezone: str, actor: str, is_approved: bool
    ) -> None:
        self._message, self._asked, self._timezone = message, asked, timezone
        self._actor, self._is_approved = actor, is_approved

    def decide(self) -> list[Taken]:
        """Return what became of each event that the message speaks of."""
        acts = {"REQUEST": self._invite, "CANCEL": self._call_off, "REPLY": self._take_answer}
        act = acts.get(self._asked.method) or (self._invite if self._is_approved else self._leave)
        return [_safely(act, item) for item in self._asked.wanted]

    def _invite(self, item: Item) -> Taken:
        author = self._message.event.author.address
        organizer = item.organizer.email if item.organizer else author
        known = event_of(item)
        if known and self._is_ours(known):
            return self._about_ours(known)
        if doubt := self._doubt_of_invitation(item, organizer, known):
            return _for_a_person(f"{author} invites to “{item.title}”, but {doubt}.", may_be_approved=True)
        event = self._events.get(item.line)
        if event is None:
            raise Invalid(" ".join(self._problems) or "Its time cannot be read.")
        return invited(item, event, organizer, actor=self._actor)

    def _call_off(self, item: Item) -> Taken:
        known = event_of(item)
        if known is None:
            return Taken(f"“{item.title}” is called off and was not known here.")
        if self._is_ours(known):
            return self._about_ours(known)
        doubt = why_not_theirs(self._message, item.organizer) or _other_organiser(item, known)
        if doubt and not self._is_approved:
            return _for_a_person(
                f"A mail calls off “{known.title}”, but {doubt}.", known, may_be_approved=True
            )
        if _is_for_some(item, known):
            return _for_a_person(f"Some people are uninvited from “{known.title}”: look who.", known)
        return called_off(item, known, known.organizer, actor=self._actor)

    def _take_answer(self, item: Item) -> Taken:
        person, known = who_answers(item), event_of(item)
        if known is None:
            return _for_a_person(f"{person.email} answers an invitation that is not known here.")
        if not self._is_ours(known):
            return Taken(
                f"{person.email} answers {known.organizer}, who invites to “{known.title}”.", known.id
            )
        doubt = why_not_theirs(self._message, person)
        if doubt and not self._is_approved:
            return _for_a_person(f"An answer to “{known.title}”: {doubt}.", known, may_be_approved=True)
        return answered(item, known, person, actor=self._actor)

    def _leave(self, item: Item) -> Taken:
        """Leave to a person what is published, countered or asked for in another way."""
        asks = f"asks for {self._asked.method[:20]}" if self._asked.method else "does not say what it asks"
        may = self._asked.method in ("", "PUBLISH")
        return _for_a_person(f"The calendar file with “{item.title}” {asks}.", may_be_approved=may)

    def _about_ours(self, known: Event) -> Taken:
        author = comparable(self._message.event.author.address)
        words = f"“{known.title}” is an event of ours, which nobody changes by mail."
        return Taken(words, known.id, "" if author in our_addresses(self._message) else words)

    def _doubt_of_invitation(self, item: Item, organizer: str, known: Event | None) -> str:
        if self._is_approved:
            return ""
        doubt = why_not_theirs(self._message, item.organizer)
        doubt = doubt or (_other_organiser(item, known) if known else "")
        is_a_stranger = not (known or self._message.is_verified or is_known(organizer))
        return doubt or (f"{organizer} is not known here" if is_a_stranger else "")

    def _is_ours(self, event: Event) -> bool:
        return not event.organizer or comparable(event.organizer) in our_addresses(self._message)

    @property
    def _events(self) -> dict[int, ImportedEvent]:
        return self._read[0]

    @property
    def _problems(self) -> list[str]:
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[dict[int, ImportedEvent], list[str]]:
        return self._asked.events(self._timezone)


def _other_organiser(item: Item, known: Event) -> str:
    named = comparable(item.organizer.email) if item.organizer else ""
    return "" if named == comparable(known.organizer) else f"its organiser is {known.organizer}"


def _is_for_some(item: Item, known: Event) -> bool:
    """Say whether a CANCEL takes only some people off the list (RFC 5546 section 3.2.5)."""
    named = {comparable(person.email) for person in item.people}
    return not item.is_cancelled and bool(named) and not {each.address for each in known.attendees} <= named


def _safely(act: Callable[[Item], Taken], item: Item) -> Taken:
    """Carry out one event's part; what cannot be done leaves no trace and is told to a person."""
    try:
        with transaction() as session, session.begin_nested():
            return act(item)
    except (Invalid, Conflict) as error:
        return _for_a_person(f"“{item.title}”: {error}")


def _for_a_person(why: str, known: Event | None = None, *, may_be_approved: bool = False) -> Taken:
    return Taken(why, known.id if known else None, why, may_be_approved)


def _done(method: str, taken: Sequence[Taken]) -> Done:
    ids = [each.event_id for each in taken if each.event_id]
    detail = {
        "method": method,
        "event_id": ids[0] if ids else None,
        "may_be_approved": any(each.may_be_approved for each in taken),
    }
    words = " ".join(each.words for each in taken)
    attention = " ".join(each.attention for each in taken if each.attention)
    return Done(words[:LONGEST_WORDS], detail, attention[:LONGEST_ATTENTION])
