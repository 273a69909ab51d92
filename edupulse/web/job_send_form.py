"""The form of a job: its parameters become fields, what was typed becomes an order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from edupulse.control.catalog import JobSpec
from edupulse.control.models import PRIORITIES
from edupulse.control.parameters import Parameter, parameters
from edupulse.errors import Invalid
from edupulse.web.form import Form
from edupulse.web.instants import instant
from edupulse.web.problems import Problems

ARGUMENT = "argument-"  # before the name of a parameter, so that it meets none of the form's own fields
LONGEST_KEY = 200  # characters, as the column
IF_EXISTS = {
    "skip": "show that run instead",
    "replace": "replace it if it has not begun",
    "error": "refuse this one",
}


@dataclass(frozen=True)
class Order:
    """What somebody wants to be done."""

    arguments: dict[str, Any]
    priority: int
    not_before: datetime | None
    unique_key: str | None
    if_exists: str


def blank(spec: JobSpec) -> Form:
    """Return the form of a job with the defaults of its parameters."""
    priority = next(name for name, number in PRIORITIES.items() if number == spec.priority)
    fields = {ARGUMENT + each.name: _shown(each) for each in parameters(spec)}
    return Form(MultiDict({**fields, "priority": priority, "if_exists": "skip"}))


def read(form: Form, spec: JobSpec) -> Order:
    """Return the order that the form describes; raises Invalid with a sentence for each field that cannot be read."""
    problems, arguments = Problems(), {}
    for each in parameters(spec):
        field = ARGUMENT + each.name
        typed = form.values.get(field, "")
        if typed.strip() or each.required or each.kind == "string":
            arguments[each.name] = problems.of(field, lambda each=each, typed=typed: _value(each, typed))  # type: ignore[misc]
    not_before = problems.of("not_before", lambda: instant(form.value("not_before"), "not_before"))
    unique_key = problems.of("unique_key", lambda: _key(form))
    problems.raise_any()
    return Order(
        arguments=arguments,
        priority=PRIORITIES.get(form.value("priority"), spec.priority),
        not_before=not_before,
        unique_key=unique_key,
        if_exists=form.value("if_exists") or "skip",
    )


def _shown(each: Parameter) -> str:
    if each.required or each.default is None:
        return ""
    return each.default if isinstance(each.default, str) else json.dumps(each.default, ensure_ascii=False)


def _key(form: Form) -> str | None:
    """Return the key; cut short it would stand for other work too."""
    key = form.value("unique_key")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Invalid(
            "The key cannot be used.", cure=f"Use at most {LONGEST_KEY} characters.", field="unique_key"
        )
    return key or None


def _value(each: Parameter, typed: str) -> Any:
    """Return what was typed as the parameter's kind of value; a text needs no quotes, a list no brackets."""
    field = ARGUMENT + each.name
    if each.kind == "string":
        return typed.replace("\r\n", "\n")
    is_bare_list = each.kind == "array" and typed.strip() and not typed.strip().startswith("[")
    try:
        return json.loads(f"[{typed}]" if is_bare_list else typed)
    except (ValueError, RecursionError):
        if each.kind == "any" and typed.strip():
            return typed.strip()
        missing = not typed.strip()
        raise Invalid(
            f"{each.name} is missing." if missing else f"{each.name} must be {each.words}.",
            cure=_EXAMPLES.get(each.kind, ""),
            field=field,
        ) from None


_EXAMPLES = {
    "integer": "Write 7.",
    "number": "Write 2.5.",
    "boolean": "Choose yes or no.",
    "array": "Write 7, 8.",
    "object": 'Write {"course": 7}.',
}
