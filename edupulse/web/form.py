"""What somebody typed into a form, and what is wrong with it: it comes back with every word."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from edupulse.errors import EduPulseError
from edupulse.web.problems import refusals


@dataclass
class Form:
    """What stands in the fields, and what is wrong with it by field; under "" what belongs to none."""

    values: MultiDict[str, str] = field(default_factory=MultiDict)
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def chosen(self, name: str, value: str) -> bool:
        """Say whether a box or a radio button is on."""
        return value in self.values.getlist(name)

    def refuse(self, error: EduPulseError, fields: Collection[str]) -> None:
        """Put a refusal beside its field where the page has one of `fields`, else above the form."""
        for name, sentence in refusals(error).items():
            shown = name if name in fields else ""
            self.errors[shown] = f"{self.errors[shown]} {sentence}" if shown in self.errors else sentence
