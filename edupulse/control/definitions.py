"""What the code says about schedules, and how a row is brought in line with it without losing its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from edupulse.config import current_settings
from edupulse.control.catalog import JobSpec, Timing, current_catalog
from edupulse.control.firing import rule_of
from edupulse.control.models import Schedule
from edupulse.control.occurrences import Rule, next_occurrence, validate
from edupulse.control.spread import placed
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.logs import get_logger

AHEAD_OF_TIME = timedelta(minutes=1)  # an occurrence settled later than this from now: the clock went back
TIMES = frozenset({"cron", "interval_seconds", "timezone"})  # what decides when a schedule runs
CHANGEABLE = TIMES | {"misfire", "max_lateness_seconds", "overlap"}  # what an operator may want otherwise

log = get_logger(__name__)


@dataclass(frozen=True)
class Definition:
    """What the code says about a schedule; what an operator says (`enabled`, `changed`) is not part of it."""

    job: str
    cron: str | None
    interval_seconds: int | None
    timezone: str
    misfire: str
    max_lateness_seconds: int
    overlap: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    # When what the schedule is for was last changed by a person: a row older than this counts as updated.
    revised_at: datetime | None = None

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
    def columns(self) -> dict[str, Any]:
        """What stands in the row."""
        return {name: value for name, value in vars(self).items() if name != "revised_at"}

    def with_changes(self, changed: Mapping[str, Any]) -> Definition:
        """Return the same as an operator wants it; where every missed occurrence runs, several must have room."""
        wanted = replace(self, **{name: changed[name] for name in CHANGEABLE & changed.keys()})
        return replace(wanted, overlap="allow") if wanted.misfire == "all" else wanted

    def rule(self, name: str) -> Rule:
        """Return when it recurs as the schedule `name`."""
        return placed(Rule(cron=self.cron, interval=self.interval_seconds, timezone=self.timezone), name)


Provider = Callable[[], Mapping[str, Definition]]
_providers: list[Provider] = []


def register_definitions(provider: Provider) -> None:
    """Let `provider` say, at each sync, which schedules there are beside those of the catalog."""
    if provider not in _providers:
        _providers.append(provider)


def definitions() -> dict[str, Definition]:
    """Return what the catalog says, by name of the schedule, which is that of the job, and every provider."""
    zone = current_settings().timezone
    specs = current_catalog().specs.values()
    found = {spec.name: Definition.of(spec, spec.timing, zone) for spec in specs if spec.timing}
    for provider in _providers:
        found |= provider()
    return found


def add(session: Session, name: str, definition: Definition, moment: datetime) -> bool:
    """Write the row of a new schedule; False when somebody else did or the definition cannot be used."""
    return name in add_all(session, {name: definition}, moment)


def add_all(session: Session, wanted: Mapping[str, Definition], moment: datetime) -> set[str]:
    """Write the rows of new schedules at once; return the names of those that can be used and were not there."""
    rows = [_row(name, each, moment) for name, each in wanted.items() if _is_usable(name, each)]
    if not rows:
        return set()
    insert = sqlite_insert if db.engine.dialect.name == "sqlite" else postgresql_insert
    new = insert(Schedule).on_conflict_do_nothing().returning(Schedule.name)
    # With their nulls all rows have the same columns: else each change from cron to interval is a statement of its own.
    return set(session.scalars(new, rows, execution_options={"render_nulls": True}))


def bring_in_line(row: Schedule, definition: Definition, moment: datetime) -> bool:
    """Write what changed into `row`, whose next run moves only with its times; say whether anything did.

    What an operator wants otherwise stays as the operator wants it.
    """
    definition = definition.with_changes(row.changed)
    changed = {key: value for key, value in definition.columns.items() if getattr(row, key) != value}
    if changed and not _is_usable(row.name, definition):
        return False
    went_back, earliest = _is_ahead_of_time(row, moment), _earliest(row, definition, moment)
    revised = definition.revised_at is not None and row.updated_at < definition.revised_at
    for key, value in changed.items():
        setattr(row, key, value)
    if went_back:
        log.warning("the clock went back: schedule set back too", schedule=row.name, last_at=row.last_at)
        row.last_at = None
    if went_back or changed.keys() & TIMES:
        row.next_at = next_run(row, earliest)
    if changed or went_back or revised:
        row.updated_at = max(moment, definition.revised_at or moment)
    return bool(changed or went_back or revised)


def next_run(row: Schedule, moment: datetime) -> datetime:
    """Return the next run after `moment`, and later than the last one in any case."""
    return next_occurrence(rule_of(row), max(moment, row.last_at or moment))


def _row(name: str, definition: Definition, moment: datetime) -> dict[str, Any]:
    return {
        **definition.columns,
        "name": name,
        "enabled": True,
        "changed": {},
        "failures": 0,
        "next_at": next_occurrence(definition.rule(name), moment),
        "created_at": moment,
        "updated_at": moment,
    }


def _earliest(row: Schedule, definition: Definition, moment: datetime) -> datetime:
    """Return the instant after which the next run may be, if its times have changed.

    By an interval nobody comes sooner than before the change, nor sooner than one new interval from now: an
    operator who edits many at once lets loose no storm.
    """
    if definition.interval_seconds is None or _is_ahead_of_time(row, moment):
        return moment
    soonest = min(row.next_at, moment + timedelta(seconds=definition.interval_seconds))
    return max(moment, soonest - timedelta.resolution)


def _is_usable(name: str, definition: Definition) -> bool:
    try:
        validate(definition.rule(name))
    except Invalid as error:
        log.error("schedule cannot be used", schedule=name, reason=str(error))
        return False
    return True


def _is_ahead_of_time(row: Schedule, moment: datetime) -> bool:
    """Say whether coming occurrences are settled already. None runs twice: the ledger knows their keys."""
    return row.last_at is not None and row.last_at > moment + AHEAD_OF_TIME
