"""Every refusal that EduPulse makes on purpose: few kinds, each carrying its facts and a cure."""

from __future__ import annotations


class EduPulseError(Exception):
    """Root of what we raise on purpose; `facts` are plain values, `cure` says what to do next."""

    def __init__(self, message: str, *, cure: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message} {self.cure}".strip()


class NotFound(EduPulseError):
    """What was asked for does not exist."""


class Invalid(EduPulseError):
    """The input cannot be used; the message names the field and what it should be."""


class Conflict(EduPulseError):
    """The thing is in a state that forbids this act."""


class Denied(EduPulseError):
    """The person may not do this."""


class Unavailable(EduPulseError):
    """Something outside (Redis, the database, a mail server) cannot be reached now; try later."""
