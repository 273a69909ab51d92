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
    _check(seconds, steps, fail_at)
    for step in range(1, steps + 1):
        _rest(seconds / steps)
        if step == fail_at:
            raise Rehearsed(f"It failed at step {step}, as it was asked to.", cure="Send it without fail_at.")
        progress.report(step, steps, f"step {step} of {steps}")
    return {"seconds": seconds, "steps": steps}


def _rest(seconds: float) -> None:
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        check_stop()
        sleep(min(left, NAP))


def _check(seconds: int, steps: int, fail_at: int) -> None:
    for name, value, least, most in (
        ("seconds", seconds, 0, LONGEST),
        ("steps", steps, 1, MOST_STEPS),
        ("fail_at", fail_at, 0, steps),
    ):
        if not least <= value <= most:
            raise Invalid(f"“{name}” must be from {least} to {most:,}.", field=name)
