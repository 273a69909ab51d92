"""What a storm has left in the ledger, in the database and in Redis, and whether the promise held."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from redis.exceptions import RedisError
from sqlalchemy import func, select

from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.database import db
from tests.proofs.entry import EFFECTS, MARKING
from tests.proofs.leftovers import orphans
from tests.proofs.stack import Stack

SETTLE_SECONDS = 90  # the promise: every run is final this long after the last strike


@dataclass(frozen=True)
class Storm:
    """How hard it blows."""

    jobs: int
    kills: int
    restarts: int
    seconds: float
    seed: int
    database_url: str = ""
    keepers: int = 2
    processes: int = 2
    brisk: bool = False
    logs: str = ""


@dataclass
class Finding:
    """What was left when it was over."""

    storm: Storm
    struck: dict[str, int]
    ended_alone: list[str]
    runs: dict[str, dict[str, int]]
    failures: list[str]
    deaths: dict[int, int]
    missing: list[str]
    doubled: list[str]
    orphans: list[str]
    settled_after: float | None
    clean_after: float | None
    said: list[tuple[str, int]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        ended = sum(sum(states.get(state, 0) for state in FINAL_STATES) for states in self.runs.values())
        in_time = all(
            after is not None and after <= SETTLE_SECONDS for after in (self.settled_after, self.clean_after)
        )
        wrong = self.failures or self.missing or self.doubled or self.orphans or self.ended_alone
        return ended == self.storm.jobs and in_time and not wrong

    def __str__(self) -> str:
        lines = [
            f"jobs {self.storm.jobs}, seed {self.storm.seed}, keepers {self.storm.keepers} "
            f"with {self.storm.processes} workers each, struck {self.struck}",
            f"ended by themselves: {self.ended_alone or 'none'}",
            *(f"{name}: {states}" for name, states in sorted(self.runs.items())),
            f"runs by number of workers that died under them: {self.deaths}",
            f"failed {len(self.failures)} {self.failures[:5]}",
            f"effects missing {len(self.missing)} {self.missing[:5]}, doubled {len(self.doubled)} {self.doubled[:5]}",
            f"orphans in Redis {len(self.orphans)} {self.orphans[:5]}",
            f"every run final {self.settled_after} s after the last strike, Redis clean after {self.clean_after} s "
            f"(promise: {SETTLE_SECONDS} s)",
            *(f"  said {count} times: {what}" for what, count in self.said),
            "HOLDS" if self.holds else "BROKEN",
        ]
        return "\n".join(lines)


def judge(stack: Stack, storm: Storm, settled: float | None, clean: float | None) -> Finding:
    """Compare what should be there with what is."""
    db.session.rollback()
    ours = JobRun.name.startswith("proof.")
    finished = set(
        db.session.scalars(select(JobRun.id).where(JobRun.name.in_(MARKING), JobRun.state == "finished"))
    )
    marks = Counter(db.session.scalars(select(EFFECTS.c.run_id)))
    failed = select(JobRun.id, JobRun.error_class, JobRun.error_message).where(ours, JobRun.state == "failed")
    deaths = select(JobRun.deaths, func.count()).where(ours).group_by(JobRun.deaths)
    return Finding(
        storm=storm,
        struck=dict(sorted(stack.strikes.items())),
        ended_alone=stack.ended_alone,
        runs=_by_name(),
        failures=[" ".join(map(str, row)) for row in db.session.execute(failed)],
        deaths=dict(db.session.execute(deaths).all()),
        missing=sorted(finished - marks.keys()),
        doubled=sorted(run_id for run_id, count in marks.items() if count > 1 or run_id not in finished),
        orphans=orphans_of(stack),
        settled_after=settled,
        clean_after=clean,
        said=stack.said().most_common(12),
    )


def _by_name() -> dict[str, dict[str, int]]:
    counted = select(JobRun.name, JobRun.state, func.count()).group_by(JobRun.name, JobRun.state)
    runs: dict[str, dict[str, int]] = {}
    for name, state, count in db.session.execute(counted.where(JobRun.name.startswith("proof."))):
        runs.setdefault(name, {})[state] = count
    return runs


def orphans_of(stack: Stack) -> list[str]:
    """Return what Redis holds beside the open runs, or why it cannot be asked."""
    connection = stack.redis()
    try:
        return orphans(connection)
    except RedisError as error:  # it is still reading its file
        return [type(error).__name__]
    finally:
        connection.close()
