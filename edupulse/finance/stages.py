"""What is to be done about a bill and when, from its due date alone: reminders around it, overdue after it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from edupulse.config import current_settings
from edupulse.finance.reasons import ENTERED_LATER, OUTDATED, OVERTAKEN
from edupulse.walltime import to_utc


@dataclass(frozen=True)
class Calendar:
    """The organisation's wishes: on which days around a due date, at which hour, on whose clock."""

    days: tuple[int, ...]  # before the due date, after it below zero
    hour: int
    timezone: str


@dataclass(frozen=True)
class Agenda:
    """The instants (UTC) of one due date: each stage's with its days, and the midnight after which it is overdue."""

    stages: tuple[tuple[datetime, int], ...]  # earliest first
    overdue_at: datetime


@dataclass(frozen=True)
class Step:
    """One stage whose time has come: to be planned, or left out for a reason."""

    days: int
    reason: str = ""  # empty: planned


def calendar() -> Calendar:
    """Return what the settings say."""
    settings = current_settings()
    return Calendar(settings.bill_reminder_days, settings.bill_reminder_hour, settings.timezone)


@lru_cache(maxsize=4096)
def agenda(due_on: date, wishes: Calendar) -> Agenda:
    """Return the instants of a due date; many bills share one."""
    hour = time(wishes.hour)
    days = [due_on - timedelta(days=days) for days in wishes.days]
    instants = [to_utc(datetime.combine(day, hour), wishes.timezone) for day in days]
    midnight = datetime.combine(due_on + timedelta(days=1), time.min)
    stages = sorted(zip(instants, wishes.days, strict=True))
    return Agenda(tuple(stages), to_utc(midnight, wishes.timezone))


def first_instant(due_on: date) -> datetime:
    """Return the earliest instant at which something is to do for a due date; it may be over."""
    found = agenda(due_on, calendar())
    return min([found.overdue_at, *(at for at, _ in found.stages)])


def next_instant(found: Agenda, now: datetime) -> datetime | None:
    """Return the first instant after `now`, None when nothing is to come."""
    return min((at for at in (found.overdue_at, *(at for at, _ in found.stages)) if at > now), default=None)


def steps(found: Agenda, known: Collection[int], entered_at: datetime, now: datetime) -> list[Step]:
    """Return what is to do about the stages that have passed by `now`, but for those `known` by their days.

    Of several only the latest is planned. One before the due date is left out if it lay before the bill was
    entered, or if the due date is over by now.
    """
    passed = [(at, days) for at, days in found.stages if at <= now]
    if not passed:
        return []
    latest = passed[-1][1]
    return [
        Step(days, _reason(at, days, latest, entered_at, is_over=now >= found.overdue_at))
        for at, days in passed
        if days not in known
    ]


def _reason(at: datetime, days: int, latest: int, entered_at: datetime, *, is_over: bool) -> str:
    if days > 0 and at < entered_at:
        return ENTERED_LATER
    if days != latest:
        return OVERTAKEN
    return OUTDATED if days > 0 and is_over else ""
