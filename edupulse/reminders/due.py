"""Reminders whose time has come are claimed, decided, composed and handed to the mail line, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, joinedload

from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mail import outbox
from edupulse.mail.compose import Mail
from edupulse.mail.outbox import Posting
from edupulse.reminders import told
from edupulse.reminders.compose import compose
from edupulse.reminders.models import PLANNED, Event, Reminder
from edupulse.reminders.plan import place_at
from edupulse.reminders.planner import arm_coming
from edupulse.reminders.policy import Verdict, useful_until, verdict
from edupulse.reminders.reasons import with_detail
from edupulse.reminders.snapshot import Person, people_of
from edupulse.transaction import transaction

BATCH = 200  # reminders in one transaction: the first are on their way while the next are composed
Lead = tuple[int, datetime, str]  # event, start, address

log = get_logger(__name__)


def check(now: datetime) -> dict[str, int]:
    """Hand over every reminder that is due at `now`; return how many were due and what became of them.

    Any number of checks may run at once: each reminder is claimed by one. Arms those of the next two minutes.
    """
    counts: Counter[str] = Counter(due=0, handed_over=0, skipped=0, missed=0, failed=0)
    events: set[int] = set()
    while outcomes := _hand_over_next(now):
        counts.update([each.state for each in outcomes], due=len(outcomes))
        events.update(each.event_id for each in outcomes)
    told.refresh(now, events)
    arm_coming(now)
    return dict(counts)


def post(session: Session, mails: Sequence[tuple[Reminder, Mail]]) -> None:
    """Hand mails to the mail line in the running transaction, and note beside each reminder which it became."""
    deliveries = outbox.accept_many([posting(reminder, reminder.event, mail) for reminder, mail in mails])
    for (reminder, _), delivery in zip(mails, deliveries, strict=True):
        reminder.delivery_id = delivery.id
    session.flush()


def reader(reminder: Reminder, person: Person | None) -> Person:
    """Return who is written to: of a notice as it kept them, for they may have left the list."""
    if reminder.notice:
        return Person(**reminder.notice["person"])
    assert person is not None  # noqa: S101 - the verdict let nobody pass who is not on the list
    return person


def due_reminders(now: datetime) -> Select[int]:
    """Return the query for the ids of a batch of planned reminders that are due, the longest due first."""
    due = select(Reminder.id).where(Reminder.state == PLANNED, Reminder.due_at <= now)
    return due.order_by(Reminder.due_at, Reminder.id).limit(BATCH)


def posting(reminder: Reminder, event: Event, mail: Mail) -> Posting:
    """Return `mail` as the mail line takes it; its occurrence tells it from others of the event to this person."""
    return Posting(
        mail=mail,
        kind="reminder" if reminder.kind == "manual" else reminder.kind,
        subject_id=str(event.id),
        occurrence=occurrence_key(reminder),
        due_at=reminder.due_at,
        expires_at=useful_until(reminder, event),
    )


def occurrence_key(reminder: Reminder) -> str:
    """Return what names this mail beside its event and its address: the same key is never accepted twice.

    A planned reminder: start and lead. One by hand: start and the minute. A notice: start and revision.
    """
    start = f"{reminder.starts_at:%Y%m%dT%H%M%SZ}"
    if reminder.kind != "reminder":
        return f"{start}-{reminder.kind}-{reminder.revision}"
    again = f"-again-{reminder.replaced}" if reminder.replaced else ""
    return f"{start}-{reminder.lead_minutes}min{again}"


@dataclass(frozen=True)
class Outcome:
    """What became of one due reminder."""

    event_id: int
    state: str


class _BatchFailed(Exception):
    """Storing a batch failed; nothing of it was kept."""

    def __init__(self, ids: Sequence[int], cause: Exception) -> None:
        super().__init__(str(cause))
        self.ids = ids
        self.cause = cause


def _hand_over_next(now: datetime) -> list[Outcome]:
    """Hand over the reminders that have been due longest; return what became of each, empty when none is due."""
    try:
        return _hand_over(now)
    except _BatchFailed as failed:
        # One mail that cannot be stored must not hold up the others.
        return [outcome for id in failed.ids for outcome in _hand_over_alone(id, now)]


def _hand_over_alone(id: int, now: datetime) -> list[Outcome]:
    try:
        return _hand_over(now, id)
    except _BatchFailed as failed:
        with transaction() as session:
            mine = update(Reminder).where(Reminder.id == id, Reminder.state == PLANNED)
            changed = mine.values(state="failed", reason=_failure(failed.cause)).returning(Reminder.event_id)
            event_id = session.scalar(changed)
        return [Outcome(event_id, "failed")] if event_id else []


def _hand_over(now: datetime, only: int | None = None) -> list[Outcome]:
    """Claim, decide, compose and hand over one batch in one transaction."""
    with transaction() as session:
        ids = _claim(session, now, only)
        try:
            return _decide_and_post(session, ids, now)
        except (OperationalError, Unavailable):
            raise
        except Exception as error:
            log.exception("reminders could not be handed over", reminders=len(ids), first_id=ids[0])
            raise _BatchFailed(ids, error) from error


def _claim(session: Session, now: datetime, only: int | None) -> Sequence[int]:
    due = due_reminders(now) if only is None else due_reminders(now).where(Reminder.id == only)
    ids = session.scalars(due.with_for_update(skip_locked=True)).all()
    ours = update(Reminder).where(Reminder.id.in_(ids), Reminder.state == PLANNED)
    claimed = ours.values(state="handed_over", claimed_at=now).returning(Reminder.id)
    return session.scalars(claimed.execution_options(synchronize_session=False)).all() if ids else []


def _decide_and_post(session: Session, ids: Sequence[int], now: datetime) -> list[Outcome]:
    if not ids:
        return []
    reminders = _load(session, ids)
    nearest = _nearest_leads(session, reminders, now)
    people = {event.id: people_of(event) for event in {each.event for each in reminders}}
    mails = []
    with session.no_autoflush:  # each row is written once, at the end
        for reminder in reminders:
            person = people[reminder.event_id].get(reminder.address)
            lead = nearest.get(_lead_key(reminder), reminder.lead_minutes)
            ruling = verdict(reminder, reminder.event, person, now, nearest_lead=lead)
            if mail := _carried_out(reminder, ruling, person):
                mails.append((reminder, mail))
        post(session, mails)
    return [Outcome(reminder.event_id, reminder.state) for reminder in reminders]


def _load(session: Session, ids: Sequence[int]) -> Sequence[Reminder]:
    """Return the reminders with their events and people: two queries for a whole batch."""
    query = select(Reminder).where(Reminder.id.in_(ids)).order_by(Reminder.due_at, Reminder.id)
    with_events = query.options(
        joinedload(Reminder.event).selectinload(Event.attendees),
        joinedload(Reminder.event).joinedload(Event.owner),
    )
    return session.scalars(with_events).unique().all()


def _nearest_leads(session: Session, reminders: Sequence[Reminder], now: datetime) -> dict[Lead, int]:
    """Return the smallest lead that is due for each person and occurrence of these reminders."""
    of_these = (
        Reminder.event_id.in_({each.event_id for each in reminders}),
        Reminder.starts_at.in_({each.starts_at for each in reminders}),
        Reminder.kind == "reminder",
        Reminder.due_at <= now,
        Reminder.state.in_(("planned", "handed_over")),
    )
    person = (Reminder.event_id, Reminder.starts_at, Reminder.address)
    found = session.execute(
        select(*person, func.min(Reminder.lead_minutes)).where(*of_these).group_by(*person)
    )
    return {(event_id, starts_at, address): lead for event_id, starts_at, address, lead in found}


def _lead_key(reminder: Reminder) -> Lead:
    return reminder.event_id, reminder.starts_at, reminder.address


def _carried_out(reminder: Reminder, ruling: Verdict, person: Person | None) -> Mail | None:
    """Write the verdict into the row and return the mail to send, if any; one that fails stands alone."""
    reminder.state, reminder.reason = ruling.state, ruling.reason
    if ruling.state != "handed_over":
        return None
    if reminder.kind == "reminder":
        reminder.location = place_at(reminder.event, reminder.original)
    try:
        return compose(reminder, reminder.event, reader(reminder, person), begun=ruling.begun)
    except Exception as error:
        log.exception("a reminder could not be composed", reminder_id=reminder.id, event_id=reminder.event_id)
        reminder.state, reminder.reason = "failed", _failure(error)
        return None


def _failure(error: Exception) -> str:
    return with_detail("failed", f"{type(error).__name__}: {error}")
