"""What a job takes is read from its function: shown to people and programs, and checked before it is accepted."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from edupulse.control.catalog import JobSpec
from edupulse.control.parameters import Parameter, check, parameters, schema
from edupulse.errors import Invalid
from jobs.catalog import CATALOG


def everything(
    ids: list[int],
    who: str | None = None,
    how: Literal["gently", "at once"] = "gently",
    share: float = 0.5,
    copy: bool = False,
    facts: dict[str, Any] | None = None,
    rest=None,  # type: ignore[no-untyped-def]
    actor: str = "system",
) -> None:
    """A job with parameters of every kind; `copy` is a name that pydantic has too, `actor` one of `enqueue`'s."""


EVERYTHING = JobSpec("a.everything", everything, "default", "A job of a test.")


def test_each_parameter_has_its_kind_its_default_and_words() -> None:
    found = parameters(EVERYTHING)

    assert found == [
        Parameter("ids", "array", True, None, "a list of whole numbers"),
        Parameter("who", "string", False, None, "a text or nothing"),
        Parameter("how", "string", False, "gently", "'gently' or 'at once'"),
        Parameter("share", "number", False, 0.5, "a number"),
        Parameter("copy", "boolean", False, False, "true or false"),
        Parameter("facts", "object", False, None, "an object or nothing"),
        Parameter("rest", "any", False, None, "any JSON value"),
    ]


def test_the_schema_names_what_is_required_and_refuses_the_rest() -> None:
    found = schema(EVERYTHING)

    assert found["required"] == ["ids"]
    assert found["additionalProperties"] is False
    assert found["properties"]["ids"] == {"type": "array", "items": {"type": "integer"}}
    assert found["properties"]["share"] == {"type": "number", "default": 0.5}


@pytest.mark.parametrize("spec", CATALOG, ids=lambda spec: spec.name)
def test_every_job_of_the_catalog_says_what_it_takes(spec: JobSpec) -> None:
    assert "any" not in {each.kind for each in parameters(spec)}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ids": "7"}, "ids must be a list of whole numbers"),
        ({"ids": ["7"]}, "ids must be a list of whole numbers"),
        ({"ids": [True]}, "ids must be a list of whole numbers"),
        ({"ids": [], "copy": "yes"}, "copy must be true or false"),
        ({"ids": [], "how": "roughly"}, "how must be 'gently' or 'at once'"),
        ({}, "missing a required argument: 'ids'"),
        ({"ids": [], "colour": "red"}, "unexpected keyword argument 'colour'"),
        ({"ids": [], "rest": float("nan")}, "plain JSON"),
        ({"ids": [], "actor": "somebody else"}, "it takes no actor"),
        ({"ids": [], "rest": [{"a": "\x00"}]}, "NUL"),
    ],
)
def test_an_argument_of_another_kind_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check(EVERYTHING, arguments)


def test_arguments_that_fit_are_let_through() -> None:
    check(EVERYTHING, {"ids": [1], "who": None, "share": 1, "facts": {"a": [1]}, "rest": ["\\u0000", None]})
