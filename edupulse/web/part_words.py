"""What the parts of the system say of themselves, in the language of who reads; what is not here is said in English."""

from __future__ import annotations

from flask_babel import lazy_gettext

from edupulse.control.parts import START_ALL, START_WORKERS

_SAID = {
    START_WORKERS: lazy_gettext(
        "Start them on the page Workers, or with `python cli.py workers start --all`."
    ),
    START_ALL: lazy_gettext(
        "Start everything with `python cli.py start`, or look at `python cli.py doctor`."
    ),
    "The workers are stopped, as somebody wanted. Queued work waits and is done when they start.": lazy_gettext(
        "The workers are stopped, as somebody wanted. Queued work waits and is done when they start."
    ),
    "No worker is running. Queued work waits and is done when one starts.": lazy_gettext(
        "No worker is running. Queued work waits and is done when one starts."
    ),
    "The scheduler is not running. Reminders that fall due wait until it starts.": lazy_gettext(
        "The scheduler is not running. Reminders that fall due wait until it starts."
    ),
    "The scheduler is up, but has not completed a round lately.": lazy_gettext(
        "The scheduler is up, but has not completed a round lately."
    ),
    "Look at its log.": lazy_gettext("Look at its log."),
    "No mail server is set, so mail waits.": lazy_gettext("No mail server is set, so mail waits."),
    "Set SMTP_SERVER and its login in .env.": lazy_gettext("Set SMTP_SERVER and its login in .env."),
}


def said(sentence: str) -> str:
    """Return a sentence of a part as the reader understands it best."""
    return str(_SAID.get(sentence, sentence))
