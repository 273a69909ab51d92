"""Every call that the OpenAPI document allows, and many that it does not: none may break the API or its word.

`./run fuzz` runs it: the same calls each time, in the process, on SQLite, with nothing outside to be reached. Every
operation is called as an administrator, and once more by somebody without a token.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import fakeredis
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode, HookContext
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from edupulse import create_app
from edupulse.accounts.tokens import bearer_of
from edupulse.api.noun import ROOT
from edupulse.database import db
from edupulse.doctor.examination import examine
from jobs.catalog import CATALOG
from tests.api.samples import WORDS, a_token_of_an_admin, store_samples
from tests.conftest import MakeSettings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PARTS = 2  # as many as the machine has cores
EXAMPLES = {
    GenerationMode.POSITIVE: 12,
    GenerationMode.NEGATIVE: 6,
}  # of each operation: half a minute in all
PATIENCE = 0.01  # seconds, where a call may say how long it waits
PUBLIC = f"{ROOT}/openapi.json"
LARGE = 2_000_000  # numbers above it are left as they are


@pytest.fixture(scope="module")
def fuzzed(make_settings: MakeSettings) -> Iterator[Flask]:
    """The real application, with samples, that can reach nothing."""
    app = create_app(make_settings(API_RATE_LIMIT="0"), catalog=CATALOG)
    app.extensions["edupulse"].redis = fakeredis.FakeRedis()
    with app.app_context():
        db.create_all()
    store_samples(app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _refused)
        patch.setattr(socket, "getaddrinfo", _unknown)
        patch.setattr("edupulse.accounts.passwords.METHOD", "pbkdf2:sha256:1")
        patch.setattr("edupulse.api.status.examine", cache(examine))
        yield app
    with app.app_context():
        db.engine.dispose()


def _refused(*_: object) -> None:
    raise ConnectionRefusedError("nothing outside is reached from here")


def _unknown(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "nothing outside is known here")


@pytest.fixture(scope="module")
def token(fuzzed: Flask) -> str:
    return a_token_of_an_admin(fuzzed)


@pytest.fixture(scope="module")
def schema(fuzzed: Flask) -> BaseSchema:
    """The document, with calls that mostly ask for what there is."""
    found = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", fuzzed)
    found.hook(map_path_parameters)
    found.hook(map_query)
    return found


def map_path_parameters(context: HookContext, values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Ask for the samples: for the numbers 1 to 4, and mostly for names that exist."""
    return {name: _known(value) for name, value in values.items()} if values else values


def _known(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value > LARGE else 1 + value % 4
    if isinstance(value, str) and len(value) % 3:
        return WORDS[sum(map(ord, value)) % len(WORDS)]
    return value


def map_query(context: HookContext, values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Do not wait for news that nobody makes."""
    if values and isinstance(values.get("wait"), int | float):
        values["wait"] = min(values["wait"], PATIENCE)
    return values


@pytest.mark.timeout(240)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_that_a_program_sends_breaks_the_api(
    schema: BaseSchema, fuzzed: Flask, token: str, part: int
) -> None:
    headers = {"Authorization": f"Bearer {token}"}

    found = [
        problem
        for operation in list(_operations(schema))[part::PARTS]
        for mode, count in EXAMPLES.items()
        for problem in _problems(operation, mode, count, headers)
    ]

    assert not found, "\n\n".join(found)
    with fuzzed.app_context():
        assert bearer_of(token) is not None, (
            "the calls have ended their own token: they were refused from then on"
        )


def _operations(schema: BaseSchema) -> Iterator[APIOperation]:
    for result in schema.get_all_operations():
        yield result.ok()


def _problems(
    operation: APIOperation, mode: GenerationMode, examples: int, headers: dict[str, str]
) -> list[str]:
    """Return what is wrong with the answers to so many calls of one operation, each told once."""
    found: dict[str, str] = {}

    def call(case: Case) -> None:
        _try(case, headers, found)
        if mode is GenerationMode.POSITIVE and "nobody" not in found:
            found["nobody"] = _try_as_nobody(case)

    _explored(call, operation, mode, examples)
    return [problem for problem in found.values() if problem]


def _try(case: Case, headers: dict[str, str], found: dict[str, str]) -> None:
    response = case.call(headers=headers)
    try:
        case.validate_response(response, checks=CHECKS, headers=headers)
    except FailureGroup as group:
        for failure in group.exceptions:
            found.setdefault(
                str(failure)[:80], f"{case.operation.label}: {failure}\n{case.as_curl_command()}"
            )


def _try_as_nobody(case: Case) -> str:
    status = case.call().status_code
    wanted = {401, 200} if case.operation.path == PUBLIC else {401}
    return "" if status in wanted else f"{case.operation.label}: nobody gets {status}, not 401"


def _explored(
    call: Callable[[Case], None], operation: APIOperation, mode: GenerationMode, examples: int
) -> None:
    settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(case=operation.as_strategy(mode))(call))()
