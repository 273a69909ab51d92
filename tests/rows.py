"""Rows that the pages show, made in one line each."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from edupulse.clock import now
from edupulse.control.models import JobRun, Schedule, Worker
from edupulse.mail.models import Attempt, Delivery, DeliveryContent
from edupulse.mail.senders import sender_id
from edupulse.reminders.events import AttendeeDraft, EventDraft, create_event
from edupulse.reminders.models import Event
from edupulse.transaction import transaction

_numbers = count(1)
EVERY_QUEUE = ["reminders", "email", "poll", "finance", "reports", "default"]


def an_event(title: str = "Oil painting", starts: datetime | None = None, **values: Any) -> Event:
    """Store an event in UTC that begins tomorrow, for Zoë."""
    begin = starts or (now() + timedelta(days=1)).replace(tzinfo=None, second=0, microsecond=0)
    people = [AttendeeDraft("zoe@school.example", "Zoë")]
    facts = {"timezone": "UTC", "attendees": people, "leads": [15], **values}
    return create_event(EventDraft(title=title, starts=begin, **facts), actor="test")


def a_delivery(state: str = "sent", *, attempts: int = 1, **values: Any) -> Delivery:
    """Store a mail to Zoë that was accepted now."""
    number, moment = next(_numbers), now()
    facts: dict[str, Any] = {
        "key": f"key-{number}",
        "kind": "reminder",
        "subject_id": "1",
        "sender_id": sender_id(),
        "address": "zoe@school.example",
        "recipient_name": "Zoë",
        "subject": "Reminder: Oil painting",
        "message_id": f"<m{number}@school.example>",
        "state": state,
        "accepted_at": moment,
        "due_at": moment,
        "next_attempt_at": moment,
        "attempts_made": attempts,
        "sent_at": moment if state == "sent" else None,
        "dot_at": moment if state in ("sent", "unknown") else None,
    }
    with transaction() as session:
        delivery = Delivery(**{**facts, **values})
        delivery.content = DeliveryContent(
            text="See you there.", html="<p>See you <b>there</b>.</p>", headers={}, attachments=[]
        )
        delivery.attempts = [an_attempt(state) for _ in range(attempts)]
        session.add(delivery)
    return delivery


def an_attempt(state: str) -> Attempt:
    text = "2.0.0 Ok" if state == "sent" else "5.1.1 No such user"
    code = {"sent": 250, "unknown": None}.get(state, 550)
    return Attempt(
        at=now(),
        ms=120,
        server="smtp.school.example:587",
        phase="rcpt",
        verdict=state,
        code=code,
        text=text,
        worker="w-1",
    )


def a_run(run_id: str, state: str = "finished", **values: Any) -> JobRun:
    """Store a job run that was accepted now."""
    moment = now()
    facts = {
        "name": "diagnostics.ping",
        "queue": "default",
        "created_at": moment,
        "available_at": moment,
        "arguments": {},
    }
    with transaction() as session:
        run = JobRun(id=run_id, state=state, **{**facts, **values})
        session.add(run)
    return run


def a_process(kind: str = "worker", **values: Any) -> Worker:
    """Store a process that lives."""
    moment = now()
    facts = {
        "host": "atelier",
        "pid": 7,
        "queues": EVERY_QUEUE if kind == "worker" else [],
        "state": "running",
        "version": "0.1.0",
        "started_at": moment,
        "heartbeat_at": moment,
        "last_tick_at": moment if kind == "scheduler" else None,
    }
    with transaction() as session:
        process = Worker(name=f"{kind}-{next(_numbers)}", kind=kind, **{**facts, **values})
        session.add(process)
    return process


def a_schedule(name: str = "reminders.check", **values: Any) -> Schedule:
    """Store a schedule of each minute."""
    moment = now()
    facts = {
        "job": name,
        "cron": "* * * * *",
        "timezone": "UTC",
        "max_lateness_seconds": 3600,
        "enabled": True,
        "next_at": moment + timedelta(minutes=1),
        "created_at": moment,
        "updated_at": moment,
    }
    with transaction() as session:
        schedule = Schedule(name=name, **{**facts, **values})
        session.add(schedule)
    return schedule
