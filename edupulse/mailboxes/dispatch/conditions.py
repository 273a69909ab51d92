"""What a rule asks of a message: one field, one test, one value; the answer says why.

Patterns are RE2's: their time grows with the length of the text alone, so no rule can hold up the mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from edupulse.errors import Invalid
from edupulse.mailboxes.event import Correspondent, UnifiedEvent
from edupulse.mailboxes.handling import Inbound

LONGEST_VALUE = 300  # characters
LONGEST_LOOKED_AT = 200_000  # characters of one field; nobody's rule is about what comes behind them
PATTERN_MEMORY = 1 << 20  # bytes that a pattern may grow to: enough for any that a person wrote
HEADER = "header:"
_HEADER_NAME = re.compile(r"[a-z][a-z0-9-]{0,70}")
_YES, _NO = "yes", "no"


@dataclass(frozen=True)
class Condition:
    """One line of a rule."""

    field: str
    test: str
    value: str

    def words(self) -> str:
        """Return it as a sentence reads it."""
        return f"{self.field.replace('_', ' ')} {self.test.replace('_', ' ')} “{self.value}”"


@dataclass(frozen=True)
class Verdict:
    """Whether something fits a message, and why or why not."""

    fits: bool
    why: str


def verdict(condition: Condition, message: Inbound) -> Verdict:
    """Say whether `condition` holds for `message`."""
    values = [each[:LONGEST_LOOKED_AT] for each in _values(condition.field, message)]
    fits = _TESTS[condition.test](values, condition.value)
    if fits:
        return Verdict(True, condition.words())
    found = ", ".join(f"“{_short(each)}”" for each in values[:3]) or "nothing"
    return Verdict(False, f"{condition.words()}: it is {found}")


def checked(condition: Condition) -> Condition:
    """Return the condition as it is stored; raises Invalid saying what is wrong with it."""
    field, test, value = condition.field.strip().lower(), condition.test.strip(), condition.value.strip()
    if field not in FIELDS and not _is_header(field):
        raise _refusal(
            f"{condition.field[:40]!r} is no field of a message.",
            f"Choose {', '.join(FIELDS)} or header:NAME.",
        )
    if test not in TESTS:
        raise _refusal(f"{condition.test[:40]!r} is no test.", f"Choose {', '.join(TESTS)}.")
    if not value or len(value) > LONGEST_VALUE or "\0" in value:
        raise _refusal("A condition needs a value.", f"Write 1 to {LONGEST_VALUE} characters.")
    if field in _QUESTIONS and value.lower() not in (_YES, _NO):
        raise _refusal(f"“{field}” is a question.", "Its value is yes or no.")
    if test == "matches":
        _refuse_unless_pattern(value)
    return Condition(field, test, value)


def _refuse_unless_pattern(value: str) -> None:
    try:
        _pattern(value)
    except re2.error as error:
        raise _refusal(
            f"“{value[:60]}” is no pattern: {_said(error)}.",
            "Write it as RE2 reads it: without references back and without looking ahead or behind.",
        ) from None


def _refusal(message: str, cure: str) -> Invalid:
    return Invalid(message, cure=cure, field="conditions")


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _is_header(field: str) -> bool:
    return field.startswith(HEADER) and _HEADER_NAME.fullmatch(field.removeprefix(HEADER)) is not None


def _values(field: str, message: Inbound) -> Iterable[str]:
    if field.startswith(HEADER):
        return message.event.headers.get(field.removeprefix(HEADER), ())
    return FIELDS[field](message)


def _people(*lists: Iterable[Correspondent]) -> list[str]:
    return [each.address or each.name for people in lists for each in people]


def _from(message: Inbound) -> list[str]:
    event = message.event
    return _people(event.from_ or event.sender)


def _to(message: Inbound) -> list[str]:
    event = message.event
    return [*_people(event.to, event.cc), *event.delivered_to]


def _text(message: Inbound) -> list[str]:
    return [message.event.text]


def _filenames(message: Inbound) -> list[str]:
    return [each.filename for each in message.event.attachments if each.filename]


def _answer(truth: bool) -> list[str]:
    return [_YES if truth else _NO]


def _has_files(event: UnifiedEvent) -> bool:
    return any(not each.inline for each in event.attachments)


FIELDS: dict[str, Callable[[Inbound], Iterable[str]]] = {
    "from": _from,
    "from_name": lambda message: [each.name for each in message.event.from_],
    "to": _to,
    "subject": lambda message: [message.event.subject],
    "text": _text,
    "kind": lambda message: [message.event.classification.kind],
    "mailbox": lambda message: [message.own_address],
    "language": lambda message: [message.event.language],
    "attachment": _filenames,
    "has_attachment": lambda message: _answer(_has_files(message.event)),
    "answers_us": lambda message: _answer(message.delivery_id is not None),
}
_QUESTIONS = ("has_attachment", "answers_us")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _any(test: Callable[[str, str], bool]) -> Callable[[list[str], str], bool]:
    def ask(values: list[str], wanted: str) -> bool:
        folded = wanted.casefold()
        return any(test(value.casefold(), folded) for value in values)

    return ask


def _matches(values: list[str], wanted: str) -> bool:
    pattern = _pattern(wanted)
    return any(pattern.search(value) is not None for value in values)


@lru_cache(maxsize=256)
def _pattern(value: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    return re2.compile(value, options)


_is = _any(lambda value, wanted: value == wanted)
_contains = _any(lambda value, wanted: wanted in value)

_TESTS: dict[str, Callable[[list[str], str], bool]] = {
    "is": _is,
    "is_not": lambda values, wanted: not _is(values, wanted),
    "contains": _contains,
    "contains_not": lambda values, wanted: not _contains(values, wanted),
    "starts_with": _any(lambda value, wanted: value.startswith(wanted)),
    "ends_with": _any(lambda value, wanted: value.endswith(wanted)),
    "matches": _matches,
}
TESTS = tuple(_TESTS)
