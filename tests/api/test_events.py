"""Events through the API: entered, found, changed, called off, restored, reminded of, explained."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
from redis import Redis

from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.reminders.models import Event, Reminder
from tests.api.conftest import Program, problem
from tests.reminders.scenes import mails, rows

DRAWING: dict[str, Any] = {
    "title": "Life drawing",
    "starts": "2026-03-17T18:00:00",
    "ends": "2026-03-17T20:30:00",
    "timezone": "Europe/Berlin",
    "location": "Studio 3",
    "position": {"latitude": 52.5296, "longitude": 13.4014},
    "rrule": "FREQ=WEEKLY;BYDAY=TU",
    "leads": [1440, 60],
    "attendees": [{"name": "Zoë", "email": "zoe@school.example"}, {"name": "Ben"}],
}


def add(operator: Program, **changes: Any) -> dict[str, Any]:
    """Enter that event."""
    response = operator.post("/events/", {**DRAWING, **changes})
    assert response.status_code == 201, response.get_json()
    return dict(response.get_json())


@pytest.fixture
def made(operator: Program, redis: Redis, now: datetime) -> dict[str, Any]:
    """An event that was entered through the API, on Thursday 12 March 2026."""
    return add(operator)


def titles(program: Program, query: str = "") -> list[str]:
    return [each["title"] for each in program.get(f"/events/?{query}").get_json()["items"]]


def test_an_event_is_entered_and_shown_with_its_people_its_dates_and_maps(
    viewer: Program, made: dict[str, Any]
) -> None:
    shown = viewer.get(f"/events/{made['id']}/").get_json()

    assert shown == made
    assert {name: made[name] for name in ("title", "starts", "ends", "leads", "rrule", "latitude")} == {
        **{name: DRAWING[name] for name in ("title", "starts", "ends", "leads", "rrule")},
        "latitude": 52.5296,
    }
    assert [(each["name"], each["obstacle"]) for each in made["attendees"]] == [
        ("Zoë", ""),
        ("Ben", "No e-mail address is known for the person."),
    ]
    assert made["dates"][0]["original"] == "2026-03-17T18:00:00"
    assert made["dates"][0]["starts_at"] == "2026-03-17T17:00:00Z"
    assert len(made["dates"]) == 6
    assert made["repeats"] == "every week on Tuesday"
    assert made["maps"][0]["url"].startswith("https://")


def test_who_enters_an_event_is_the_one_people_answer_to(made: dict[str, Any]) -> None:
    owner = db.session.get_one(Event, made["id"]).owner

    assert owner is not None
    assert owner.email == "operator@school.example"


def test_its_reminders_are_planned_at_once(made: dict[str, Any]) -> None:
    assert {each.address for each in rows(event_id=made["id"])} == {"zoe@school.example"}


def test_an_all_day_event_ends_with_its_last_day(operator: Program, redis: Redis, now: datetime) -> None:
    trip = add(operator, starts="2026-05-01", ends="2026-05-03", all_day=True, rrule="")

    assert (trip["starts"], trip["ends"]) == ("2026-05-01T00:00:00", "2026-05-03T00:00:00")
    assert trip["ends_at"] == "2026-05-03T22:00:00Z"


def test_events_are_listed_by_when_and_by_words_in_pages(operator: Program, made: dict[str, Any]) -> None:
    add(operator, title="Old", starts="2026-01-05T10:00:00", ends="2026-01-05T11:00:00", rrule="")
    soon = add(operator, title="Soon", starts="2026-03-13T10:00:00", ends="2026-03-13T11:00:00", rrule="")
    operator.post(f"/events/{add(operator, title='Off')['id']}/cancel/")

    first = operator.get("/events/?size=1").get_json()

    assert titles(operator) == ["Soon", "Life drawing"]
    assert (titles(operator, "when=past"), titles(operator, "when=cancelled")) == (["Old"], ["Off"])
    assert titles(operator, "search=draw") == ["Life drawing"]
    assert [each["id"] for each in first["items"]] == [soon["id"]]
    assert titles(operator, f"size=1&cursor={quote(first['next'])}") == ["Life drawing"]


def test_what_is_named_is_changed_and_the_rest_stays(operator: Program, made: dict[str, Any]) -> None:
    changed = operator.patch(f"/events/{made['id']}/", {"title": "Croquis", "revision": 0}).get_json()

    assert (changed["title"], changed["revision"]) == ("Croquis", 1)
    assert {name: changed[name] for name in ("starts", "ends", "rrule", "leads", "attendees")} == {
        name: made[name] for name in ("starts", "ends", "rrule", "leads", "attendees")
    }


def test_an_end_that_is_not_named_moves_with_the_start(operator: Program, made: dict[str, Any]) -> None:
    changed = operator.patch(f"/events/{made['id']}/", {"starts": "2026-03-24T17:00:00"}).get_json()

    assert changed["ends"] == "2026-03-24T19:30:00"


def test_an_empty_position_and_an_empty_rule_are_taken_away(operator: Program, made: dict[str, Any]) -> None:
    changed = operator.patch(f"/events/{made['id']}/", {"position": {}, "rrule": ""}).get_json()

    assert (changed["latitude"], changed["longitude"], changed["rrule"]) == (None, None, None)


def test_who_was_overtaken_is_told(operator: Program, made: dict[str, Any]) -> None:
    operator.patch(f"/events/{made['id']}/", {"title": "Croquis"})

    late = operator.patch(f"/events/{made['id']}/", {"title": "Nudes", "revision": 0})

    assert (late.status_code, problem(late)["code"]) == (409, "conflict")
    assert db.session.get_one(Event, made["id"]).title == "Croquis"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a\r\nBcc: x@y.example"}, "title"),
        ({"title": "x" * 10_000}, "title"),
        ({"starts": "2026-03-17T18:00:00+01:00"}, "starts"),
        ({"starts": "tomorrow"}, "starts"),
        ({"starts": 1773766800}, "starts"),
        ({"starts": "0001-01-01T00:00:00"}, "starts"),
        ({"ends": "2026-03-17T17:00:00"}, "ends"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"position": {"latitude": 95, "longitude": 13}}, "position.latitude"),
        ({"position": {"latitude": 52}}, "longitude"),
        ({"rrule": "FREQ=SECONDLY"}, "rrule"),
        ({"leads": [0]}, "leads.0"),
        ({"leads": [15, 15]}, "leads"),
        ({"attendees": [{"email": "zoe@@school.example"}]}, "attendees"),
        ({"attendees": [{"status": "absent"}]}, "attendees.0.status"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_used_is_named(
    operator: Program, now: datetime, wrong: dict[str, Any], field: str
) -> None:
    refused = operator.post("/events/", {**DRAWING, **wrong})

    assert (refused.status_code, problem(refused)["code"]) == (422, "invalid")
    assert problem(refused)["field"] == field
    assert db.session.query(Event).count() == 0


def test_a_called_off_event_is_restored_and_neither_is_done_twice(
    operator: Program, made: dict[str, Any]
) -> None:
    address = f"/events/{made['id']}"

    off, again = (operator.post(f"{address}/cancel/") for _ in range(2))
    on, too_late = (operator.post(f"{address}/restore/") for _ in range(2))

    assert (off.get_json()["state"], again.status_code) == ("cancelled", 409)
    assert (on.get_json()["state"], too_late.status_code) == ("confirmed", 409)


def test_what_was_changed_is_on_record_as_it_was_and_as_it_is(
    operator: Program, made: dict[str, Any]
) -> None:
    people = [{"name": "Ben"}]

    operator.patch(f"/events/{made['id']}/", {"location": "Studio 1", "attendees": people})

    entry = entries_of(f"event:{made['id']}")[0]
    assert (entry.actor, entry.action) == ("operator@school.example", "event.change")
    assert (entry.detail["before"]["location"], entry.detail["after"]["location"]) == ("Studio 3", "Studio 1")
    assert [each["email"] for each in entry.detail["before"]["attendees"]] == ["zoe@school.example"]
    assert set(entry.detail["after"]) == {"location", "attendees"}


def test_everybody_is_reminded_by_hand_once(operator: Program, made: dict[str, Any]) -> None:
    first, second = (operator.post(f"/events/{made['id']}/remind/") for _ in range(2))

    assert first.status_code == 202
    assert [(each["address"], each["state"]) for each in first.get_json()["items"]] == [
        ("zoe@school.example", "queued")
    ]
    assert second.get_json() == first.get_json()
    assert len(mails()) == 1


def test_nobody_is_reminded_of_what_is_called_off(operator: Program, made: dict[str, Any]) -> None:
    operator.post(f"/events/{made['id']}/cancel/")

    assert operator.post(f"/events/{made['id']}/remind/", {"again": True}).status_code == 409


def test_the_timeline_tells_of_each_mail_and_of_who_gets_none(viewer: Program, made: dict[str, Any]) -> None:
    told = viewer.get(f"/events/{made['id']}/timeline/").get_json()["items"]

    assert len(told) == db.session.query(Reminder).count() + 1
    assert (told[0]["state"], told[0]["lead_minutes"], told[0]["sent_at"]) == ("planned", 1440, None)
    assert (told[-1]["name"], told[-1]["state"]) == ("Ben", "not_planned")


@pytest.mark.parametrize(
    ("who", "reason"),
    [("zoe@school.example", "outside_window"), ("Ben", "no_address"), ("x@y.example", "not_attendee")],
)
def test_why_somebody_gets_none_or_gets_it_later_is_said(
    viewer: Program, made: dict[str, Any], who: str, reason: str
) -> None:
    answer = viewer.get(f"/events/{made['id']}/why/?address={quote(who)}").get_json()

    assert answer["reason"] == reason
    assert answer["sentence"]


def test_why_needs_somebody(viewer: Program, made: dict[str, Any]) -> None:
    assert viewer.get(f"/events/{made['id']}/why/").status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("PATCH", ""), ("POST", "cancel/"), ("POST", "restore/"), ("POST", "remind/"),
        ("GET", "timeline/"), ("GET", "why/?address=x"), ("GET", "attendees/"), ("POST", "attendees/"),
        ("GET", "dates/"), ("PATCH", "dates/2026-03-17T18:00:00/"),
    ],
)  # fmt: skip
def test_an_event_that_there_is_not_is_not_found(operator: Program, method: str, path: str) -> None:
    body = {"json": {"name": "Ben"} if path == "attendees/" else {}} if method != "GET" else {}

    response = operator.call(method, f"/events/7/{path}", **body)

    assert (response.status_code, problem(response)["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["", "7/cancel/", "7/remind/", "import/", "7/attendees/"])
def test_a_viewer_changes_nothing(viewer: Program, path: str) -> None:
    assert viewer.post(f"/events/{path}").status_code == 403


def test_who_stays_on_the_list_keeps_what_is_not_said_of_them(
    operator: Program, made: dict[str, Any]
) -> None:
    zoe = f"/events/{made['id']}/attendees/{made['attendees'][0]['id']}/"
    before = operator.patch(zoe, {"wants_mail": False, "locale": "zh", "status": "declined"}).get_json()

    changed = operator.patch(
        f"/events/{made['id']}/", {"attendees": [{"email": "Zoe@school.example"}, {"name": "Li"}]}
    ).get_json()

    assert changed["attendees"][0] == {**before, "email": changed["attendees"][0]["email"]}
    assert [each["name"] for each in changed["attendees"]] == ["Zoë", "Li"]
