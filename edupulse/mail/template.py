"""One part of a letter becomes something to be filled in: straight text with gaps, or a small bounded program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from jinja2 import Template as Program
from jinja2 import UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from markupsafe import escape

from edupulse.mail.allowed import parse, watched
from edupulse.mail.filters import LOCALE, TooMuch, Unfit
from edupulse.mail.merge import (
    LARGEST_OUTPUT,
    LARGEST_TEMPLATE,
    MergeError,
    forbidden,
    missing_field,
    too_large,
    too_slow,
)
from edupulse.mail.sandbox import BUDGET, Budget, sandbox

LARGEST_MADE = 3 * LARGEST_TEMPLATE  # characters of what was made from a template: styles in every element
MOST_GAPS = 200  # in straight text; what has more is filled in under a budget


class Gap(NamedTuple):
    """Where a field stands in straight text, and what stands there if it is missing or empty."""

    name: str
    otherwise: str | None = None


class Template:
    """One part of a letter, checked. What was made from another text names the fields' places in that one."""

    def __init__(
        self, source: str, part: str, *, locale: str = "en", made_from: Template | None = None
    ) -> None:
        tree = parse(source, part, largest=LARGEST_MADE if made_from else LARGEST_TEMPLATE)
        self.source = source
        self.part = part
        self.locale = locale
        self.names = frozenset(find_undeclared_variables(tree))
        self.lines: dict[str, int] = {
            **_first_lines(tree, self.names),
            **(made_from.lines if made_from else {}),
        }
        self.blamed: str = made_from.blamed if made_from else part
        self.segments = _straight(tree)
        self.always_shows = _shown_to_all(tree)
        self._tree = tree

    @cached_property
    def program(self) -> Program | None:
        """Return what decides and repeats; None for straight text, which only puts fields between fixed words."""
        return None if self.segments is not None else _compiled(self._tree, self.part)

    def render(self, known: Mapping[str, object]) -> str:
        """Return it filled in with `known`, in which no value is None. Raises MergeError."""
        if self.program:
            return self._run(self.program, known)
        filled = "".join(
            segment if isinstance(segment, str) else self.shown(self.value(segment, known))
            for segment in self.segments or ()
        )
        if len(filled) > LARGEST_OUTPUT:
            raise too_large(self.blamed)
        return filled

    def value(self, gap: Gap, known: Mapping[str, object]) -> str:
        """Return what belongs in a gap, not yet escaped. Raises MergeError."""
        value = known.get(gap.name, "" if gap.otherwise is not None else None)
        if value is None:
            raise self.missing(gap.name, known)
        return gap.otherwise if value == "" and gap.otherwise is not None else str(value)

    def shown(self, value: str) -> str:
        """Return a value as it stands in this part: escaped in HTML."""
        return str(escape(value)) if self.part == "html" else value

    def missing(self, name: str, known: Mapping[str, object]) -> MergeError:
        """Return the error for a field that a person has not."""
        return missing_field(name, self.blamed, self.lines.get(name, 0), known)

    def _run(self, program: Program, known: Mapping[str, object]) -> str:
        try:
            return self._collected(program, known)
        except UndefinedError as error:
            raise self.missing(str(error), known) from None
        except TooMuch as error:
            raise (too_large if error.kind == "too_large" else too_slow)(self.blamed) from None
        except Unfit as error:
            raise forbidden(error.what, self.blamed, 0, cure=error.cure) from None
        except (TypeError, ValueError, ArithmeticError, LookupError, SecurityError) as error:
            raise forbidden(
                f"cannot be filled in: {error}", self.blamed, 0,
                cure="To compare a field with a number write {% if age|number > 12 %}.",
            ) from None  # fmt: skip

    def _collected(self, program: Program, known: Mapping[str, object]) -> str:
        budget = Budget()
        context = program.new_context({**known, BUDGET: budget, LOCALE: self.locale})
        pieces, size = [], 0
        for piece in program.root_render_func(context):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_OUTPUT:
                raise too_large(self.blamed)
            budget.check_time()
        filled = "".join(pieces)
        if "\0" in filled:
            raise forbidden(
                "holds a character that no mail can carry", self.blamed, 0, cure="Type the fields again."
            )
        return filled


def _compiled(tree: nodes.Template, part: str) -> Program:
    environment = sandbox(escapes=part == "html")
    return Program.from_code(environment, environment.compile(watched(tree)), {})


def _shown_to_all(tree: nodes.Template) -> frozenset[str]:
    """Return the fields that stand outside of every choice and loop."""
    outputs = (each for each in tree.body if isinstance(each, nodes.Output))
    return frozenset(node.name for each in outputs for node in each.nodes if isinstance(node, nodes.Name))


def _first_lines(tree: nodes.Template, names: frozenset[str]) -> dict[str, int]:
    lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in names:
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
    return lines


def _straight(tree: nodes.Template) -> list[str | Gap] | None:
    """Return text and gaps in turn, None if the template decides or repeats something."""
    segments = []
    for node in _outputs(tree):
        segment = _segment(node)
        if segment is None:
            return None
        segments.append(segment)
    return segments if sum(isinstance(each, Gap) for each in segments) <= MOST_GAPS else None


def _outputs(tree: nodes.Template) -> Iterator[nodes.Node]:
    for statement in tree.body:
        yield from statement.nodes if isinstance(statement, nodes.Output) else [statement]


def _segment(node: nodes.Node) -> str | Gap | None:
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Name):
        return Gap(node.name)
    return _with_default(node) if isinstance(node, nodes.Filter) else None


def _with_default(node: nodes.Filter) -> Gap | None:
    if node.name not in ("default", "d") or node.kwargs or not isinstance(node.node, nodes.Name):
        return None
    if len(node.args) == 1 and isinstance(node.args[0], nodes.Const):
        return Gap(node.node.name, str(node.args[0].value))
    return None


def one_line(source: str) -> str:
    """Return the source of a subject with its line breaks as spaces."""
    return re.sub(r"\s*[\r\n]\s*", " ", source.strip())


def as_plain(value: Any) -> Any:
    """Return a field's value with its line breaks as LF; what is no text stays as it is."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
