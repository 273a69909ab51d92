"""The OpenAPI document: made from the contracts of the views, so that it cannot say anything else than they do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask import current_app
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from edupulse.api.gate import needed_role
from edupulse.api.noun import SAYING, Contract, File, Gives, Noun
from edupulse.api.schema import NoQuery, Shown
from edupulse.version import VERSION

noun = Noun("openapi", __name__)

Wanted = tuple[type[BaseModel], JsonSchemaMode]

REFERENCE = "#/components/schemas/{model}"
JSON = "application/json"
ALWAYS = (401, 403, 422, 429, 500, 503)
ABOUT = """\
Every address needs a bearer token: `Authorization: Bearer edu_...`. A viewer may look, an operator may act, an
administrator manages people. Times are ISO 8601 in UTC. Lists come in pages: follow `next`. A POST with the header
`Idempotency-Key` is done once, however often it is sent."""


class Problem(Shown):
    """Why a call was refused, and what to do."""

    code: str
    message: str
    cure: str
    field: str | None
    request_id: str


class Refusal(Shown):
    """The one shape of every error."""

    error: Problem


class Document(Shown):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    security: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


@noun.get("/openapi.json", gives=Document)
def show() -> dict[str, Any]:
    """Return the description of this API for programs."""
    return document()


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of everything that the current application offers to programs."""
    found = sorted(_described(), key=lambda each: each[0].rule)
    schemas, names = _schemas([contract for _, contract in found])
    paths: dict[str, dict[str, Any]] = {}
    for rule, contract in found:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = _operation(rule, method, contract, names)
            paths.setdefault(_path(rule), {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "EduPulse", "version": VERSION, "description": ABOUT},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "responses": {str(status): _refusal(status, names) for status in _MEANING},
        },
    }


def _described() -> Iterator[tuple[Rule, Contract]]:
    for rule in current_app.url_map.iter_rules():
        contract = getattr(current_app.view_functions[rule.endpoint], "contract", None)
        if contract is not None and rule.endpoint.startswith("api."):
            yield rule, contract


def _schemas(contracts: list[Contract]) -> tuple[dict[str, Any], dict[type[BaseModel], str]]:
    """Return the schemas of all models by name, and the name of each model."""
    said = {contract.body for contract in contracts}
    given = {model for contract in contracts for model in _given(contract) if isinstance(model, type)}
    inputs: list[Wanted] = [(model, "validation") for model in sorted(said, key=str)]
    outputs: list[Wanted] = [(model, "serialization") for model in sorted(given | {Refusal}, key=str)]
    found, whole = models_json_schema([*inputs, *outputs], ref_template=REFERENCE)
    names = {model: found[model, mode]["$ref"].rpartition("/")[2] for model, mode in [*inputs, *outputs]}
    return whole["$defs"], names


def _given(contract: Contract) -> list[Gives]:
    return [gives for gives in (contract.gives, *contract.also.values()) if gives is not None]


def _operation(
    rule: Rule, method: str, contract: Contract, names: dict[type[BaseModel], str]
) -> dict[str, Any]:
    summary, _, description = (inspect.getdoc(current_app.view_functions[rule.endpoint]) or "").partition(
        "\n"
    )
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.removeprefix("api."),
        "tags": [_path(rule).split("/")[3] if rule.rule.startswith("/api/") else "kept"],
        "summary": summary,
        "description": description.strip(),
        "parameters": [*_path_parameters(rule), *_query_parameters(contract)],
        "responses": _responses(rule, method, contract, names),
        "x-role": needed_role(rule.endpoint),
    }
    if method in SAYING:
        operation["requestBody"] = _request_body(contract, names)
    if not operation["x-role"]:
        operation["security"] = []
    return operation


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for kind, name in re.findall(r"<(?:([^:<>]+):)?([^<>]+)>", rule.rule):
        schema = (
            {"type": "integer", "minimum": 0, "maximum": 10**9 - 1} if kind == "int" else {"type": "string"}
        )
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(contract: Contract) -> Iterator[dict[str, Any]]:
    schema = contract.query.model_json_schema(ref_template=REFERENCE)
    for name, each in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        about = each.pop("description", "")
        yield {"name": name, "in": "query", "required": required, "description": about, "schema": each}


def _request_body(contract: Contract, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    content: dict[str, Any] = {JSON: {"schema": _reference(names[contract.body])}}
    content |= {kind: {"schema": {"type": "string", "format": "binary"}} for kind in contract.files}
    return {"required": _is_required(contract), "content": content}


def _is_required(contract: Contract) -> bool:
    """Say whether a call must say something: an empty object is said by saying nothing."""
    return any(each.is_required() for each in contract.body.model_fields.values())


def _responses(
    rule: Rule, method: str, contract: Contract, names: dict[type[BaseModel], str]
) -> dict[str, Any]:
    good = {contract.status: contract.gives, **contract.also}
    found = {str(status): _answer(gives, names) for status, gives in good.items()}
    bad = {
        *ALWAYS,
        *((404,) if "<" in rule.rule or contract.query is not NoQuery else ()),
        *((400, 404, 409, 413, 415) if method in SAYING else ()),
    }
    bad |= {404, 409} if method == "DELETE" else set()
    return found | {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(bad)}


def _answer(gives: Gives | None, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    if gives is None:
        return {"description": "Done."}
    if isinstance(gives, File):
        file = {"schema": {"type": "string", "format": "binary"}}
        return {"description": "The file.", "content": dict.fromkeys(gives.content_types, file)}
    about = inspect.cleandoc(gives.__doc__ or "Done.").splitlines()[0]
    return {"description": about, "content": {JSON: {"schema": _reference(names[gives])}}}


def _refusal(status: int, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    content = {JSON: {"schema": _reference(names[Refusal])}}
    return {"description": _MEANING[status], "content": content}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=name)}


_MEANING = {
    400: "The call cannot be read.",
    401: "There is no valid token.",
    403: "The token's role is not enough.",
    404: "There is no such thing.",
    405: "The address has no such method.",
    409: "Its state forbids it.",
    413: "The request is too large.",
    415: "The type of the content is not one that this takes.",
    422: "A value cannot be used; `field` names it.",
    429: "Too many calls in a minute; the header Retry-After says when to go on.",
    500: "A fault of ours; it is logged under the request_id.",
    503: "Something that this needs cannot be reached now.",
}
