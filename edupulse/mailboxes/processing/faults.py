"""An error while a message is dealt with: whose fault it is, and how to go on after it."""

from __future__ import annotations

from sqlalchemy.exc import InterfaceError, OperationalError

from edupulse.control.interruptions import SoftTimeLimitExceeded
from edupulse.control.run import PERMANENT, Failure
from edupulse.database import start_anew
from edupulse.errors import Unavailable

_AROUND_US = (Unavailable, OperationalError, InterfaceError)
_IN_THE_MIDDLE = (SoftTimeLimitExceeded, MemoryError, RecursionError)
_SAID = {
    "SoftTimeLimitExceeded": "It took too long",
    "MemoryError": "It needs too much memory",
    "RecursionError": "It is nested too deeply",
}


def is_around_us(error: BaseException) -> bool:
    """Say whether something outside was away, so that the message is not to blame and time mends it."""
    return isinstance(error, _AROUND_US)


def is_permanent(error: BaseException) -> bool:
    """Say whether trying again cannot help."""
    return isinstance(error, PERMANENT)


def recover(error: BaseException) -> None:
    """Take a new session after an error that may have come inside a commit or rollback."""
    if isinstance(error, _IN_THE_MIDDLE):
        start_anew()


def failure_of(error: BaseException) -> Failure:
    """Return what `error` says, with the secrets masked and no reference to what it held in memory."""
    return Failure.of(error)


def words_of(failure: Failure) -> str:
    """Return a failure in one line."""
    said = " ".join(failure.message.split())
    first = _SAID.get(failure.error_class, failure.error_class)
    return f"{first}: {said}" if said else f"{first}."
