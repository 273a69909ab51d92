"""What an operator wants of a schedule otherwise than the code: kept beside it, until it is taken back.

Kept in the row (`changed`), so that neither a sync nor a new release undoes it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import schedule as schedules
from edupulse.control.catalog import current_catalog
from edupulse.control.definitions import CHANGEABLE, TIMES, Definition, bring_in_line, definitions
from edupulse.control.enqueue import enqueue
from edupulse.control.firing import unique_key
from edupulse.control.models import JobRun, Schedule
from edupulse.control.occurrences import LONGEST_INTERVAL, validate
from edupulse.control.schedule import Listed, SyncResult
from edupulse.control.schedule_sync import wait_for_others
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.transaction import after_commit, transaction

RECURRENCE = frozenset({"cron", "interval_seconds"})  # exactly one of them is not None
CHOICES = {"misfire": ("once", "skip", "all"), "overlap": ("skip", "allow")}
LONGEST_CRON = 100  # characters, as the column


@dataclass(frozen=True)
class Change:
    """What shall be different; None leaves it as it is. Of cron and interval one replaces the other."""

    cron: str | None = None
    interval_seconds: int | None = None
    timezone: str | None = None
    misfire: str | None = None  # once | skip | all
    max_lateness_seconds: int | None = None
    overlap: str | None = None  # skip | allow
    enabled: bool | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns that it sets, without the switch."""
        said = {key: value for key, value in vars(self).items() if value is not None and key != "enabled"}
        if said.keys() & RECURRENCE:
            said |= {"cron": self.cron, "interval_seconds": self.interval_seconds}
        return said


def change(name: str, wanted: Change, *, actor: str) -> Listed:
    """Let the schedule `name` run as `wanted` from now on; return it with its next runs.

    What was not named keeps its value. A value that the code has too is no change of the code any more.
    Raises NotFound, Invalid naming the field, Conflict where the times are decided elsewhere.
    """
    _check(wanted)
    with transaction() as session:
        row, code = _held(session, name)
        if TIMES & wanted.columns().keys():
            _refuse_times_of_others(name)
        if columns := wanted.columns():
            _apply(row, code, {**row.changed, **columns}, actor=actor, action="schedule.change")
        if wanted.enabled is not None and wanted.enabled != row.enabled:
            (schedules.resume if wanted.enabled else schedules.pause)(name, actor)
    return schedules.show(name, now())


def reset(name: str, *, actor: str) -> Listed:
    """Take back what was changed: the schedule runs as the code says. A pause stays. Raises NotFound."""
    with transaction() as session:
        row, code = _held(session, name)
        _apply(row, code, {}, actor=actor, action="schedule.reset")
    return schedules.show(name, now())


def run_now(name: str, *, actor: str) -> JobRun:
    """Accept one run of the schedule `name` at once, paused or not; its next one stays where it is.

    Raises NotFound, and Conflict while a run of it is open and may not be overlapped.
    """
    with transaction() as session:
        row = schedules.held(session, name)
        run = _accept(row, actor)
        audit.record(actor, "schedule.run", f"schedule:{name}", run=run.id)
    return run


def sync_now(*, actor: str) -> SyncResult:
    """Sync the schedules because a person or a program asks for it, and write down what it changed."""
    stats = schedules.sync(now())
    audit.record(actor, "schedule.sync", "schedules", **asdict(stats))
    return stats


def original(name: str) -> Definition:
    """Return what the code says about the schedule `name`; raises NotFound."""
    if found := definitions().get(name):
        return found
    raise NotFound(
        f"There is no schedule {name[:100]!r}.",
        cure="See `python cli.py schedule list`, or sync the schedules.",
    )


def _held(session: Session, name: str) -> tuple[Schedule, Definition]:
    """Return the row and what the code says of it, while no sync can come between."""
    wait_for_others(session)
    return schedules.held(session, name), original(name)


def _apply(row: Schedule, code: Definition, changed: dict[str, Any], *, actor: str, action: str) -> None:
    effective = code.with_changes(changed)
    _refuse_overlap_of_all(effective, changed)
    validate(effective.rule(row.name))
    before = _shown(row)
    row.changed = _differing(changed, code)
    bring_in_line(row, code, now())
    after = _shown(row)
    if before != after:
        row.updated_at = now()
        row.failures, row.last_error = 0, None  # put aside, it gets another chance
        audit.record(actor, action, f"schedule:{row.name}", **_difference(before, after))
        after_commit(schedules.mirror_later, row.name)


def _differing(changed: dict[str, Any], code: Definition) -> dict[str, Any]:
    """Return what differs from the code; cron and interval stay together, so that one never meets the other anew."""
    found = {key: value for key, value in changed.items() if value != code.columns[key]}
    pair = {key: changed[key] for key in RECURRENCE if found.keys() & RECURRENCE}
    return found | pair


def _shown(row: Schedule) -> dict[str, Any]:
    return {key: getattr(row, key) for key in sorted(CHANGEABLE)} | {"changed": sorted(row.changed)}


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    keys = [key for key in before if before[key] != after[key]]
    return {"before": {key: before[key] for key in keys}, "after": {key: after[key] for key in keys}}


def _accept(row: Schedule, actor: str) -> JobRun:
    key = None if row.overlap == "allow" else unique_key(row.name)
    try:
        return enqueue(row.job, unique_key=key, if_exists="error", actor=actor, **row.arguments)
    except Conflict as error:
        words = f"A run of {row.name} is open already: {error.facts['run_id']}."
        raise Conflict(words, cure="Wait until it is over, or cancel it.", **error.facts) from None


def _check(wanted: Change) -> None:
    if wanted.cron is not None and wanted.interval_seconds is not None:
        raise Invalid("A schedule has a cron expression or an interval.", cure="Give one.", field="cron")
    if len(wanted.cron or "") > LONGEST_CRON:
        cure = f"Use at most {LONGEST_CRON} characters."
        raise Invalid("The cron expression is too long.", cure=cure, field="cron")
    for field, choices in CHOICES.items():
        value = getattr(wanted, field)
        if value is not None and value not in choices:
            raise Invalid(f"{field} cannot be {value!r}.", cure=f"Use {' or '.join(choices)}.", field=field)
    _check_seconds("max_lateness_seconds", wanted.max_lateness_seconds)
    _check_seconds("interval_seconds", wanted.interval_seconds)


def _check_seconds(field: str, value: int | None) -> None:
    if value is not None and not 1 <= value <= LONGEST_INTERVAL:
        raise Invalid(
            f"{field} cannot be {value}.", cure=f"Give 1 to {LONGEST_INTERVAL} seconds.", field=field
        )


def _refuse_overlap_of_all(effective: Definition, changed: dict[str, Any]) -> None:
    if effective.misfire == "all" and changed.get("overlap") == "skip":
        cure = "Let runs overlap, or choose once or skip for what was missed."
        raise Invalid("Where every missed run is made up for, runs must overlap.", cure=cure, field="overlap")


def _refuse_times_of_others(name: str) -> None:
    """Raise Conflict for what serves one thing, such as a mailbox, whose own interval is the only truth."""
    if name not in current_catalog().specs:
        cure = "Change the interval there: that of a mailbox on its page."
        raise Conflict(f"When {name} runs is decided by what it serves.", cure=cure)
