"""The document says all that the API does: each address with its role, what it takes and what it answers."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from edupulse.api.openapi import document

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def described(sqlite_app: Flask) -> dict[str, Any]:
    with sqlite_app.app_context():
        return document()


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for path in described["paths"].values() for name, each in path.items() if name in METHODS]


def test_anybody_may_read_it(sqlite_app: Flask) -> None:
    answer = sqlite_app.test_client().get("/api/v1/openapi.json")

    assert (answer.status_code, answer.get_json()["openapi"]) == (200, "3.1.0")


def test_every_address_is_in_it(sqlite_app: Flask, described: dict[str, Any]) -> None:
    endpoints = {
        rule.endpoint for rule in sqlite_app.url_map.iter_rules() if rule.endpoint.startswith("api.")
    }

    told = {f"api.{each['operationId']}" for each in operations(described)}

    assert endpoints == told


def test_every_operation_has_a_name_of_its_own_a_sentence_and_an_answer(described: dict[str, Any]) -> None:
    found = operations(described)

    names = [each["operationId"] for each in found]
    assert sorted(set(names)) == sorted(names)
    assert [each["operationId"] for each in found if not each["summary"].endswith(".")] == []
    assert [
        each["operationId"]
        for each in found
        for status, answer in each["responses"].items()
        if status < "300" and "content" not in answer
    ] == []


def test_every_operation_names_the_refusals_that_may_come(described: dict[str, Any]) -> None:
    for each in operations(described):
        assert {"401", "403", "422", "429", "503"} <= set(each["responses"]) or not each["x-role"]


def references(part: object) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(value) for value in part.values()))
    return set().union(*(references(each) for each in part)) if isinstance(part, list) else set()


def test_nothing_is_referred_to_that_is_not_there(described: dict[str, Any]) -> None:
    for reference in references(described):
        found: Any = described
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_models_have_plain_names_and_a_sentence(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]

    assert [name for name in schemas if "edupulse" in name] == []
    assert [
        name for name, each in schemas.items() if each.get("type") == "object" and not each.get("description")
    ] == []


def test_roles_stand_in_it(described: dict[str, Any]) -> None:
    by_name = {each["operationId"]: each for each in operations(described)}

    assert by_name["users.create"]["x-role"] == "admin"
    assert by_name["suppressions.list_suppressions"]["x-role"] == "viewer"
    assert by_name["suppressions.add"]["x-role"] == "operator"
    assert (by_name["openapi.show"]["x-role"], by_name["openapi.show"]["security"]) == ("", [])
