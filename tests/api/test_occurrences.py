"""Dates of a series through the API: listed, moved, left out, put back, and the series that goes on differently."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from redis import Redis

from edupulse.api.event_words import draft_from
from edupulse.reminders import events
from edupulse.reminders.drafts import EventDraft
from tests.api.conftest import Program, problem
from tests.reminders.scenes import create

SECOND = "2026-03-23T10:00:00"


@pytest.fixture
def address(operator: Program, redis: Redis, now: datetime) -> str:
    """A lesson each Monday at ten."""
    return f"/events/{create(rrule='FREQ=WEEKLY').id}"


def originals(program: Program, address: str) -> list[str]:
    return [each["original"] for each in program.get(f"{address}/dates/?limit=3").get_json()["items"]]


def test_the_next_dates_are_listed_and_each_is_shown(viewer: Program, address: str) -> None:
    assert originals(viewer, address) == ["2026-03-16T10:00:00", SECOND, "2026-03-30T10:00:00"]
    assert viewer.get(f"{address}/dates/{SECOND}/").get_json() == {
        "original": SECOND,
        "starts_at": "2026-03-23T09:00:00Z",
        "ends_at": "2026-03-23T10:00:00Z",
        "place": "Studio 2",
    }


def test_one_date_is_moved_and_keeps_its_name(operator: Program, address: str) -> None:
    changed = operator.patch(
        f"{address}/dates/{SECOND}/", {"starts": "2026-03-24T14:00:00", "location": "Garden"}
    )

    moved = operator.get(f"{address}/dates/{SECOND}/").get_json()
    assert changed.status_code == 200
    assert (moved["starts_at"], moved["place"]) == ("2026-03-24T13:00:00Z", "Garden")
    assert moved in changed.get_json()["dates"]


def test_one_date_is_left_out_and_put_back(operator: Program, address: str) -> None:
    off = operator.post(f"{address}/dates/{SECOND}/cancel/").get_json()
    without = originals(operator, address)
    on = operator.post(f"{address}/dates/{SECOND}/restore/").get_json()

    assert (off["left_out"], on["left_out"]) == ([SECOND], [])
    assert SECOND not in without
    assert SECOND in originals(operator, address)


def test_the_series_goes_on_differently_from_a_date_on(operator: Program, address: str) -> None:
    new = operator.post(f"{address}/dates/{SECOND}/following/", {"starts": "2026-03-23T12:00:00"})

    assert new.status_code == 201
    assert (new.get_json()["starts"], new.get_json()["ends"]) == (
        "2026-03-23T12:00:00",
        "2026-03-23T13:00:00",
    )
    assert new.get_json()["attendees"][0]["name"] == "Anna"
    assert originals(operator, address) == ["2026-03-16T10:00:00"]


@pytest.mark.parametrize(
    "original",
    ["2026-03-24T10:00:00", "soon", "9999-12-31T23:59:59", "0001-01-01T00:00:00", "2026-03-23T10:00:00Z"],
)
@pytest.mark.parametrize("verb", ["cancel", "restore", "following"])
def test_a_date_that_the_series_does_not_have_is_refused(
    operator: Program, address: str, original: str, verb: str
) -> None:
    refused = operator.post(f"{address}/dates/{original}/{verb}/")

    assert (refused.status_code, problem(refused)["field"]) == (422, "original")


@pytest.mark.parametrize(
    "wrong", [{"starts": "2026-03-24T14:00:00Z"}, {"ends": "2026-03-01T10:00:00"}, {"location": "x" * 501}]
)
def test_what_cannot_be_used_is_refused(operator: Program, address: str, wrong: dict[str, Any]) -> None:
    assert operator.patch(f"{address}/dates/{SECOND}/", wrong).status_code == 422


def test_an_event_that_takes_place_once_has_no_date_to_leave_out(
    operator: Program, redis: Redis, now: datetime
) -> None:
    event = create()

    refused = operator.post(f"/events/{event.id}/dates/2026-03-16T10:00:00/cancel/")

    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")


def test_a_date_that_is_over_is_not_shown(viewer: Program, address: str) -> None:
    assert viewer.get(f"{address}/dates/2026-03-09T10:00:00/").status_code == 404


@pytest.mark.parametrize("written", ["2026-03-23T10:00", "2026-03-23 10:00:00"])
def test_a_date_is_found_however_its_start_is_written(
    operator: Program, viewer: Program, address: str, written: str
) -> None:
    assert viewer.get(f"{address}/dates/{written}/").get_json()["original"] == SECOND
    assert operator.patch(f"{address}/dates/{written}/", {"location": "Garden"}).status_code == 200


def test_a_series_that_somebody_else_changed_meanwhile_is_not_divided_as_it_was(
    operator: Program, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = int(address.removeprefix("/events/"))

    def read_slowly(body: Any, before: EventDraft) -> EventDraft:
        events.change_occurrence(event_id, SECOND, "ada@school.example", location="Garden")
        return draft_from(body, before)

    monkeypatch.setattr("edupulse.api.occurrences.draft_from", read_slowly)

    refused = operator.post(f"{address}/dates/{SECOND}/following/", {"title": "Other"})

    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")


def test_a_date_that_is_left_out_stays_so_when_the_series_begins_at_another_hour(
    operator: Program, address: str
) -> None:
    operator.post(f"{address}/dates/{SECOND}/cancel/")
    operator.patch(f"{address}/dates/2026-03-30T10:00:00/", {"starts": "2026-03-31T15:00:00"})

    later = operator.patch(f"{address}/", {"starts": "2026-03-16T12:00:00"}).get_json()

    assert later["left_out"] == ["2026-03-23T12:00:00"]
    assert [each["starts_at"] for each in later["dates"][:2]] == [
        "2026-03-16T11:00:00Z",
        "2026-03-31T13:00:00Z",
    ]
    back = operator.post(f"{address}/dates/2026-03-23T12:00:00/restore/").get_json()
    assert back["dates"][1]["starts_at"] == "2026-03-23T11:00:00Z"


def test_a_date_that_is_left_out_stays_so_where_the_series_goes_on_at_another_hour(
    operator: Program, address: str
) -> None:
    operator.post(f"{address}/dates/2026-03-30T10:00:00/cancel/")

    new = operator.post(f"{address}/dates/{SECOND}/following/", {"starts": "2026-03-23T12:00:00"}).get_json()

    assert new["left_out"] == ["2026-03-30T12:00:00"]
    assert [each["original"] for each in new["dates"][:2]] == ["2026-03-23T12:00:00", "2026-04-06T12:00:00"]
