"""People of an event through the API: put on its list, changed, taken off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from redis import Redis

from edupulse.accounts.audit import entries_of
from edupulse.api.event_words import person_from
from edupulse.reminders import events
from edupulse.reminders.people import AttendeeDraft
from tests.api.conftest import Program, problem
from tests.reminders.scenes import create, rows


@pytest.fixture
def address(operator: Program, redis: Redis, now: datetime) -> str:
    """The list of an event with Anna on it."""
    return f"/events/{create().id}/attendees"


def only(program: Program, address: str) -> dict[str, Any]:
    (found,) = program.get(f"{address}/").get_json()["items"]
    return dict(found)


def test_somebody_is_put_on_the_list_and_gets_reminders(
    operator: Program, viewer: Program, address: str
) -> None:
    made = operator.post(f"{address}/", {"name": "李雷", "email": "li@school.example", "locale": "zh"})

    assert made.status_code == 201
    assert viewer.get(f"{address}/{made.get_json()['id']}/").get_json() == made.get_json()
    assert len(viewer.get(f"{address}/").get_json()["items"]) == 2
    assert [each.state for each in rows(address="li@school.example")] == ["planned"]


def test_nobody_is_on_the_list_twice(operator: Program, address: str) -> None:
    refused = operator.post(f"{address}/", {"email": "Anna@School.example"})

    assert (refused.status_code, problem(refused)["field"]) == (409, "email")


def test_a_new_address_is_written_to_instead_of_the_old_one(operator: Program, address: str) -> None:
    anna = only(operator, address)

    changed = operator.patch(f"{address}/{anna['id']}/", {"email": "anna@home.example"}).get_json()

    assert changed == {**anna, "email": "anna@home.example"}
    assert [each.state for each in rows(address="anna@school.example")] == ["cancelled"]
    assert [each.state for each in rows(address="anna@home.example")] == ["planned"]


def test_who_wants_no_mail_gets_none(operator: Program, address: str) -> None:
    anna = only(operator, address)

    changed = operator.patch(f"{address}/{anna['id']}/", {"wants_mail": False}).get_json()

    assert changed["obstacle"] == "The person does not want mail."
    assert [each.state for each in rows(address="anna@school.example")] == ["cancelled"]


def test_somebody_is_taken_off_the_list_and_that_is_on_record(operator: Program, address: str) -> None:
    anna = only(operator, address)

    removed = operator.delete(f"{address}/{anna['id']}/").get_json()

    assert removed == {"removed": anna["id"]}
    assert operator.get(f"{address}/").get_json() == {"items": []}
    assert operator.get(f"{address}/{anna['id']}/").status_code == 404
    entry = entries_of(address.removeprefix("/events/").join(["event:", ""]).removesuffix("/attendees"))[0]
    assert (entry.action, entry.detail["after"]) == ("attendee.remove", {"attendees": []})
    assert entry.detail["before"]["attendees"][0]["email"] == "anna@school.example"


@pytest.mark.parametrize(
    "wrong", [{}, {"email": "anna@@school"}, {"name": "Li", "locale": "tlh"}, {"name": "Li", "status": "x"}]
)
def test_what_cannot_be_used_is_refused(operator: Program, address: str, wrong: dict[str, Any]) -> None:
    refused = operator.post(f"{address}/", wrong)

    assert (refused.status_code, problem(refused)["code"]) == (422, "invalid")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_person_who_is_not_on_the_list_is_not_found(operator: Program, address: str, method: str) -> None:
    body = {"json": {"name": "Li"}} if method == "PATCH" else {}

    assert operator.call(method, f"{address}/99/", **body).status_code == 404


def test_of_two_changes_at_once_neither_undoes_the_other(
    operator: Program, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = only(operator, address)

    def read_slowly(body: Any, before: AttendeeDraft) -> AttendeeDraft:
        event_id = int(address.split("/")[2])
        events.change_attendee(event_id, anna["id"], replace(before, wants_mail=False), "ada@school.example")
        return person_from(body, before)

    monkeypatch.setattr("edupulse.api.attendees.person_from", read_slowly)

    refused = operator.patch(f"{address}/{anna['id']}/", {"name": "Anna B."})

    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")
    assert only(operator, address)["wants_mail"] is False
