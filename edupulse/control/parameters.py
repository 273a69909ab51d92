"""What a job takes, read from its function's signature: for forms, for programs, and to check what they give."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model

from edupulse.control.catalog import Check, JobSpec
from edupulse.errors import Invalid

# Kinds of values as JSON schema names them, in words.
_WORDS = {
    "integer": ("a whole number", "whole numbers"),
    "number": ("a number", "numbers"),
    "string": ("a text", "texts"),
    "boolean": ("true or false", "true or false"),
    "array": ("a list", "lists"),
    "object": ("an object", "objects"),
    "null": ("nothing", "nothing"),
}
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
ANY = "any"
OWN = frozenset({"name", "actor"})  # what `enqueue` takes itself: nobody can give a job these from outside


@dataclass(frozen=True)
class Parameter:
    """One value that a job takes."""

    name: str
    kind: str  # integer | number | string | boolean | array | object | any, as JSON schema names them
    required: bool
    default: Any  # None where it is required
    words: str  # what it must be, e.g. "a list of whole numbers"


def parameters(spec: JobSpec) -> list[Parameter]:
    """Return what the job takes, in the order of its function."""
    properties = schema(spec)["properties"]
    return [_parameter(each, properties[each.name]) for each in _named(spec.function)]


def schema(spec: JobSpec) -> dict[str, Any]:
    """Return the JSON schema of the object of arguments; what the function does not name is refused."""
    found: dict[str, Any] = {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }
    for each in _named(spec.function):
        found["properties"][each.name] = _property(each)
        if each.default is each.empty:
            found["required"].append(each.name)
    return found


def check(spec: JobSpec, arguments: Mapping[str, Any]) -> None:
    """Raise Invalid, naming the argument, unless a person or a program may send the job with these arguments.

    The catalog's own check only counts names, because it stands before every occurrence of every schedule.
    """
    if taken := OWN & arguments.keys():
        raise _refusal(spec, f"it takes no {min(taken)}")
    try:
        spec.check(arguments)
    except Invalid as error:
        raise _refusal(spec, error.message.removeprefix(f"Job {spec.name}: ").rstrip(".")) from None
    if "\\u0000" in json.dumps(arguments).replace("\\\\", ""):
        raise _refusal(spec, "no text may hold the character NUL")
    try:
        _model(spec.function).model_validate(dict(arguments))
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        wanted = next(each.words for each in parameters(spec) if each.name == name)
        raise _refusal(spec, f"{name} must be {wanted}", argument=name) from None
    _check_values(spec, arguments)


def _check_values(spec: JobSpec, arguments: Mapping[str, Any]) -> None:
    """Ask the rules of the parameters; the first that refuses names its argument."""
    for each in _named(spec.function):
        for rule in getattr(each.annotation, "__metadata__", ()):
            if not isinstance(rule, Check) or each.name not in arguments:
                continue
            try:
                rule.rule(arguments[each.name])
            except Invalid as error:
                words = f"Job {spec.name}: {each.name}: {error.message}"
                raise Invalid(words, cure=error.cure, field=f"arguments.{each.name}") from None


def _refusal(spec: JobSpec, words: str, argument: str = "") -> Invalid:
    listed = ", ".join(f"{each.name} ({each.words})" for each in parameters(spec)) or "no arguments"
    return Invalid(
        f"Job {spec.name}: {words}.", cure=f"It takes: {listed}.", field=f"arguments.{argument}".rstrip(".")
    )


def _named(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters that can be given by name from outside."""
    found = _signature(function).parameters.values()
    return [each for each in found if each.kind not in _VARIABLE and each.name not in OWN]


def _parameter(each: inspect.Parameter, described: Mapping[str, Any]) -> Parameter:
    required = each.default is each.empty
    kinds = [kind for kind in _kinds(described) if kind != "null"]
    return Parameter(
        name=each.name,
        kind=kinds[0] if len(kinds) == 1 else ANY,
        required=required,
        default=None if required else each.default,
        words=_in_words(described),
    )


def _property(each: inspect.Parameter) -> dict[str, Any]:
    described = {} if each.annotation is each.empty else TypeAdapter(each.annotation).json_schema()
    described.pop("title", None)
    return described if each.default is each.empty else {**described, "default": each.default}


def _kinds(described: Mapping[str, Any]) -> list[str]:
    if "anyOf" in described:
        return [kind for one in described["anyOf"] for kind in _kinds(one)]
    return [described["type"]] if "type" in described else [ANY]


def _in_words(described: Mapping[str, Any], *, several: bool = False) -> str:
    if "anyOf" in described:
        return " or ".join(_in_words(one, several=several) for one in described["anyOf"])
    if "enum" in described:
        return " or ".join(repr(each) for each in described["enum"])
    if described.get("type") == "array" and described.get("items"):
        return f"{'lists' if several else 'a list'} of {_in_words(described['items'], several=True)}"
    one, many = _WORDS.get(described.get("type", ""), ("any JSON value", "any JSON values"))
    return many if several else one


@lru_cache(maxsize=1000)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function, eval_str=True)


@lru_cache(maxsize=1000)
def _model(function: Callable[..., Any]) -> Any:
    fields: dict[str, Any] = {}
    for each in _named(function):
        kind = Any if each.annotation is each.empty else each.annotation
        default = ... if each.default is each.empty else each.default
        # A parameter may have a name that pydantic keeps for itself.
        fields[f"argument_{each.name}"] = (kind, Field(default, alias=each.name))
    return create_model("Arguments", __config__=ConfigDict(strict=True), **fields)
