"""Work that only takes time, so that people see progress, limits, stops and retries before they need them."""

from __future__ import annotations

from time import monotonic, sleep

from edupulse.control import progress
from edupulse.control.execution import check_stop
from edupulse.errors import EduPulseError, Invalid

LONGEST = 1500  # seconds: then the soft limit of a job ends it anyway
MOST_STEPS = 10_000
NAP = 0.1  # seconds between two looks whether somebody wants it to stop


class Rehearsed(EduPulseError):
    """A failure that was asked for."""


def work(seconds: int, steps: int, fail_at: int) -> dict[str, int]:
    """Take `seconds` in `steps` equal parts, and fail at part `fail_at` (0: never).

    Raises Invalid for numbers that make no sense, Rehearsed where it was asked to fail, Cancelled when stopped.
    """
    check_seconds(seconds)
    check_steps(steps)
    if not 0 <= fail_at <= steps:
        raise Invalid(f"“fail_at” must be from 0 to {steps:,}.", field="fail_at")
    for step in range(1, steps + 1):
        _rest(seconds / steps)
        if step == fail_at:
            raise Rehearsed(f"It failed at step {step}, as it was asked to.", cure="Send it without fail_at.")
        progress.report(step, steps, f"step {step} of {steps}")
    return {"seconds": seconds, "steps": steps}


def check_seconds(seconds: int) -> None:
    """Raise Invalid for a time that no job has."""
    if not 0 <= seconds <= LONGEST:
        raise Invalid(f"“seconds” must be from 0 to {LONGEST:,}.", field="seconds")


def check_steps(steps: int) -> None:
    """Raise Invalid for no step at all, and for too many."""
    if not 1 <= steps <= MOST_STEPS:
        raise Invalid(f"“steps” must be from 1 to {MOST_STEPS:,}.", field="steps")


def _rest(seconds: float) -> None:
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        check_stop()
        sleep(min(left, NAP))
