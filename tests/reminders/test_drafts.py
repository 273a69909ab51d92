from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.reminders.drafts import EventDraft, checked
from edupulse.reminders.events import AttendeeDraft
from edupulse.reminders.models import Event
from tests.reminders.scenes import create, draft, local


def clean(**changes: Any) -> EventDraft:
    return checked(draft(**changes), default_zone="Europe/Berlin", default_locale="en")


def refusal(**changes: Any) -> Invalid:
    with pytest.raises(Invalid) as refused:
        clean(**changes)
    return refused.value


BAD = [
    ({"title": "  "}, "title", "The title is missing"),
    ({"title": "Hello\r\nBcc: all@school.example"}, "title", "line break"),
    ({"title": "x" * 10_000}, "title", "10,000 characters; at most 300"),
    ({"title": "nul\x00"}, "title", "control character"),
    ({"title": "half \ud83d"}, "title", "control character"),
    ({"description": "nul\x00"}, "description", "control character"),
    ({"description": "x" * 8_001}, "description", "8,001 characters; at most 8,000"),
    ({"location": "x" * 501}, "location", "501 characters; at most 500"),
    ({"starts": local("2026-03-16 10:00"), "ends": local("2026-03-16 09:00")}, "ends", "before the start"),
    ({"starts": local("2026-03-16 10:00"), "ends": local("2028-03-16 09:00")}, "ends", "Look at the years"),
    ({"starts": local("1026-03-16 10:00")}, "starts", "year 1026"),
    ({"timezone": "Europe/Berln"}, "timezone", "Did you mean Europe/Berlin?"),
    ({"latitude": 91.0, "longitude": 10.0}, "latitude", "not on the globe"),
    ({"latitude": 116.4, "longitude": 39.9}, "latitude", "swapped?"),
    ({"latitude": 10.0, "longitude": 181.0}, "longitude", "not on the globe"),
    ({"latitude": float("nan"), "longitude": 10.0}, "latitude", "not on the globe"),
    ({"latitude": 10.0}, "longitude", "needs latitude and longitude"),
    ({"leads": (15, 15)}, "leads", "there twice"),
    ({"leads": (0,)}, "leads", "0 minutes is not possible"),
    ({"leads": (40_321,)}, "leads", "four weeks"),
    ({"leads": (1, 2, 3, 4, 5, 6)}, "leads", "at most 5"),
    (
        {"attendees": (AttendeeDraft(email="bob@@school.example", name="Bob"),)},
        "attendees",
        "Attendee 1 (Bob)",
    ),
    ({"attendees": (AttendeeDraft(),)}, "attendees", "neither a name nor an address"),
    ({"attendees": (AttendeeDraft(name="Bo", status="maybe"),)}, "attendees", "not known"),
    ({"attendees": (AttendeeDraft(name="Bo", locale="fr"),)}, "attendees", "en or zh"),
    ({"attendees": tuple(AttendeeDraft(name=f"P{n}") for n in range(501))}, "attendees", "501 attendees"),
]


@pytest.mark.parametrize(("changes", "field", "words"), BAD, ids=[f"{each[1]}: {each[2]}" for each in BAD])
def test_a_bad_value_is_refused_by_the_name_of_its_field(
    changes: dict[str, Any], field: str, words: str
) -> None:
    error = refusal(**changes)

    assert list(error.facts["fields"]) == [field]  # type: ignore[call-overload]
    assert words in str(error)


def test_every_bad_field_is_named_at_once() -> None:
    error = refusal(title="", leads=(15, 15), timezone="Mars/Base")

    assert list(error.facts["fields"]) == ["title", "timezone", "leads"]  # type: ignore[call-overload]


def test_a_time_with_an_offset_is_refused() -> None:
    assert "without an offset" in str(refusal(starts=datetime.fromisoformat("2026-03-16T10:00:00+01:00")))


def test_emoji_and_other_scripts_are_kept_and_marks_that_turn_a_line_around_are_not() -> None:
    assert clean(title="Öl \u202e& 油画 \U0001f3a8").title == "Öl & 油画 \U0001f3a8"


def test_an_address_on_several_lines_becomes_one_line() -> None:
    assert clean(location="Studio 2\r\nMain Street 1\n\nBerlin").location == "Studio 2, Main Street 1, Berlin"


def test_without_an_end_a_lesson_lasts_an_hour() -> None:
    assert clean(starts=local("2026-03-16 10:00"), ends=None).ends == local("2026-03-16 11:00")


def test_the_last_day_of_an_all_day_event_is_included() -> None:
    trip = clean(starts=local("2026-03-16 15:30"), ends=local("2026-03-18 09:00"), all_day=True)

    assert (trip.starts, trip.ends) == (local("2026-03-16 00:00"), local("2026-03-19 00:00"))


def test_one_person_in_two_roles_is_one_person() -> None:
    people = clean(
        attendees=(
            AttendeeDraft(email="Anna@School.example", name="Anna"),
            AttendeeDraft(email="anna@school.example"),
        )
    ).attendees

    assert [person.name for person in people] == ["Anna"]


def test_an_international_domain_is_written_so_that_servers_know_it() -> None:
    (person,) = clean(attendees=(AttendeeDraft(email="zoe@bücher.example"),)).attendees

    assert person.email == "zoe@xn--bcher-kva.example"


def test_people_without_an_address_may_be_on_the_list() -> None:
    (person,) = clean(attendees=(AttendeeDraft(name="Grandfather"),)).attendees

    assert (person.name, person.address) == ("Grandfather", "")


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=WEEKLY;UNTIL=20200101", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]
)
def test_a_rule_that_cannot_be_used_stores_nothing(app: Flask, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        create(rrule=rule)

    assert refused.value.facts["field"] == "rrule"
    assert db.session.scalar(select(func.count()).select_from(Event)) == 0


def test_a_series_that_would_flood_everybody_is_refused(app: Flask) -> None:
    people = tuple(AttendeeDraft(email=f"p{n}@school.example") for n in range(300))

    with pytest.raises(Invalid, match="would need 144,900 reminders"):
        create(rrule="FREQ=HOURLY", attendees=people)

    assert db.session.scalar(select(func.count()).select_from(Event)) == 0
