"""What the code says about schedules, and how a row is brought in line with it without losing its place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from edupulse.config import current_settings
from edupulse.control.catalog import JobSpec, Timing, current_catalog
from edupulse.control.firing import rule_of
from edupulse.control.models import Schedule
from edupulse.control.occurrences import Rule, next_occurrence, validate
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.logs import get_logger

AHEAD_OF_TIME = timedelta(minutes=1)  # an occurrence settled later than this from now: the clock went back

log = get_logger(__name__)


@dataclass(frozen=True)
class Definition:
    """What the code says about a schedule; what an operator says about it (`enabled`) is not part of it."""

    job: str
    cron: str | None
    interval_seconds: int | None
    timezone: str
    misfire: str
    max_lateness_seconds: int
    overlap: str

    @classmethod
    def of(cls, spec: JobSpec, timing: Timing, timezone: str) -> Definition:
        """Return what `spec` says; where every missed occurrence is made up for, several runs must have room."""
        return cls(
            spec.name,
            timing.cron,
            timing.interval_seconds,
            timezone,
            timing.misfire,
            timing.max_lateness_seconds,
            "allow" if timing.misfire == "all" else timing.overlap,
        )

    @property
    def rule(self) -> Rule:
        return Rule(cron=self.cron, interval=self.interval_seconds, timezone=self.timezone)


def definitions() -> dict[str, Definition]:
    """Return what the catalog says, by name of the schedule, which is that of the job."""
    zone = current_settings().timezone
    specs = current_catalog().specs.values()
    return {spec.name: Definition.of(spec, spec.timing, zone) for spec in specs if spec.timing}


def add(session: Session, name: str, definition: Definition, moment: datetime) -> bool:
    """Write the row of a new schedule; False when somebody else did or the definition cannot be used."""
    if not _is_usable(name, definition):
        return False
    insert = sqlite_insert if db.engine.dialect.name == "sqlite" else postgresql_insert
    row = insert(Schedule).values(
        **asdict(definition),
        name=name,
        arguments={},
        enabled=True,
        failures=0,
        next_at=next_occurrence(definition.rule, moment),
        created_at=moment,
        updated_at=moment,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(Schedule.name)) is not None


def bring_in_line(row: Schedule, definition: Definition, moment: datetime) -> bool:
    """Write what changed into `row`, whose next run moves only with its times; say whether anything did."""
    changed = {key: value for key, value in asdict(definition).items() if getattr(row, key) != value}
    if changed and not _is_usable(row.name, definition):
        return False
    for key, value in changed.items():
        setattr(row, key, value)
    if _is_ahead_of_time(row, moment):
        log.warning("the clock went back: schedule set back too", schedule=row.name, last_at=row.last_at)
        row.last_at = None
    elif not changed.keys() & {"cron", "interval_seconds", "timezone"}:
        return bool(changed)
    row.updated_at, row.next_at = moment, next_run(row, moment)
    return True


def next_run(row: Schedule, moment: datetime) -> datetime:
    """Return the next run after `moment`, and later than the last one in any case."""
    return next_occurrence(rule_of(row), max(moment, row.last_at or moment))


def _is_usable(name: str, definition: Definition) -> bool:
    try:
        validate(definition.rule)
    except Invalid as error:
        log.error("schedule cannot be used", schedule=name, reason=str(error))
        return False
    return True


def _is_ahead_of_time(row: Schedule, moment: datetime) -> bool:
    """Say whether coming occurrences are settled already. None runs twice: the ledger knows their keys."""
    return row.last_at is not None and row.last_at > moment + AHEAD_OF_TIME
