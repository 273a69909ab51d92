"""Events and their reminders: entered, changed, called off, told, explained."""

from __future__ import annotations

from edupulse.operations.operation import OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("events.list", VIEWER, web="events.index", api="events.list_events", cli="events list"),
    operation("events.show", VIEWER, web="events.show", api="events.show events.story", cli="events show"),
    operation("events.create", OPERATOR, web="events.new events.create", api="events.add", cli="events create"),
    operation("events.change", OPERATOR, web="events.edit events.change", api="events.change", cli="events change"),
    operation("events.cancel", OPERATOR, web="events.cancel", api="events.cancel", cli="events cancel"),
    operation("events.restore", OPERATOR, web="events.restore", api="events.restore", cli="events restore"),
    operation(
        "events.import", OPERATOR, web="event_import.choose_file event_import.import_file",
        api="event_import.import_calendar", cli="events import",
    ),
    operation(
        "events.attendees", VIEWER, web="events.show", api="attendees.list_attendees attendees.show",
        cli="events attendees list",
    ),
    operation(
        "events.attend", OPERATOR, web="events.change", api="attendees.add attendees.change attendees.remove",
        cli="events attendees add, events attendees change, events attendees remove",
    ),
    operation(
        "events.dates", VIEWER, web="events.show", api="occurrences.list_dates occurrences.show",
        cli="events dates list",
    ),
    operation(
        "events.change_date", OPERATOR, web="occurrences.edit occurrences.change", api="occurrences.change",
        cli="events dates change",
    ),
    operation(
        "events.change_following", OPERATOR, web="occurrences.following occurrences.change_following",
        api="occurrences.change_following", cli="events dates following",
    ),
    operation(
        "events.cancel_date", OPERATOR, web="occurrences.cancel", api="occurrences.cancel", cli="events dates cancel"
    ),
    operation(
        "events.restore_date", OPERATOR, web="occurrences.restore", api="occurrences.restore",
        cli="events dates restore",
    ),
    operation("reminders.send", OPERATOR, web="events.remind", api="events.remind", cli="reminders send"),
    operation("reminders.explain", VIEWER, web="events.explain", api="events.explain", cli="reminders why"),
    operation(
        "reminders.upcoming", VIEWER, web="dashboard.show", api="reminders.list_upcoming", cli="reminders upcoming"
    ),
    operation("reminders.check", OPERATOR, web="schedules.run", api="reminders.check", cli="reminders check"),
    operation("reminders.cleanup", OPERATOR, web="job_send.send", api="reminders.cleanup", cli="reminders cleanup"),
)  # fmt: skip
