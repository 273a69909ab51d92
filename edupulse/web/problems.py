"""The refusals of several fields are collected, so that one correction round is enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from edupulse.errors import EduPulseError, Invalid

T = TypeVar("T")


def refusals(error: EduPulseError, otherwise: str = "") -> dict[str, str]:
    """Return the sentences of a refusal by field; one that names no field belongs to `otherwise`."""
    by_field = error.facts.get("fields")
    if isinstance(by_field, Mapping):
        return {str(field): str(sentence) for field, sentence in by_field.items()}
    return {str(error.facts.get("field") or otherwise): str(error)}


class Problems:
    """What cannot be read, by field."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def of(self, name: str, read_it: Callable[[], T]) -> T | None:
        """Return what `read_it` reads; remember a refusal under the field that it names, else `name`."""
        try:
            return read_it()
        except Invalid as error:
            for field, sentence in refusals(error, name).items():
                self.fields.setdefault(field, sentence)
            return None

    def raise_any(self) -> None:
        """Raise Invalid with every refusal, if there was one."""
        if self.fields:
            raise Invalid(" ".join(self.fields.values()), fields=self.fields)
