"""What has been kept long enough goes, class by class: looked at first where asked, on record, and never in a hurry."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from edupulse.accounts.audit import record
from edupulse.control import progress
from edupulse.logs import get_logger
from edupulse.upkeep import orphans
from edupulse.upkeep.amount import Amount
from edupulse.upkeep.classes import DataClass, chosen, n_

ORPHANS = "orphans"  # what in the storage belongs to no row: goes whenever all classes do
ORPHANS_TITLE = n_("Files that nothing names")

log = get_logger(__name__)


@dataclass(frozen=True)
class Result:
    """What went of one class, or would go; `until` is None where it is kept for ever."""

    key: str
    title: str
    days: int
    until: datetime | None
    rows: int
    bytes: int | None


@dataclass(frozen=True)
class _Step:
    """One class and how much of it is to go."""

    key: str
    title: str
    days: int
    until: datetime | None
    amount: Amount
    old: DataClass | None


def run(
    now: datetime, classes: Collection[str] | None = None, *, dry_run: bool = False, actor: str = "system"
) -> list[Result]:
    """Delete what is older than its class is kept, or on a `dry_run` only count it; all classes for None.

    Raises Invalid for a class that there is not, here or in DATA_KEEP_DAYS: nothing is deleted then.
    """
    steps = [_counted(each, now) for each in chosen(classes)]
    if classes is None:
        days = orphans.YOUNGEST.days
        steps.append(_Step(ORPHANS, ORPHANS_TITLE, days, now - orphans.YOUNGEST, orphans.count(now), None))
    if not dry_run:
        steps = _deleted(steps, now, actor)
    return [_result(step) for step in steps]


def _counted(each: DataClass, now: datetime) -> _Step:
    until = each.until(now)
    amount = each.old.count(until) if until else Amount()
    return _Step(each.key, each.title, each.days, until, amount, each)


def _deleted(steps: Sequence[_Step], now: datetime, actor: str) -> list[_Step]:
    """Delete what each step has counted, and write down how much really went."""
    total, done, went = sum(step.amount.rows for step in steps), 0, []
    for step in steps:
        gone = Amount(0, 0 if step.amount.bytes is not None else None)
        for batch in _batches(step, now):
            gone += batch
            progress.report(min(done + gone.rows, total), total, step.title)
        done += gone.rows
        _write_down(step, gone, actor)
        went.append(_Step(step.key, step.title, step.days, step.until, gone, step.old))
    progress.report(total, total, "")
    return went


def _batches(step: _Step, now: datetime) -> Iterator[Amount]:
    if step.old is None:
        yield from orphans.remove(now)
    elif step.until is not None:
        yield from step.old.old.delete(step.until)


def _write_down(step: _Step, gone: Amount, actor: str) -> None:
    if gone.rows:
        log.info("kept long enough", data=step.key, rows=gone.rows)
        record(actor, "cleanup.run", f"data:{step.key}", rows=gone.rows, bytes=gone.bytes, until=step.until)


def _result(step: _Step) -> Result:
    return Result(step.key, step.title, step.days, step.until, step.amount.rows, step.amount.bytes)
