"""What a letter's template may do: fill in fields, choose, repeat. It reads nothing of ours and ends in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from edupulse.mail.filters import FILTERS, TooMuch, Unfit

MOST_STEPS = 10_000  # turns of all loops of one part together
MOST_SECONDS = (
    1.0  # of the processor, for one part of one mail; a letter of 4 kB takes a ten-thousandth of it
)
ALLOWED_TESTS = (
    "defined", "undefined", "none", "string", "number", "sequence", "mapping", "odd", "even", "in",
)  # fmt: skip
LOOP_FACTS = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
COUNTED = "counted loop"  # filter that every loop is put through; no template can write its name
BUDGET = "budget of this part"  # the variable it finds its budget in, likewise


class Budget:
    """What is left of the steps and of the time that one part of one mail may take."""

    def __init__(self) -> None:
        self._steps = MOST_STEPS
        self._deadline = time.thread_time() + MOST_SECONDS

    def take_step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TooMuch("too_slow")
        self.check_time()

    def check_time(self) -> None:
        if time.thread_time() > self._deadline:
            raise TooMuch("too_slow")


class Missing(StrictUndefined):
    """A field that is not there; its error says nothing but the name."""

    @property
    def _undefined_message(self) -> str:
        return str(self._undefined_name or "")


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment without globals, whose dots reach into lists and mappings of a person's data alone."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in LOOP_FACTS:
            return getattr(obj, attribute)
        return self._item(obj, attribute)

    def getitem(self, obj: Any, argument: str | Any) -> Any:
        return self._item(obj, argument)

    def _item(self, obj: Any, key: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[key]  # raises, naming the field
        if isinstance(obj, Mapping) and isinstance(key, str):
            return obj[key] if obj.get(key) is not None else self.undefined(name=key)
        if isinstance(obj, list | tuple) and isinstance(key, int) and -len(obj) <= key < len(obj):
            return obj[key]
        return self.undefined(name=str(key))


@cache
def sandbox(*, escapes: bool) -> Sandbox:
    """Return the environment for HTML, where values are escaped, or for subject and text, where they are not."""
    environment = Sandbox(
        autoescape=escapes,
        undefined=Missing,
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.globals = {}
    environment.filters = {**FILTERS, COUNTED: _counted}
    environment.tests = {name: TESTS[name] for name in ALLOWED_TESTS}
    return environment


@pass_context
def _counted(context: Context, items: Any) -> Iterator[Any]:
    if isinstance(items, Undefined):
        iter(items)  # raises, naming the field
    if isinstance(items, str):
        raise Unfit(
            "repeats something for each item of a field that is one text",
            'Write {% for item in field|split(";") %} to cut it at each semicolon.',
        )
    budget: Budget = context[BUDGET]
    for item in items:
        budget.take_step()
        yield item
