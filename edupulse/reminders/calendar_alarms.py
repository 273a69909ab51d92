"""The alarms of an event in a calendar file become leads: minutes before its start."""

from __future__ import annotations

from datetime import timedelta

from edupulse import walltime
from edupulse.reminders.calendar_parts import Component
from edupulse.reminders.calendar_values import Surroundings, read_duration, read_moments, unusable
from edupulse.reminders.content_lines import Line
from edupulse.reminders.recurrence import Series

LONGEST_LEAD = timedelta(weeks=4)  # as calendars have it
MOST_ALARMS = 20  # of one event


def read_leads(component: Component, series: Series, file: Surroundings) -> tuple[int, ...]:
    """Return the leads in minutes, each once, the longest first; note alarms that are none."""
    leads = set()
    for alarm in list(component.named("VALARM"))[:MOST_ALARMS]:
        trigger = alarm.first("TRIGGER")
        if trigger is None or alarm.text("ACTION").upper() == "NONE":  # Apple's sign for "no alarm"
            continue
        with file.leaving_out(trigger.number):
            leads.add(_minutes(trigger, series, file))
    return tuple(sorted(leads, reverse=True))


def _minutes(trigger: Line, series: Series, file: Surroundings) -> int:
    lead = _lead(trigger, series, file)
    if not timedelta() < lead <= LONGEST_LEAD:
        raise unusable(
            trigger, "is no alarm before the start", "Use one minute to four weeks, such as -PT15M."
        )
    return max(1, round(lead / timedelta(minutes=1)))


def _lead(trigger: Line, series: Series, file: Surroundings) -> timedelta:
    """Return how long before the start an alarm goes off, from a duration or from a time of its own."""
    if trigger.params.get("VALUE", "").upper() == "DATE-TIME":
        alarm = read_moments(trigger, file.zone_of)[0].on(series.timezone)
        return walltime.to_utc(series.starts, series.timezone) - walltime.to_utc(alarm, series.timezone)
    after_end = trigger.params.get("RELATED", "").upper() == "END"
    return -read_duration(trigger) - (series.ends - series.starts if after_end else timedelta())
