"""The one refusal of a backup that is not what was written."""

from __future__ import annotations

from edupulse.errors import Invalid

CURE = "Nothing was touched. Take another one; `python cli.py backup list` names them."


def damaged(what: str) -> Invalid:
    """Return the refusal; `what` ends the sentence "This backup is damaged: ..."."""
    return Invalid(f"This backup is damaged: {what}.", cure=CURE)
