"""A saved event becomes its planned reminders, in the same transaction; what no longer holds is undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from edupulse.control.schedule import wake
from edupulse.errors import Invalid, Unavailable
from edupulse.logs import get_logger
from edupulse.mail import outbox
from edupulse.mail.models import Delivery
from edupulse.mail.once import insert_once
from edupulse.reminders import corrections, recurrence, revise, rows
from edupulse.reminders.corrections import Belief, Change, Notice
from edupulse.reminders.models import PLANNED, Event, Reminder
from edupulse.reminders.plan import HORIZON, plan
from edupulse.reminders.rows import WITHDRAWN, Line
from edupulse.reminders.snapshot import Snapshot, snapshot
from edupulse.reminders.told import recompute
from edupulse.transaction import transaction

MOST_ROWS = 100_000  # reminders of one event within the horizon; more would keep everybody else waiting
AHEAD = timedelta(
    minutes=2
)  # what is due within this gets a wake-up of its own; the check each minute sees the rest
RENEW_AFTER = timedelta(days=1)  # a series is planned further once a day
IDS_AT_ONCE = 500  # in one query
CHECK = "reminders.check"
# How an event is locked: against other changes, but not against a check that writes reminders referring to it;
# else a change that waits for those rows and a check that waits for the event would wait for each other.
HOLD: dict[str, Any] = {"key_share": True}

log = get_logger(__name__)


def replan(session: Session, event: Event, before: Snapshot, now: datetime) -> None:
    """Make the reminders of `event` fit what it is now; `before` is what it was. Joins the caller's transaction.

    Mails that have not left and are wrong now are taken back; who was told something else is told anew.
    Raises Invalid when it would need more than MOST_ROWS reminders.
    """
    change = Change.between(before, snapshot(event), now, now + HORIZON)
    wanted = revise.wishes(change.after, plan(change.after.facts, now, now + HORIZON))
    _refuse_too_many(len(wanted))
    lines = _taken_back(session, rows.read(session, event.id, now), change)
    notices = corrections.notices(lines, change)
    told = revise.told_already(lines, notices, change)
    if changed := revise.updates(lines, wanted, change, told=told, now=now):
        session.execute(update(Reminder), changed)
    _insert(session, event, revise.inserts(lines, wanted, told=told, now=now), now)
    _insert(session, event, [_row_of(notice, event, change, now) for notice in notices], now)
    _note_horizon(event, change.after, now)
    session.flush()
    recompute(session, [event.id], now)
    _arm([wish.planned.due_at for wish in wanted.values()] + [now for _ in notices], now)


def extend(now: datetime) -> int:
    """Plan every series up to the horizon again; return how many series. What holds stays as it is."""
    extended = [id for id in _to_extend(now) if _extend_one(id, now)]
    return len(extended)


def arm_coming(now: datetime) -> None:
    """Arm a check for each instant within AHEAD at which reminders are due."""
    coming = select(Reminder.due_at).distinct().where(Reminder.state == PLANNED, Reminder.due_at > now)
    with transaction() as session:
        _arm(session.scalars(coming.where(Reminder.due_at <= now + AHEAD)).all(), now)


def _to_extend(now: datetime) -> Sequence[int]:
    ending = Event.planned_until <= now + HORIZON - RENEW_AFTER
    with transaction() as session:
        return session.scalars(select(Event.id).where(ending).order_by(Event.id)).all()


def _extend_one(event_id: int, now: datetime) -> bool:
    """Plan one series further; say whether that went well. One that fails holds up no other."""
    try:
        with transaction() as session:
            event = session.get(Event, event_id, with_for_update=HOLD)
            if event:
                rows.hold(session, event_id)
                replan(session, event, snapshot(event), now)
    except (OperationalError, Unavailable):
        raise
    except Exception:
        log.exception("a series could not be planned further", event_id=event_id)
        return False
    return True


def _refuse_too_many(count: int) -> None:
    if count > MOST_ROWS:
        cure = "Repeat it less often, or give it fewer attendees or lead times."
        raise Invalid(f"The event would need {count:,} reminders in five weeks.", cure=cure, field="rrule")


def _taken_back(session: Session, lines: Sequence[Line], change: Change) -> list[Line]:
    """Cancel the mails on their way that are wrong now; return the lines as they stand after that."""
    wrong = {line.delivery_id: line for line in lines if line.is_on_its_way and not _may_go(line, change)}
    by_subject = defaultdict(list)
    for id, line in wrong.items():
        by_subject[line.delivery_kind or "", line.delivery_subject or ""].append(id or 0)
    for (kind, subject_id), ids in by_subject.items():
        for some in _portions(ids):
            outbox.cancel(
                kind=kind, subject_id=subject_id, delivery_ids=some, reason="The event was changed."
            )
    gone = {id for some in _portions(list(wrong)) for id in session.scalars(_cancelled_among(some))}
    return [replace(line, state=WITHDRAWN) if line.delivery_id in gone else line for line in lines]


def _may_go(line: Line, change: Change) -> bool:
    if line.kind not in ("reminder", "manual"):
        return change.expects(line)
    return change.expects(line) and change.after.facts.reminds and change.after.is_reminded(line.address)


def _cancelled_among(ids: Sequence[int | None]) -> Any:
    return select(Delivery.id).where(Delivery.id.in_(ids), Delivery.state == "cancelled")


def _insert(session: Session, event: Event, new: Sequence[dict[str, Any]], now: datetime) -> None:
    common = {"event_id": event.id, "created_at": now}
    if new:
        session.execute(insert_once(session, Reminder), [{**_DEFAULTS, **each, **common} for each in new])


_DEFAULTS = {"location": "", "revision": 0, "replaced": 0, "notice": None}


def _row_of(notice: Notice, event: Event, change: Change, now: datetime) -> dict[str, Any]:
    """Return the row of a correction or cancellation: due now, with what its mail needs to say."""
    told, on_list = notice.belief, change.after.people.get(notice.address)
    person, says = on_list or change.before.people[notice.address], notice.truth or told
    return {
        "kind": notice.kind, "attendee_id": on_list.attendee_id if on_list else None, "address": notice.address,
        "original": notice.original, "instance": told.instance, "starts_at": says.starts_at,
        "ends_at": says.ends_at, "location": says.place, "lead_minutes": 0, "revision": event.revision,
        "due_at": now, "state": "planned", "reason": None,
        "notice": {"cause": notice.cause, "before": _stored(told), "person": asdict(person)},
    }  # fmt: skip


def _stored(told: Belief) -> dict[str, str]:
    return {"starts_at": told.starts_at.isoformat(), "ends_at": told.ends_at.isoformat(), "place": told.place}


def _note_horizon(event: Event, after: Snapshot, now: datetime) -> None:
    """Note up to when the series is planned, and when its last occurrence ends where that is known."""
    facts, until = after.facts, now + HORIZON
    event.last_ends_at = recurrence.last_end(facts.series)
    is_complete = event.last_ends_at is not None and event.last_ends_at <= until
    needs_more = facts.is_series and facts.stands and facts.reminds and not is_complete
    event.planned_until = until if needs_more else None


def _arm(instants: Sequence[datetime], now: datetime) -> None:
    for at in {max(each, now) for each in instants if each <= now + AHEAD}:
        wake(CHECK, at)


def _portions(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE))
