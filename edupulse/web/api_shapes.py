"""The OpenAPI document becomes lines for people: addresses by noun, what each takes and gives, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
OTHERS = "kept"  # the tag of addresses outside the nouns

Document = Mapping[str, Any]
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """One value that is said or given; `shape` is the name of a shape that it holds."""

    name: str
    kind: str
    required: bool
    about: str
    shape: str = ""


@dataclass(frozen=True)
class Answer:
    """What may come back: the status, what it means, and the shape."""

    status: str
    about: str
    shape: str


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    role: str
    query: list[Field]
    body: list[Field]
    files: list[str]
    answers: list[Answer]


def by_noun(document: Document) -> dict[str, list[Operation]]:
    """Return the operations by their noun, in the order of their addresses; what is no noun comes last."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in (each for each in METHODS if each in methods):
            told = methods[method]
            found.setdefault(told["tags"][0], []).append(_operation(document, path, method, told))
    if OTHERS in found:
        found[OTHERS] = found.pop(OTHERS)
    return found


def shapes(document: Document) -> dict[str, list[Field]]:
    """Return the fields of each shape that has any, by its name."""
    named = sorted(document["components"]["schemas"].items())
    return {name: fields for name, schema in named if (fields := list(_fields(schema)))}


def kind_of(schema: Schema) -> str:
    """Say what a value is: "text", "whole number or nothing", "list of Job"."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(each) for each in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " or ".join(f"“{each}”" for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if schema.get("format") == "date-time":
        return "time"
    return _KINDS.get(str(schema.get("type", "")), "any value")


_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "nothing",
}


def _operation(document: Document, path: str, method: str, told: Mapping[str, Any]) -> Operation:
    content = told.get("requestBody", {}).get("content", {})
    return Operation(
        name=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        description=told["description"],
        role=told["x-role"],
        query=[_parameter(each) for each in told["parameters"] if each["in"] == "query"],
        body=list(_fields(_resolved(document, content.get(JSON, {}).get("schema", {})))),
        files=[kind for kind in content if kind != JSON],
        answers=[_answer(status, each) for status, each in told["responses"].items() if "$ref" not in each],
    )


def _parameter(told: Mapping[str, Any]) -> Field:
    return Field(told["name"], kind_of(told["schema"]), told["required"], told.get("description", ""))


def _answer(status: str, told: Mapping[str, Any]) -> Answer:
    schema = told.get("content", {}).get(JSON, {}).get("schema", {})
    return Answer(status, told["description"], _name(schema) if "$ref" in schema else "")


def _fields(schema: Schema) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        yield Field(name, kind_of(each), name in required, each.get("description", ""), _shape_in(each))


def _shape_in(schema: Schema) -> str:
    """Return the one shape that a value holds, however it is wrapped."""
    inner = [schema, *schema.get("anyOf", ()), schema.get("items", {})]
    return next((_name(each) for each in inner if "$ref" in each), "")


def _resolved(document: Document, schema: Schema) -> Schema:
    found: Schema = document["components"]["schemas"][_name(schema)] if "$ref" in schema else schema
    return found


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
