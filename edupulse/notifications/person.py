"""Somebody who reads what they were told: in a page, in the shell, or through a token that may let them do less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Person(Protocol):
    """Who it is, and up to which role they may know."""

    @property
    def id(self) -> int: ...
    @property
    def email(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True)
class Limited:
    """A person who comes with a smaller role than their own."""

    id: int
    email: str
    role: str
