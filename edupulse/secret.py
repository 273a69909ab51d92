"""A password or key on its way through the program, never shown."""

from __future__ import annotations


class Secret:
    """A value that never shows itself in a repr, a log or a traceback."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(empty)"
