"""What happens next to a mail is one sentence, decided from its state and from what holds it up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edupulse.mail.afterwards import Afterwards, what_follows
from edupulse.mail.models import STATES

NINE = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("state", STATES)
def test_something_is_said_about_every_state(state: str) -> None:
    assert what_follows(Afterwards(state, next_attempt_at=NINE)).endswith(".")


def test_what_waits_for_its_own_time_is_sent_then_and_what_failed_is_tried_again() -> None:
    assert what_follows(Afterwards("deferred", next_attempt_at=NINE)) == "It is sent at 2026-03-12 09:00."
    assert "tried again" in what_follows(Afterwards("deferred", attempts=1, next_attempt_at=NINE))


def test_a_pause_comes_before_every_hour() -> None:
    waits = Afterwards("deferred", next_attempt_at=NINE, pause_reason="Wrong password.")

    assert what_follows(waits) == "It waits, because the mail account is paused: Wrong password."


def test_a_campaign_that_has_not_begun_is_waited_for() -> None:
    assert what_follows(Afterwards("queued", is_opened=False)) == "It waits until its campaign begins."


def test_what_is_paused_changes_nothing_for_a_mail_that_is_over() -> None:
    assert what_follows(Afterwards("sent", pause_reason="x")) == what_follows(Afterwards("sent"))
