"""A letter's template is read, and what no letter needs is refused by name and line before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import TemplateSyntaxError, nodes

from edupulse.mail.filters import FILTERS
from edupulse.mail.merge import LARGEST_TEMPLATE, MergeError, forbidden, where
from edupulse.mail.sandbox import ALLOWED_TESTS, COUNTED, sandbox

DEEPEST = 40  # levels of expressions and blocks inside one another; Python compiles about a hundred
MOST_PIECES = 2_000  # fields, choices and remarks in one part: half a second of reading and compiling
DEEPEST_BLOCKS = 8  # levels of if and for; Python allows twenty loops inside one another
_JINJA = re.compile(r"\{[{%#]")
_RAW = re.compile(r"\{%[-+]?\s*raw\b")  # would hide braces from those who look for fields in the HTML
_TAG = r"\{%(?:(?!%\}).)*"
_LINE_OF_TAGS = re.compile(rf"^[ \t]*((?:{_TAG}%\}}[ \t]*)*{_TAG})(?<![-+])%\}}[ \t]*\n", re.MULTILINE)
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.For,
    nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Keyword, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Neg, nodes.Getattr, nodes.Getitem, nodes.List, nodes.Tuple,
)  # fmt: skip
_REFUSED = (
    (nodes.Call, "calls something", "Use a filter instead, such as {{ name|upper }}."),
    (
        nodes.BinExpr,
        "calculates",
        "Put the result into a field. A field's name has no dash: {{ first_name }}.",
    ),
    (nodes.Concat, "joins with ~", "Write the fields one after the other: {{ first_name }} {{ last_name }}."),
    (
        (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends),
        "asks for another file",
        "Copy what it says into the letter.",
    ),
)
_GENERAL_CURE = (
    "A letter may use {{ fields }}, {% if %}, {% for %} and the filters " + ", ".join(FILTERS) + "."
)


def parse(source: str, part: str, *, largest: int = LARGEST_TEMPLATE) -> nodes.Template:
    """Return the tree of a template that may be run. Raises MergeError."""
    if len(source) > largest:
        raise MergeError(
            f"{where(part, 0)} has {len(source):,} characters; at most {largest:,} are possible.",
            cure="Shorten it; pictures belong on a web page.", kind="too_large", part=part,
        )  # fmt: skip
    if len(_JINJA.findall(source)) > MOST_PIECES:
        raise MergeError(
            f"{where(part, 0)} has more than {MOST_PIECES:,} fields and choices.",
            cure="Put what belongs together into one field.", kind="too_large", part=part,
        )  # fmt: skip
    if raw := _RAW.search(source):
        line = source.count("\n", 0, raw.start()) + 1
        raise forbidden("uses {% raw %}", part, line, cure="Write a brace as {{ '{' }}.")
    environment = sandbox(escapes=part == "html")
    try:
        environment.parse(source)  # whose errors name the lines as they were written
        tree = environment.parse(_without_lines_of_tags(source))
    except TemplateSyntaxError as error:
        raise _unreadable(error.message or "", part, error.lineno) from None
    except (RecursionError, ValueError, OverflowError):
        raise _unreadable("something is nested too deeply, or a number is too long", part, 0) from None
    for node, depth, blocks in _walk(tree):
        _refuse(node, part)
        if depth > DEEPEST or blocks > DEEPEST_BLOCKS:
            raise _unreadable("something is nested too deeply", part, node.lineno)
    return tree


def watched(tree: nodes.Template) -> nodes.Template:
    """Return the tree with every loop counting its turns."""
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Filter) and loop.iter.name == COUNTED:
            continue
        loop.iter = nodes.Filter(loop.iter, COUNTED, [], [], None, None, lineno=loop.lineno)
    return tree.set_environment(tree.environment)  # type: ignore[arg-type, return-value]


def _without_lines_of_tags(source: str) -> str:
    """Return the source in which a line of nothing but {% tags %} leaves no empty line behind.

    The line break moves into the last tag, so that the numbers of the lines stay what they are.
    """
    return _LINE_OF_TAGS.sub(r"\1\n%}", source)


def _walk(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int, int]]:
    waiting = [(tree, 0, 0)]
    while waiting:
        node, depth, blocks = waiting.pop()
        yield node, depth, blocks
        inner = blocks + isinstance(node, nodes.If | nodes.For)
        waiting += [(child, depth + 1, inner) for child in node.iter_child_nodes()]


def _refuse(node: nodes.Node, part: str) -> None:
    for kinds, what, cure in _REFUSED:
        if isinstance(node, kinds) and not isinstance(node, nodes.And | nodes.Or):
            raise forbidden(what, part, node.lineno, cure=cure)
    if not isinstance(node, _ALLOWED):
        raise forbidden("uses something that a letter may not", part, node.lineno, cure=_GENERAL_CURE)
    if isinstance(node, nodes.Filter) and (node.name not in FILTERS or _is_spread(node)):
        raise forbidden(f"uses the filter “{node.name}”", part, node.lineno, cure=_cure_for(node.name or ""))
    if isinstance(node, nodes.Test) and (node.name not in ALLOWED_TESTS or _is_spread(node)):
        raise forbidden(f"tests with “is {node.name}”", part, node.lineno, cure=_GENERAL_CURE)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise forbidden(f"asks for “{node.attr}”", part, node.lineno, cure="No field begins with a line.")
    if isinstance(node, nodes.For) and (node.recursive or _is_reserved(node.target)):
        raise forbidden("repeats in a way that a letter may not", part, node.lineno, cure=_GENERAL_CURE)


def _is_spread(node: nodes.Filter | nodes.Test) -> bool:
    return node.dyn_args is not None or node.dyn_kwargs is not None


def _is_reserved(target: nodes.Node) -> bool:
    names = [target, *target.find_all(nodes.Name)]
    return any(isinstance(each, nodes.Name) and each.name == "loop" for each in names)


def _cure_for(name: str) -> str:
    if name in ("safe", "escape", "e", "forceescape"):
        return "Leave it out: what fields hold is shown as text, always."
    return _GENERAL_CURE


def _unreadable(message: str, part: str, line: int) -> MergeError:
    return MergeError(
        f"{where(part, line)} cannot be read: {message.rstrip('.')}.",
        cure=_cure_of_syntax(message), kind="syntax", part=part, line=line,
    )  # fmt: skip


def _cure_of_syntax(message: str) -> str:
    if "end of comment" in message:
        return "{# begins a remark that must end with #}. In a style sheet put a space between { and #."
    if "end of print statement" in message and "end of template" not in message:
        return "A field's name is one word: {{ first_name }}."
    if tag := re.search(r"unknown tag '(\w+)'", message, re.IGNORECASE):
        return f"“{tag[1]}” is not known here. {_GENERAL_CURE}"
    if "looking for the following tags" in message:
        return "Close every {% if %} with {% endif %} and every {% for %} with {% endfor %}."
    return (
        "Check the braces: a field is written {{ first_name }}, a choice {% if first_name %} … {% endif %}."
    )
