"""The OpenAPI document: made from the contracts of the views, so that it cannot say anything else than they do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from flask import Flask, current_app
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from edupulse.api.noun import Contract, Gives, Noun
from edupulse.api.openapi_operation import JSON, REFERENCE, operation_of, path_of, reference
from edupulse.api.schema import Shown
from edupulse.version import VERSION

noun = Noun("openapi", __name__)

Wanted = tuple[type[BaseModel], JsonSchemaMode]

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
    return _document_of(current_app._get_current_object())  # type: ignore[attr-defined]


@lru_cache(maxsize=2)
def _document_of(app: Flask) -> dict[str, Any]:
    """Return it as it was made first: that takes a third of a second, and anybody may ask."""
    return document()


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of everything that the current application offers to programs."""
    found = sorted(_described(), key=lambda each: each[0].rule)
    schemas, names = _schemas([contract for _, contract in found])
    paths: dict[str, dict[str, Any]] = {}
    for rule, contract in found:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = operation_of(rule, method, contract, names)
            paths.setdefault(path_of(rule), {})[method.lower()] = operation
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


def _refusal(status: int, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    content = {JSON: {"schema": reference(names[Refusal])}}
    return {"description": _MEANING[status], "content": content}


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
