"""Something should have happened by now: which part of the system it waits for is told here."""

from __future__ import annotations

from datetime import datetime, timedelta

from edupulse.control import monitor
from edupulse.control.monitor import START_ALL
from edupulse.reminders.answer import Answer
from edupulse.reminders.case import Case
from edupulse.reminders.models import Reminder

PATIENCE = timedelta(minutes=2)  # a check runs each minute: what waits longer waits for a reason


def answer_overdue(case: Case, reminder: Reminder) -> Answer:
    """Say why a reminder that is due is not handed over."""
    due = case.at(reminder.due_at)
    facts = {"due_at": reminder.due_at, "starts_at": reminder.starts_at}
    if held := down(case.now, queue="reminders", needs_scheduler=True):
        return Answer(held.reason, f"The reminder was due at {due}. {held.sentence}", held.cure, facts)
    if case.now - reminder.due_at > PATIENCE:
        cure = "Look at the runs of reminders.check among the jobs, or run it by hand."
        return Answer("late", f"The reminder was due at {due}, but no check has taken it yet.", cure, facts)
    return Answer(
        "due", f"The reminder was due at {due} and is taken by the check that runs each minute.", "", facts
    )


def down(now: datetime, *, queue: str, needs_scheduler: bool = False) -> Answer | None:
    """Say which part is down that the work in `queue` needs, None if all are up."""
    redis = monitor.redis_service()
    if not redis.is_up:
        return Answer("redis_down", redis.summary, redis.cure)
    scheduler = monitor.scheduler_service(now)
    if needs_scheduler and not scheduler.is_up:
        return Answer("scheduler_down", scheduler.summary, scheduler.cure)
    if not any(queue in worker.queues for worker in monitor.live_processes(now) if worker.kind == "worker"):
        sentence = f"No worker listens to the queue {queue}, so the work there waits."
        return Answer("worker_down", sentence, START_ALL)
    return None
