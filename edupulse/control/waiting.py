"""Why a run that is accepted does not run yet: since when it waits, for what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from edupulse.config import current_settings
from edupulse.control import pauses
from edupulse.control.catalog import current_catalog
from edupulse.control.models import OPEN_ROWS, JobRun, Pause
from edupulse.control.parts import START_ALL, redis_service, scheduler_service, workers_service
from edupulse.control.queue_loads import not_held
from edupulse.control.workers import live_processes
from edupulse.database import db

BY_ITSELF = "Nothing: it goes on by itself."


@dataclass(frozen=True)
class Waiting:
    """What a run waits for, in a sentence, since when, and what can be done."""

    sentence: str
    since: datetime | None
    cure: str = BY_ITSELF


def waits_for(run: JobRun, now: datetime) -> Waiting | None:
    """Say why `run` does not run yet; None when it runs or is over."""
    if run.state == "interrupted":
        sentence = "Its worker died under it, and it may not simply run twice: a person decides."
        return Waiting(sentence, run.ended_at or run.available_at, "Retry it, or leave it as it is.")
    if run.state == "deferred":
        return _deferred(run, now)
    if run.state != "queued":
        return None
    return _unknown(run) or _together(_held(run, now), _away(run, now)) or _behind_others(run, now)


def _deferred(run: JobRun, now: datetime) -> Waiting:
    what = "It is tried again" if run.attempts else "It was ordered for later and begins"
    if run.available_at > now:
        return Waiting(f"{what} at {_clock(run.available_at, now)}.", run.ended_at or run.created_at)
    for part in (redis_service(), scheduler_service(now)):  # without Redis no scheduler makes its rounds
        if not part.is_up:
            sentence = f"It is due since {_clock(run.available_at, now)}. {part.summary}"
            return Waiting(sentence, run.available_at, part.cure)
    return Waiting("It is due and begins in a moment.", run.available_at)


def _unknown(run: JobRun) -> Waiting | None:
    if run.name in current_catalog().specs:
        return None
    sentence = f"This release has no job named {run.name}; after an hour the run counts as failed."
    return Waiting(sentence, run.available_at, "Install the release that has it, or cancel the run.")


def _held(run: JobRun, now: datetime) -> Waiting | None:
    for pause in pauses.holding(now):
        if pause.name == (run.queue if pause.scope == "queue" else run.name):
            return Waiting(
                _pause_in_words(pause, now), pause.created_at, f"Resume the {pause.scope} {pause.name}."
            )
    return None


def _together(held: Waiting | None, away: Waiting | None) -> Waiting | None:
    """Say both where a pause is not all: its end alone would let nothing begin."""
    if held is None or away is None:
        return held or away
    return Waiting(f"{held.sentence} {away.sentence}", held.since, f"{held.cure} {away.cure}")


def _pause_in_words(pause: Pause, now: datetime) -> str:
    reason = f" ({pause.reason})" if pause.reason else ""
    end = f"until {_clock(pause.until, now)}" if pause.until else "until somebody resumes it"
    return f"The {pause.scope} {pause.name} is paused by {pause.actor}{reason}, {end}."


def _away(run: JobRun, now: datetime) -> Waiting | None:
    """Say which part is not there that the run needs."""
    workers = [process for process in live_processes(now) if process.kind == "worker"]
    if not workers:
        service = workers_service(now)
        since = f" since {_clock(service.since, now)}" if service.since else ""
        sentence = f"No worker is running{since}; it begins when one starts."
        return Waiting(sentence, service.since or run.available_at, service.cure)
    redis = redis_service()
    if not redis.is_up:
        sentence = (
            "Redis cannot be reached, so no worker hears of it; it begins by itself when Redis is back."
        )
        return Waiting(sentence, run.available_at, redis.cure)
    if not any(run.queue in worker.queues for worker in workers):
        sentence = f"No worker listens to the queue {run.queue}; it begins when one does."
        return Waiting(
            sentence,
            run.available_at,
            f"Start one: `python cli.py worker --queues {run.queue}`, or {START_ALL}",
        )
    return None


def _behind_others(run: JobRun, now: datetime) -> Waiting:
    earlier = (JobRun.priority == run.priority) & (JobRun.available_at < run.available_at)
    before = select(func.count()).where(
        OPEN_ROWS,
        *not_held(now),
        JobRun.state == "queued",
        JobRun.queue == run.queue,
        or_(JobRun.priority > run.priority, earlier),
    )
    count = db.session.scalar(before) or 0
    if not count:
        return Waiting(
            "It is the next in its queue and begins as soon as a worker is free.", run.available_at
        )
    runs = "1 run is" if count == 1 else f"{count:,} runs are"
    return Waiting(f"{runs} before it in the queue {run.queue}.", run.available_at)


def _clock(at: datetime, now: datetime) -> str:
    """Return the instant on the organisation's clock: `09:14`, with the date when it is of another day."""
    zone = ZoneInfo(current_settings().timezone)
    at, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%Y-%m-%d %H:%M}"
