"""Restarts under load: a keeper is told to end and started again, over and over; no job fails, none is doubled."""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from sqlalchemy import func, select

from edupulse.control.enqueue import enqueue_many
from edupulse.control.models import FINAL_STATES, JobRun, Worker
from edupulse.database import db
from tests.proofs.entry import EFFECTS
from tests.proofs.stack import Stack, wait_for

JOBS_AT_ONCE = 200  # handed over when less than half of it waits, so that every keeper is struck at work
LONGEST_SECONDS = 0.2
SETTLE_SECONDS = 90


@dataclass
class Figures:
    """What was seen; seconds where the name says nothing else."""

    restarts: int
    runs: dict[str, int] = field(default_factory=dict)
    again: int = 0
    wrong_marks: list[str] = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)
    to_end: list[float] = field(default_factory=list)
    to_work: list[float] = field(default_factory=list)
    said: list[tuple[str, int]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        all_finished = set(self.runs) == {"finished"}
        return all_finished and not self.again and not self.wrong_marks and set(self.exit_codes) == {0}

    def __str__(self) -> str:
        end, work = sorted(self.to_end), sorted(self.to_work)
        return "\n".join(
            [
                f"{self.restarts} restarts under load: runs {self.runs}, begun a second time {self.again}, "
                f"effects wrong {len(self.wrong_marks)} {self.wrong_marks[:3]}, exit codes {Counter(self.exit_codes)}",
                f"seconds from SIGTERM to the end: p50 {median(end):.2f}, max {end[-1]:.2f}; from there to the first "
                f"job of its successor: p50 {median(work):.2f}, max {work[-1]:.2f}",
                *(f"  said {count} times: {what}" for what, count in self.said),
                "HOLDS" if self.holds else "BROKEN",
            ]
        )


def restart_often(restarts: int, *, seed: int = 1, database_url: str = "", logs: str = "") -> Figures:
    """Restart one keeper after the other under load; return the figures."""
    chance, figures = random.Random(seed), Figures(restarts)
    with (
        Stack(processes=2, own_jobs=True, smtp_delay_ms=None, database_url=database_url) as stack,
        stack.app.app_context(),
        ExitStack() as place,
    ):
        place.callback(lambda: stack.keep_logs(logs) if logs else None)
        stack.start_work()
        gone = [_restart(stack, figures, stack.keepers[number % 2], chance) for number in range(restarts)]
        wait_for(_all_is_over, "the runs", SETTLE_SECONDS)
        _judge(figures, gone)
        figures.said = stack.said().most_common(8)
    return figures


def _restart(stack: Stack, figures: Figures, keeper: str, chance: random.Random) -> datetime:
    """Wait until the keeper is at work, restart it; return when it had ended."""
    known = stack.processes[keeper]
    wait_for(lambda: _at_work(stack, keeper, chance), "a worker at work", 60)
    time.sleep(chance.uniform(0, 0.5))
    figures.to_end.append(stack.restart(keeper))
    figures.exit_codes.append(known.returncode)
    return datetime.now(UTC)


def _hand_over(chance: random.Random) -> None:
    for name in ("proof.effect", "proof.nap"):
        seconds = [round(chance.uniform(0, LONGEST_SECONDS), 3) for _ in range(JOBS_AT_ONCE // 2)]
        enqueue_many(name, [{"seconds": one} for one in seconds])


def _at_work(stack: Stack, keeper: str, chance: random.Random) -> bool:
    """See to it that there is work; say whether a worker of this keeper has begun some."""
    if _open() < JOBS_AT_ONCE // 2:
        _hand_over(chance)
    begun = select(func.count()).select_from(JobRun).join(Worker, Worker.name == JobRun.worker)
    return bool(db.session.scalar(begun.where(Worker.pid.in_(stack.children(keeper)))))


def _all_is_over() -> bool:
    return _open() == 0


def _open() -> int:
    db.session.rollback()
    unfinished = select(func.count()).where(
        JobRun.name.startswith("proof."), JobRun.state.not_in(FINAL_STATES)
    )
    return db.session.scalar(unfinished) or 0


def _judge(figures: Figures, gone: list[datetime]) -> None:
    db.session.rollback()
    ours = JobRun.name.startswith("proof.")
    counted = select(JobRun.state, func.count()).where(ours).group_by(JobRun.state)
    figures.runs = dict(db.session.execute(counted).all())
    figures.again = db.session.scalar(select(func.count()).where(ours, JobRun.attempts > 1)) or 0
    marks = Counter(db.session.scalars(select(EFFECTS.c.run_id)))
    marking = db.session.scalars(select(JobRun.id).where(JobRun.name == "proof.effect"))
    figures.wrong_marks = [run_id for run_id in marking if marks[run_id] != 1]
    figures.to_work = [took for moment in gone if (took := _seconds_to_work(moment)) is not None]


def _seconds_to_work(gone: datetime) -> float | None:
    """Return how long after the end of a keeper a worker that came later began its first run."""
    first = select(func.min(JobRun.started_at)).join(Worker, Worker.name == JobRun.worker)
    began = db.session.scalar(first.where(Worker.started_at > gone))
    return (began - gone).total_seconds() if began else None


def main() -> int:
    """Run the long proof; the exit code says whether the promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="a PostgreSQL URL; SQLite without it")
    parser.add_argument("--logs", default="", metavar="FOLDER", help="where the logs are kept")
    given = parser.parse_args()
    figures = restart_often(given.restarts, seed=given.seed, database_url=given.database, logs=given.logs)
    print(figures)
    return 0 if figures.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
