"""One attempt as plain data: what a worker is given, and what it gives back."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.interruptions import Interruption, SoftTimeLimitExceeded
from edupulse.errors import Conflict, Denied, EduPulseError, Invalid, NotFound
from edupulse.logs import masked

# Trying again cannot help, or would only take as long again.
PERMANENT = (Invalid, NotFound, Denied, Conflict, SoftTimeLimitExceeded)
TRACEBACK_CHARACTERS = 8_000
MESSAGE_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has begun; `attempts` is the fencing token: only this attempt may write the outcome."""

    id: str
    name: str
    queue: str
    arguments: dict[str, Any]
    attempts: int
    max_attempts: int = 1
    deaths: int = 0
    actor: str = "system"
    request_id: str | None = None
    workflow_step_id: int | None = None

    @property
    def key(self) -> str:
        """What tells this attempt from every other."""
        return f"{self.id}:{self.attempts}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, free of secrets and fit for JSON; `retry_after` is in seconds."""

    error_class: str
    message: str
    traceback: str = ""
    temporary: bool = False
    retry_after: float | None = None

    @classmethod
    def of(cls, error: BaseException, permanent: tuple[type[Exception], ...] = ()) -> Failure:
        """Return what `error` says; an error is temporary unless its class says otherwise."""
        secrets = current_settings().secrets()
        trace = masked("".join(traceback.format_exception(error)), secrets)
        asked = error.facts.get("retry_after") if isinstance(error, EduPulseError) else None
        return cls(
            error_class=type(error).__name__,
            message=masked(str(error), secrets)[:MESSAGE_CHARACTERS],
            traceback=trace[-TRACEBACK_CHARACTERS:],  # cut after masking: half a secret is not found
            temporary=isinstance(error, Exception) and not isinstance(error, (*PERMANENT, *permanent)),
            retry_after=float(asked) if isinstance(asked, int | float) else None,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: finished | failed | cancelled | interrupted (unfinished) | returned (not even begun)."""

    run: Run
    state: str
    result: Any = None
    failure: Failure | None = None
    ended_at: datetime = field(default_factory=now)
    written: bool = False  # in the ledger already, together with what the job wrote

    @classmethod
    def of_error(cls, run: Run, error: BaseException, permanent: tuple[type[Exception], ...] = ()) -> Outcome:
        """Return the outcome of an attempt that `error` ended."""
        state = error.state if isinstance(error, Interruption) else "failed"
        return cls(run, state, failure=Failure.of(error, permanent))
