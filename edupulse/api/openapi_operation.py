"""One operation in the OpenAPI document: what it takes, what it answers, who may call it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask import current_app
from pydantic import BaseModel
from werkzeug.routing import Rule

from edupulse.api.gate import needed_role
from edupulse.api.noun import SAYING, Contract, File, Gives
from edupulse.api.schema import NoQuery

REFERENCE = "#/components/schemas/{model}"
JSON = "application/json"
ALWAYS = (401, 403, 422, 429, 500, 503)


def operation_of(
    rule: Rule, method: str, contract: Contract, names: dict[type[BaseModel], str]
) -> dict[str, Any]:
    """Return how `method` of one address is described; `names` are those of the models."""
    summary, _, description = (inspect.getdoc(current_app.view_functions[rule.endpoint]) or "").partition(
        "\n"
    )
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.removeprefix("api."),
        "tags": [path_of(rule).split("/")[3] if rule.rule.startswith("/api/") else "kept"],
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


def path_of(rule: Rule) -> str:
    """Return the address as the document writes it: with {name} for what varies."""
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
    content: dict[str, Any] = {JSON: {"schema": reference(names[contract.body])}}
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
    # What is no number may be the name of something else, which only answers GET.
    bad |= {405} if "<" in rule.rule and method != "GET" else set()
    return found | {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(bad)}


def _answer(gives: Gives | None, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    if gives is None:
        return {"description": "Done."}
    if isinstance(gives, File):
        file = {"schema": {"type": "string", "format": "binary"}}
        return {"description": "The file.", "content": dict.fromkeys(gives.content_types, file)}
    about = inspect.cleandoc(gives.__doc__ or "Done.").splitlines()[0]
    return {"description": about, "content": {JSON: {"schema": reference(names[gives])}}}


def reference(name: str) -> dict[str, str]:
    """Return what stands for the schema of that model."""
    return {"$ref": REFERENCE.format(model=name)}
