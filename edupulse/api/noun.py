"""One noun of the API: addresses that work with and without the slash at the end, each with its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, request
from pydantic import BaseModel

from edupulse.api.answers import answer
from edupulse.api.idempotency import once
from edupulse.api.schema import Body, NoQuery, Nothing, Query, read_body, read_query

View = TypeVar("View", bound=Callable[..., object])

ROOT = "/api/v1"
SAYING = frozenset({"POST", "PATCH", "PUT"})


@dataclass(frozen=True)
class File:
    """An answer that is a file of one of these types."""

    content_types: tuple[str, ...]


Gives = type[BaseModel] | File


@dataclass(frozen=True)
class Contract:
    """What a view takes and gives: the binding checks by it, and the OpenAPI document shows it."""

    gives: Gives | None = None
    status: int = 200
    body: type[Body] = Nothing
    query: type[Query] = NoQuery
    # Types of content that may stand instead of the JSON object; then `body` is None.
    files: Sequence[str] = ()
    also: Mapping[int, Gives] = field(default_factory=dict)  # other good answers by their status


class Noun(Blueprint):
    """The addresses of one noun.

    `@noun.post("/", body=JobOrder, gives=JobShown, status=202)`: the view gets `body` and `query` as checked models
    where it names them, and returns plain facts, which become JSON, or a Response of its own.
    """

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        own = {name: options.pop(name) for name in Contract.__dataclass_fields__ if name in options}
        if view_func is not None and not hasattr(view_func, "contract"):
            view_func = _bound(view_func, Contract(**own))
        super().add_url_rule(rule, endpoint, view_func, *args, strict_slashes=False, **options)

    # As Flask's own, for views that return plain facts.
    def get(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._on("GET", rule, options)

    def post(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._on("POST", rule, options)

    def put(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._on("PUT", rule, options)

    def patch(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._on("PATCH", rule, options)

    def delete(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._on("DELETE", rule, options)

    def _on(self, method: str, rule: str, options: dict[str, Any]) -> Callable[[View], View]:
        return self.route(rule, methods=[method], **options)  # type: ignore[return-value]


def _bound(view: Callable[..., Any], contract: Contract) -> Callable[..., Any]:
    wanted = {
        name: model
        for name, model, nothing in (("body", contract.body, Nothing), ("query", contract.query, NoQuery))
        if model is not nothing
    }

    @wraps(view)
    def checked(**path: Any) -> Response:
        found = {"query": read_query(contract.query), "body": _body(contract)}
        said = {**path, **{name: found[name] for name in wanted}}
        return once(view, lambda: _answered(view(**said), contract))

    checked.contract = contract  # type: ignore[attr-defined]
    return checked


def _answered(facts: object, contract: Contract) -> Response:
    return facts if isinstance(facts, Response) else answer(facts, contract.status)


def _body(contract: Contract) -> Body | None:
    if request.method not in SAYING or request.mimetype in contract.files:
        return None
    return read_body(contract.body)
