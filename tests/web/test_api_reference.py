"""The API as a page to read: every address of the document is on it, in words."""

from __future__ import annotations

import pytest
from flask import Flask

from edupulse.api.openapi import document
from edupulse.web.api_shapes import by_noun, kind_of
from tests.web.conftest import Browser, words_of


def test_every_address_of_the_document_is_on_the_page(site: Flask, viewer: Browser) -> None:
    with site.test_request_context():
        told = document()

    page = words_of(viewer.get("/api"))

    assert [path for path in told["paths"] if path not in page] == []
    assert "Authorization: Bearer" in page


def test_an_operation_says_what_it_takes_gives_and_who_may(site: Flask) -> None:
    with site.test_request_context():
        (add,) = [each for each in by_noun(document())["suppressions"] if each.method == "POST"]

    assert (add.role, add.summary) == ("operator", "Stop mail to an address, for a reason.")
    assert [(each.name, each.kind, each.required) for each in add.body] == [
        ("address", "text", True),
        ("reason", "text or nothing", False),
        ("scope", "text or nothing", False),
    ]
    assert [(each.status, each.shape) for each in add.answers] == [("201", "Suppression")]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "whole number"),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "time or nothing"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Job"}}, "list of Job"),
        ({"enum": ["high", "low"]}, "“high” or “low”"),
        ({"const": "x"}, "“x”"),
        ({}, "any value"),
    ],
)
def test_kinds_of_values_are_said_in_words(schema: dict[str, object], words: str) -> None:
    assert kind_of(schema) == words


def test_it_is_for_who_is_signed_in(visitor: Browser) -> None:
    assert visitor.get("/api").status_code == 303
