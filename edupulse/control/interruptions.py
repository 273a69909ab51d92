"""What may be raised inside a job from outside, while it runs."""

from __future__ import annotations


class SoftTimeLimitExceeded(Exception):
    """The job ran into its soft limit: it may tidy up, and has until the hard limit to do so."""


class Interruption(BaseException):
    """Ends the attempt; not an Exception, so that no broad `except` can swallow it."""

    state = "failed"  # what the run becomes


class TimeLimitExceeded(Interruption):
    """The job ran into its hard limit."""


class Cancelled(Interruption):
    """Somebody stopped the job."""

    state = "cancelled"


class WorkerStopping(Interruption):
    """The worker must end before the job could: the run is given back."""

    state = "interrupted"
