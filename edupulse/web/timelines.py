"""The mails of one event, sorted for the eye: by date, then by mailing, with what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from edupulse.reminders.timeline import Entry
from edupulse.reminders.upcoming import Upcoming
from edupulse.web.words import State, state_of

WORST_FIRST = ("bad", "doubt", "wait", "live", "ok", "mute")
FEW = 8  # people that are listed without being asked for

T = TypeVar("T")


@dataclass(frozen=True)
class Mailing:
    """What goes to the people of one date at one time."""

    kind: str
    lead_minutes: int
    due_at: datetime
    entries: list[Entry]

    @property
    def counts(self) -> list[tuple[State, int]]:
        """How many stand in each state, the worst first."""
        found = Counter(words_for(entry) for entry in self.entries)
        return sorted(found.items(), key=lambda pair: WORST_FIRST.index(pair[0].tone))

    @property
    def tone(self) -> str:
        return self.counts[0][0].tone

    @property
    def is_open(self) -> bool:
        """Say whether the people are shown at once: something is wrong, or has happened to a few."""
        is_only_planned = all(entry.state == "planned" for entry in self.entries)
        return self.tone in ("bad", "doubt") or (len(self.entries) <= FEW and not is_only_planned)


@dataclass(frozen=True)
class Date:
    """One date of an event with its mailings."""

    original: str
    starts_at: datetime
    ends_at: datetime
    mailings: list[Mailing]


@dataclass(frozen=True)
class Story:
    """What is to come, what is over (the latest first), and who gets no mail and why."""

    coming: list[Date]
    past: list[Date]
    without_mail: list[Entry]


@dataclass(frozen=True)
class NextMailing:
    """What goes out next for one event, to how many."""

    event_id: int
    title: str
    kind: str
    due_at: datetime
    starts_at: datetime
    timezone: str
    all_day: bool
    people: int
    warning: str


def story(entries: Iterable[Entry], now: datetime) -> Story:
    """Sort the timeline of an event for its page."""
    listed = list(entries)
    dates = [_date(group) for group in _grouped((entry for entry in listed if entry.starts_at), _date_key)]
    coming = [date for date in dates if date.ends_at >= now]
    past = [date for date in dates if date.ends_at < now]
    return Story(coming, past[::-1], [entry for entry in listed if entry.starts_at is None])


def next_mailings(planned: Iterable[Upcoming], most: int) -> list[NextMailing]:
    """Join what goes to several people at once; return the first `most`."""
    groups = _grouped(planned, lambda each: (each.due_at, each.event_id, each.kind))
    return [_next_mailing(group) for group in groups[:most]]


def words_for(entry: Entry) -> State:
    """Return how an entry is shown: by its mail where there is one, else by the reminder itself."""
    if entry.delivery_state:
        return state_of("delivery", entry.delivery_state)
    return state_of("reminder", entry.state)


def _date(entries: list[Entry]) -> Date:
    first = entries[0]
    assert first.starts_at is not None  # noqa: S101 - narrows the type: sorted out by `story`
    mailings = [_mailing(group) for group in _grouped(entries, _mailing_key)]
    return Date(first.original, first.starts_at, first.ends_at or first.starts_at, mailings)


def _mailing(entries: list[Entry]) -> Mailing:
    kind, lead, due_at = _mailing_key(entries[0])[1:]
    return Mailing(kind, lead, due_at, sorted(entries, key=lambda entry: entry.name or entry.address))


def _date_key(entry: Entry) -> tuple[datetime, str]:
    assert entry.starts_at is not None  # noqa: S101 - narrows the type
    return entry.starts_at, entry.original


def _mailing_key(entry: Entry) -> tuple[datetime, str, int, datetime]:
    assert entry.due_at is not None  # noqa: S101 - narrows the type: what belongs to a date is due
    # By hand and corrections are due whenever somebody acts: those of one minute belong together.
    due_at = entry.due_at if entry.kind == "reminder" else entry.due_at.replace(second=0, microsecond=0)
    return due_at, entry.kind, entry.lead_minutes, due_at


def _next_mailing(group: list[Upcoming]) -> NextMailing:
    first = group[0]
    warning = next((each.warning for each in group if each.warning), "")
    return NextMailing(
        event_id=first.event_id,
        title=first.title,
        kind=first.kind,
        due_at=first.due_at,
        starts_at=first.starts_at,
        timezone=first.timezone,
        all_day=first.all_day,
        people=len(group),
        warning=warning,
    )


def _grouped(items: Iterable[T], key: Callable[[T], Any]) -> list[list[T]]:
    return [list(group) for _, group in groupby(sorted(items, key=key), key)]
