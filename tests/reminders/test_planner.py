from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.errors import Unavailable
from edupulse.reminders import planner
from edupulse.reminders.events import AttendeeDraft, cancel_event, restore_event
from edupulse.reminders.models import Reminder
from tests.reminders.scenes import ANNA, LI, LONG_BEFORE, change, check, create, local, rows, utc


def states(**values: object) -> list[tuple[str, int, str, str | None]]:
    found = rows(**values)
    return [(each.address.split("@")[0], each.lead_minutes, each.state, each.reason) for each in found]


def test_saving_an_event_plans_one_reminder_for_each_person_and_lead(app: Flask) -> None:
    create(attendees=(ANNA, LI), leads=(1_440, 15))

    assert states() == [
        ("anna", 1_440, "planned", None),
        ("li", 1_440, "planned", None),
        ("anna", 15, "planned", None),
        ("li", 15, "planned", None),
    ]


def test_without_a_lead_of_its_own_the_organisations_counts(app: Flask) -> None:
    create(leads=())

    assert [each.lead_minutes for each in rows()] == [15]


@pytest.mark.parametrize(
    "person",
    [
        AttendeeDraft(name="Grandfather"),
        replace(ANNA, wants_mail=False),
        replace(ANNA, status="declined"),
    ],
    ids=["no address", "no mail wanted", "declined"],
)
def test_nothing_is_planned_for_who_is_not_to_be_written_to(app: Flask, person: AttendeeDraft) -> None:
    create(attendees=(person,))

    assert states() == []


def test_nothing_is_planned_while_reminders_are_off(app: Flask) -> None:
    event = create(email_reminder=False)
    assert states() == []

    change(event, LONG_BEFORE, email_reminder=True)
    assert states() == [("anna", 15, "planned", None)]

    change(event, LONG_BEFORE, email_reminder=False)
    assert states() == [("anna", 15, "cancelled", "reminder_off")]


def test_who_joins_is_planned_and_who_leaves_is_not(app: Flask) -> None:
    event = create()

    change(event, LONG_BEFORE, attendees=(LI,))

    assert states() == [("anna", 15, "cancelled", "removed"), ("li", 15, "planned", None)]


def test_who_declines_is_cancelled_and_planned_again_on_a_change_of_mind(app: Flask) -> None:
    event = create()

    change(event, LONG_BEFORE, attendees=(replace(ANNA, status="declined"),))
    assert states() == [("anna", 15, "cancelled", "declined")]

    change(event, LONG_BEFORE, attendees=(replace(ANNA, status="accepted"),))
    assert states() == [("anna", 15, "planned", None)]


def test_another_lead_replaces_the_old_one(app: Flask) -> None:
    event = create()

    change(event, LONG_BEFORE, leads=(60,))

    assert states() == [("anna", 60, "planned", None), ("anna", 15, "cancelled", "lead_removed")]


def test_another_time_is_planned_anew(app: Flask) -> None:
    event = create()

    moved = change(event, LONG_BEFORE, starts=local("2026-03-17 10:00"))

    assert states() == [("anna", 15, "cancelled", "moved"), ("anna", 15, "planned", None)]
    assert [each.due_at for each in rows(state="planned")] == [utc("2026-03-17 08:45")]
    assert (moved.sequence, moved.revision) == (1, 1)


def test_a_new_title_changes_no_reminder_and_no_sequence(app: Flask) -> None:
    event = create()

    changed = change(event, LONG_BEFORE, title="Watercolour", description="Bring brushes")

    assert states() == [("anna", 15, "planned", None)]
    assert changed.sequence == 0


def test_moving_there_and_back_plans_the_first_reminder_again(app: Flask) -> None:
    event = create()
    change(event, LONG_BEFORE, starts=local("2026-03-17 10:00"))

    change(event, LONG_BEFORE, starts=local("2026-03-16 10:00"))

    assert [each.due_at for each in rows(state="planned")] == [utc("2026-03-16 08:45")]


