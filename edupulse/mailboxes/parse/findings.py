"""What was wrong with a message is collected here while it is read, and how much guessing it may still ask for."""

from __future__ import annotations

from edupulse.mailboxes.parse import limits


class Findings:
    """The defects of one message in the order in which they were met, each once."""

    def __init__(self) -> None:
        self._defects: dict[str, None] = {}
        self.guesses_left = limits.GUESSES
        self.charset = ""  # that its parts declare: the best hint for headers that say nothing

    def add(self, defect: str) -> None:
        if len(self._defects) < limits.DEFECTS:
            self._defects[defect] = None

    def may_guess(self) -> bool:
        """Count one detection; False when the message has had its share."""
        self.guesses_left -= 1
        return self.guesses_left >= 0

    @property
    def defects(self) -> tuple[str, ...]:
        return tuple(self._defects)
