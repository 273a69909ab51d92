"""The words that a call may choose from are those that the domain knows."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from edupulse.api.event_words import AttendeeWords
from edupulse.api.mailbox_words import MailboxWords
from edupulse.api.messages import WhichMessages
from edupulse.mailboxes.models import AFTER_ACTIONS, AUTHS, KINDS, MESSAGE_STATES, SECURITIES
from edupulse.reminders.models import ATTENDEE_STATES


@pytest.mark.parametrize(
    ("model", "name", "known"),
    [
        (MailboxWords, "security", SECURITIES),
        (MailboxWords, "auth", AUTHS),
        (MailboxWords, "after_action", AFTER_ACTIONS),
        (WhichMessages, "kind", KINDS),
        (WhichMessages, "state", MESSAGE_STATES),
        (AttendeeWords, "status", ATTENDEE_STATES),
    ],
)
def test_each_is_offered_and_nothing_else(model: type[BaseModel], name: str, known: tuple[str, ...]) -> None:
    assert words_of(model.model_fields[name].annotation) - {""} == set(known)


def words_of(annotation: Any) -> set[str]:
    """Return the texts of a Literal, also where it may be null."""
    if isinstance(annotation, str):
        return {annotation}
    return set().union(*(words_of(each) for each in get_args(annotation)))