def test_a_cancelled_event_plans_nothing_and_a_restored_one_all_again(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY;COUNT=3")

    with clock.frozen(LONG_BEFORE):
        cancel_event(event.id, "test")
        assert {each.state for each in rows()} == {"cancelled"}
        restored = restore_event(event.id, "test")

    assert {each.state for each in rows()} == {"planned"}
    assert restored.sequence == 2


def test_a_longer_end_moves_no_reminder_but_counts_as_a_change(app: Flask) -> None:
    event = create()

    changed = change(event, LONG_BEFORE, ends=local("2026-03-16 12:00"))

    assert [(each.state, each.ends_at) for each in rows()] == [("planned", utc("2026-03-16 11:00"))]
    assert changed.sequence == 1


def test_a_series_is_planned_for_five_weeks_and_further_each_day(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY")
    assert [each.starts_at.date().isoformat() for each in rows()] == [
        "2026-03-16",
        "2026-03-23",
        "2026-03-30",
    ]
    assert event.planned_until == LONG_BEFORE + planner.HORIZON

    with clock.frozen(LONG_BEFORE):
        assert planner.extend(LONG_BEFORE) == 0
    for day in range(1, 8):
        with clock.frozen(LONG_BEFORE + timedelta(days=day)):
            assert planner.extend(LONG_BEFORE + timedelta(days=day)) == 1

    assert len(rows()) == 4
    assert all(each.state == "planned" for each in rows())


def test_a_series_that_ends_is_planned_to_its_end_and_then_left_alone(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY;COUNT=3")

    assert len(rows()) == 3
    assert event.planned_until is None
    assert event.last_ends_at == utc("2026-03-30 09:00")


def test_a_series_that_fails_holds_up_no_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = create(rrule="FREQ=WEEKLY"), create(rrule="FREQ=WEEKLY", title="Good")
    real, later = planner.replan, LONG_BEFORE + timedelta(days=8)

    def replan(session: object, event: object, *rest: object) -> None:
        if event.id == bad.id:  # type: ignore[attr-defined]
            raise ValueError("broken")
        real(session, event, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(planner, "replan", replan)

    assert planner.extend(later) == 1
    assert len(rows(event_id=good.id)) == 5


def wakes(redis: Redis) -> list[str]:
    return sorted(name.decode() for name in redis.zrange("rq:scheduler:scheduled_jobs", 0, -1))


def test_what_is_due_within_two_minutes_gets_a_wake_up_of_its_own(app: Flask, redis: Redis) -> None:
    create(utc("2026-03-16 08:43:30"), attendees=(ANNA, LI))

    assert wakes(redis) == [f"wake-reminders-check-{int(utc('2026-03-16 08:45').timestamp() * 1000)}"]


def test_what_is_due_already_is_checked_at_once(app: Flask, redis: Redis) -> None:
    now = utc("2026-03-16 08:50")

    create(now)

    assert wakes(redis) == [f"wake-reminders-check-{int(now.timestamp() * 1000)}"]
    assert check(now)["handed_over"] == 1


def test_a_check_arms_the_next_two_minutes_each_instant_once(app: Flask, redis: Redis) -> None:
    create(attendees=(ANNA, LI))
    create(starts=local("2026-03-16 10:01"))
    create(starts=local("2026-03-16 10:09"))

    check(utc("2026-03-16 08:44"))

    instants = [utc("2026-03-16 08:45"), utc("2026-03-16 08:46")]
    assert wakes(redis) == [f"wake-reminders-check-{int(at.timestamp() * 1000)}" for at in instants]


def test_an_event_is_saved_also_while_redis_is_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Redis:
        raise Unavailable("Redis cannot be reached.")

    monkeypatch.setattr("edupulse.control.schedule.redis_connection", away)

    create(utc("2026-03-16 08:50"))

    assert [each.state for each in rows()] == ["planned"]


def test_a_refused_change_leaves_event_and_reminders_as_they_were(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = create()
    monkeypatch.setattr(planner, "recompute", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        change(event, LONG_BEFORE, starts=local("2026-03-17 10:00"))

    (reminder,) = rows()
    assert (reminder.state, reminder.starts_at) == ("planned", utc("2026-03-16 09:00"))
    assert isinstance(reminder, Reminder)
