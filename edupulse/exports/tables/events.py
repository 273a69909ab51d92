"""Events as tables: what takes place, who comes, and each reminder."""

from __future__ import annotations

from edupulse.exports.table import Table, choice, columns, number
from edupulse.notifications.speech import n_
from edupulse.reminders.models import (
    ATTENDEE_STATES,
    EVENT_STATES,
    REMINDER_KINDS,
    REMINDER_STATES,
    Attendee,
    Event,
    Reminder,
)

TABLES = (
    Table(
        "events", n_("Events"), "viewer", Event.id,
        columns(
            Event.id, Event.title, Event.state, Event.starts_local, Event.ends_local, Event.timezone, Event.all_day,
            Event.starts_at, Event.ends_at, Event.rrule, Event.location, Event.description, Event.email_reminder,
            Event.uid, Event.created_at, Event.updated_at,
        ),
        at=Event.starts_at,
        filters=(choice("state", Event.state, EVENT_STATES),),
    ),
    Table(
        "attendees", n_("People of events"), "viewer", Attendee.id,
        columns(
            Attendee.id, Attendee.event_id, Attendee.name, Attendee.email, Attendee.status, Attendee.locale,
            Attendee.wants_mail, event=Event.title, starts_at=Event.starts_at,
        ),
        at=Event.starts_at,
        filters=(number("event", Attendee.event_id), choice("status", Attendee.status, ATTENDEE_STATES)),
        joined=lambda query: query.join(Event, Event.id == Attendee.event_id),
    ),
    Table(
        "reminders", n_("Reminders of events"), "viewer", Reminder.id,
        columns(
            Reminder.id, Reminder.event_id, Reminder.kind, Reminder.state, Reminder.address, Reminder.starts_at,
            Reminder.lead_minutes, Reminder.due_at, Reminder.reason, Reminder.delivery_id, Reminder.created_at,
            event=Event.title,
        ),
        at=Reminder.due_at,
        filters=(
            choice("state", Reminder.state, REMINDER_STATES), choice("kind", Reminder.kind, REMINDER_KINDS),
            number("event", Reminder.event_id),
        ),
        joined=lambda query: query.join(Event, Event.id == Reminder.event_id),
    ),
)  # fmt: skip
