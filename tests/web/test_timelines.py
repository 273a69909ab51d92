"""The mails of an event, sorted for the eye."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edupulse.reminders.timeline import Entry
from edupulse.reminders.upcoming import Upcoming
from edupulse.web.timelines import FEW, next_mailings, story

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def entry(name: str = "Zoë", starts_at: datetime = NOW + DAY, **values: object) -> Entry:
    facts: dict[str, object] = {
        "kind": "reminder",
        "state": "planned",
        "name": name,
        "address": f"{name}@school.example".lower(),
        "original": starts_at.isoformat(),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "lead_minutes": 15,
        "due_at": starts_at - timedelta(minutes=15),
    }
    return Entry(**{**facts, **values})  # type: ignore[arg-type]


def sent(state: str, name: str = "Zoë") -> Entry:
    return entry(name, state="handed_over", delivery_state=state)


def test_dates_to_come_stand_before_those_that_are_over_the_latest_first() -> None:
    told = story([entry(starts_at=NOW + days * DAY) for days in (-3, -1, 1, 2)], NOW)

    assert [date.starts_at - NOW for date in told.coming] == [DAY, 2 * DAY]
    assert [date.starts_at - NOW for date in told.past] == [-DAY, -3 * DAY]


def test_one_mailing_joins_the_people_of_one_lead_in_alphabetical_order() -> None:
    day_before = replace(entry("Anna"), lead_minutes=1440, due_at=NOW)

    (date,) = story([entry("Zoë"), entry("Ben"), day_before], NOW).coming

    assert [(mailing.lead_minutes, [each.name for each in mailing.entries]) for mailing in date.mailings] == [
        (1440, ["Anna"]),
        (15, ["Ben", "Zoë"]),
    ]


def test_the_worst_state_gives_a_mailing_its_colour() -> None:
    (date,) = story(
        [sent("sent", "A"), sent("sent", "B"), sent("unknown", "C"), sent("rejected", "D")], NOW
    ).coming

    (mailing,) = date.mailings
    assert mailing.tone == "bad"
    assert [(words.label, count) for words, count in mailing.counts] == [
        ("Refused", 1),
        ("Uncertain", 1),
        ("Sent", 2),
    ]


@pytest.mark.parametrize(
    ("entries", "is_open"),
    [
        ([entry("A")], False),
        ([sent("sent", "A")], True),
        ([sent("sent", str(number)) for number in range(FEW + 1)], False),
        ([sent("unknown", str(number)) for number in range(FEW + 1)], True),
    ],
)
def test_people_are_listed_when_there_is_something_to_see(entries: list[Entry], is_open: bool) -> None:
    (date,) = story(entries, NOW).coming

    assert date.mailings[0].is_open == is_open


def test_mails_by_hand_within_a_minute_are_one_mailing() -> None:
    by_hand = [
        entry(name, kind="manual", due_at=NOW + timedelta(seconds=second))
        for name, second in (("A", 3), ("B", 40))
    ]

    (date,) = story(by_hand, NOW).coming

    assert len(date.mailings) == 1


def test_who_gets_no_mail_stands_apart() -> None:
    told = story([Entry("reminder", "not_planned", "Ben", "", "No address.")], NOW)

    assert [each.name for each in told.without_mail] == ["Ben"]
    assert told.coming == told.past == []


def test_what_goes_out_next_is_joined_by_event_and_time() -> None:
    def planned(event_id: int, minutes: int, warning: str = "") -> Upcoming:
        return Upcoming(
            1,
            NOW + timedelta(minutes=minutes),
            "reminder",
            event_id,
            "Drawing",
            "",
            NOW,
            "UTC",
            False,
            15,
            "",
            "a@x.example",
            warning,
        )

    found = next_mailings(
        [planned(1, 5), planned(1, 5, "Redis is away."), planned(2, 5), planned(1, 65)], most=2
    )

    assert [(each.event_id, each.people, each.warning) for each in found] == [
        (1, 2, "Redis is away."),
        (2, 1, ""),
    ]
