"""A simulated time passes: schedules fire by the real code, and the clock shows the instant of each."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from edupulse import clock
from edupulse.control.definitions import add, definitions
from edupulse.control.firing import fire
from edupulse.control.missed import ACTOR
from edupulse.control.models import OPEN_ROWS, JobRun, Schedule
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.testing.handover import taker
from edupulse.testing.inline import Inline, run_due
from edupulse.transaction import transaction

_FINISH = (
    update(JobRun)
    .where(OPEN_ROWS, JobRun.state == "queued", JobRun.actor == ACTOR)
    .values(state="finished", ended_at=bindparam("moment"))
    .execution_options(synchronize_session=False)
)


def travel(start: datetime, end: datetime, *, only: Collection[str] = ()) -> list[JobRun]:
    """Live from the aware instant `start` to just before `end`; return the runs of the schedules in their order.

    All schedules of the catalog are played, or `only` those of these names; one that is paused stays so. Inside
    `inline` each run is carried out at its time, as is what falls due between two; else it counts as finished.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise Invalid("A journey needs two instants.", cure="Pass aware times.")
    before = set(db.session.scalars(select(JobRun.id)))
    Journey(start.astimezone(UTC), only).live_until(end)
    runs = select(JobRun).where(JobRun.actor == ACTOR).order_by(JobRun.created_at, JobRun.name)
    return [run for run in db.session.scalars(runs) if run.id not in before]


class Journey:
    """Where the clock stands, and when each schedule is due next."""

    def __init__(self, start: datetime, only: Collection[str]) -> None:
        self.moment = start
        self._works = isinstance(taker(), Inline)
        with transaction() as session:
            names = sorted(name for name in definitions() if not only or name in only)
            self._due = {name: at for name in names if (at := _first(session, name, start))}

    def live_until(self, end: datetime) -> None:
        """Let the clock go from one event to the next."""
        # Where nothing is carried out, nobody has to see a commit: one for all is twice as quick.
        with clock.running_on(lambda: self.moment), nullcontext() if self._works else transaction():
            while (moment := self._next_event()) is not None and moment < end:
                self.moment = moment
                self._live()
            if not self._works:
                db.session.execute(_FINISH, {"moment": self.moment})

    def _next_event(self) -> datetime | None:
        events = list(self._due.values())
        if self._works and (deferred := _next_deferred()) is not None:
            events.append(max(deferred, self.moment))
        return min(events, default=None)

    def _live(self) -> None:
        """Do what is due at this moment."""
        if self._works:
            run_due()
        else:
            db.session.execute(_FINISH, {"moment": self.moment})  # what was fired before
        for name in [name for name, at in self._due.items() if at <= self.moment]:
            db.session.expire_all()  # so that the schedule is read as it was moved on
            next_at = fire(name, self.moment)
            if next_at is None:
                del self._due[name]
            else:
                self._due[name] = next_at


def _first(session: Session, name: str, start: datetime) -> datetime | None:
    """Set the schedule `name` to its first occurrence from `start` on; None while it is paused or unusable."""
    known = session.get(Schedule, name)
    if known is not None and not known.enabled:
        return None
    session.execute(delete(Schedule).where(Schedule.name == name))
    add(session, name, definitions()[name], start - datetime.resolution)
    return session.scalar(select(Schedule.next_at).where(Schedule.name == name))


def _next_deferred() -> datetime | None:
    waiting = select(JobRun.available_at).where(OPEN_ROWS, JobRun.state == "deferred")
    return db.session.scalar(waiting.order_by(JobRun.available_at).limit(1))
