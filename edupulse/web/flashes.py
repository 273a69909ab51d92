"""One sentence about what was just done, shown on the next page."""

from __future__ import annotations

from flask import flash


def say(sentence: str, *, tone: str = "ok") -> None:
    """Show `sentence` on the next page; tone ok, wait or bad."""
    flash(sentence, tone)
