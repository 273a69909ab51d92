"""What an error means to a person: its cause in plain words, and what to do about it."""

from __future__ import annotations

from edupulse.control.known_errors import KNOWN, Cause, Known, known

__all__ = ["Cause", "explain", "register"]

_registered: list[Known] = []


def register(classes: str, message: str, words: str, cure: str, *, jobs: str = "") -> None:
    """Teach an error: regular expressions for all of its class and for a part of `Class: message`.

    What domains teach is asked first; `jobs` is how the names of the jobs begin that it is about.
    """
    _registered.append(known(classes, message, words, cure, jobs=jobs))


def explain(error_class: str | None, message: str | None, *, name: str) -> Cause:
    """Say why the job `name` failed; an error that nobody has taught gets an honest general sentence."""
    told, words = error_class or "", message or ""
    for kind in (*_registered, *KNOWN):
        if kind.fits(told, words, name):
            return kind.cause
    return _nobody_knows(told)


def _nobody_knows(error_class: str) -> Cause:
    what = (
        f"An error that EduPulse cannot explain ({error_class})." if error_class else "No error was recorded."
    )
    cure = "Read its message and traceback on the page of the latest run; if it makes no sense, tell the developers."
    return Cause(what, cure)
