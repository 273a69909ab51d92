"""Files of a campaign through the API: sent as a form or as JSON, listed, taken out."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from edupulse.campaigns import monitor
from tests.api.conftest import Program, problem

PLAN = b"%PDF-1.7 the plan"


@pytest.fixture
def address(sqlite_app: Flask, redis: Redis, operator: Program) -> str:
    """Where the files of a new draft are."""
    made = operator.post("/campaigns/", {"name": "Trip", "subject": "Trip", "text": "Come."}).get_json()
    return f"/campaigns/{made['id']}/enclosures/"


def send_form(program: Program, address: str, *files: tuple[bytes, str]) -> Any:
    unknown = "application/octet-stream"
    parts = [FileStorage(io.BytesIO(data), name, content_type=unknown) for data, name in files]
    boundary, body = encode_multipart({"file": parts})
    return program.post(address, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def names(program: Program, address: str) -> list[str]:
    return [each["filename"] for each in program.get(address).get_json()["items"]]


def test_files_come_as_parts_of_a_form_and_keep_their_bytes(operator: Program, address: str) -> None:
    added = send_form(operator, address, (PLAN, "计划.pdf"), (b"a,b\n", "list.csv"))

    assert added.status_code == 201
    assert added.get_json() == operator.get(address).get_json()
    plan, table = added.get_json()["items"]
    assert (plan["filename"], plan["content_type"], plan["size"]) == (
        "计划.pdf",
        "application/pdf",
        len(PLAN),
    )
    assert table["content_type"] == "text/csv"
    shown = operator.get(address.replace("enclosures/", "")).get_json()
    assert shown["enclosures"] == [plan, table]
    assert monitor.campaign(shown["id"]).mailing.enclosures[0].data == PLAN


def test_a_file_comes_as_json_in_base64_and_twice_is_once(operator: Program, address: str) -> None:
    words = {"filename": "plan.pdf", "data": b64encode(PLAN).decode()}

    first, second = (operator.post(address, words) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    (file,) = first.get_json()["items"]
    assert (file["content_type"], file["size"]) == ("application/pdf", len(PLAN))


def test_a_file_is_taken_out(operator: Program, address: str) -> None:
    (file,) = send_form(operator, address, (PLAN, "plan.pdf")).get_json()["items"]

    gone = operator.delete(f"{address}{file['id']}/")

    assert (gone.status_code, gone.get_json()) == (200, {"removed": file["id"]})
    assert names(operator, address) == []
    assert operator.delete(f"{address}{file['id']}/").status_code == 404


def test_a_large_file_passes_and_one_too_large_names_the_limit(operator: Program, address: str) -> None:
    large = send_form(operator, address, (b"x" * 9_000_000, "film.mp4"))
    larger = send_form(operator, address, (b"y" * 2_000_000, "more.mp4"))

    assert large.status_code == 201
    assert (larger.status_code, problem(larger)["code"]) == (422, "invalid")
    assert "at most 10 MB" in problem(larger)["message"]


def test_of_several_files_all_come_in_or_none(operator: Program, address: str) -> None:
    refused = send_form(operator, address, (PLAN, "plan.pdf"), (b"", "empty.pdf"))

    assert refused.status_code == 422
    assert names(operator, address) == []


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"json": {"filename": "plan.pdf", "data": "not base64!"}}, 422),
        ({"json": {"filename": "../plan.pdf", "data": "eA=="}}, 422),
        ({"json": {"filename": "plan.pdf", "data": 7}}, 422),
        ({"data": {"note": "no file"}, "content_type": "multipart/form-data"}, 422),
        ({"data": PLAN, "content_type": "application/pdf"}, 415),
    ],
)
def test_what_is_no_file_is_refused_in_words(
    operator: Program, address: str, call: dict[str, Any], status: int
) -> None:
    refused = operator.post(address, **call)

    assert refused.status_code == status
    assert problem(refused)["message"]
    assert names(operator, address) == []


def test_who_only_looks_may_list_files_and_nothing_else(
    operator: Program, viewer: Program, address: str
) -> None:
    (file,) = send_form(operator, address, (PLAN, "plan.pdf")).get_json()["items"]

    assert names(viewer, address) == ["plan.pdf"]
    assert send_form(viewer, address, (PLAN, "other.pdf")).status_code == 403
    assert viewer.delete(f"{address}{file['id']}/").status_code == 403
