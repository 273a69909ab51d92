"""What strangers wrote passes through here on its way to a terminal: nothing in it may command the terminal."""

from __future__ import annotations

import re

# Control characters, which begin commands of terminals, and marks that turn the order of letters around. A line break
# and a tab are no commands.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return `text` as it may be shown, with a mark where something was that could command a terminal."""
    return _COMMANDS.sub("\ufffd", _TURNS.sub("", text.replace("\r\n", "\n")))


def line(text: str) -> str:
    """Return `text` in one line."""
    return " ".join(plain(text).split())
