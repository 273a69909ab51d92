"""What is handed to Redis after a commit goes somewhere else for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.orm import Session

from edupulse import transaction
from edupulse.control import messages
from edupulse.control.messages import Waiting

Push = Callable[[Sequence[Waiting]], None]


@contextmanager
def handing_over_to(push: Push) -> Iterator[None]:
    """Let `push` take the queued runs while the block runs."""
    before, messages.push_these = messages.push_these, push  # type: ignore[assignment]
    try:
        yield
    finally:
        messages.push_these = before


def nobody(runs: Sequence[Waiting]) -> None:
    """Leave the runs where they are: queued in the ledger."""


def taker() -> Push:
    """Return who takes the queued runs now."""
    return messages.push_these


@contextmanager
def after_each_commit(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` when a commit of the block has been handed over; what it raises goes to who committed."""
    hand_over = transaction._hand_over

    def hand_over_and_act(session: Session) -> None:
        hand_over(session)
        act()

    transaction._hand_over = hand_over_and_act
    try:
        yield
    finally:
        transaction._hand_over = hand_over
