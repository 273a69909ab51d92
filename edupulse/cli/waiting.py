"""Waiting for an outcome that another process writes into the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from edupulse.database import db
from edupulse.errors import Unavailable

LOOK_SECONDS = 0.2  # how soon a person sees the outcome
LONGEST_SECONDS = 120.0  # after that the outcome is looked up later; a mail may legitimately take minutes
LONGEST = timedelta(seconds=LONGEST_SECONDS)

T = TypeVar("T")


def wait_for(
    look: Callable[[], T], is_over: Callable[[T], bool], *, what: str, seconds: float = LONGEST_SECONDS
) -> T:
    """Return what `look` finds once it `is_over`; raises Unavailable, naming `what`, after `seconds`."""
    started = time.monotonic()
    for found in looks(look):
        if is_over(found):
            return found
        if time.monotonic() - started > seconds:
            break
    raise Unavailable(
        f"{what} is accepted, but not over after {seconds:.0f} s.",
        cure="It goes on by itself; `python cli.py status` says what holds it up.",
    )


def looks(look: Callable[[], T], seconds: float = LOOK_SECONDS) -> Iterator[T]:
    """Yield what `look` finds, again and again, with `seconds` between."""
    while True:
        db.session.rollback()  # a new look needs a new read transaction
        db.session.expire_all()
        yield look()
        time.sleep(seconds)
