"""What `why` answers: one reason, in a sentence, with what to do about it and the facts behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`reason` is a code for machines, `sentence` and `cure` are for people."""

    reason: str
    sentence: str
    cure: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.reason

    def __str__(self) -> str:
        return f"{self.sentence} {self.cure}".strip()
