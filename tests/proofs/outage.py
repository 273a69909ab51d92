"""Outages: Redis goes away in several ways, and the database in one, while work is accepted and jobs run.

Whatever was accepted must be worked on, what ended meanwhile keeps its result, and every process must recover
by itself.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun, Worker
from edupulse.database import db
from tests.proofs.entry import EFFECTS
from tests.proofs.postgres import OwnPostgres
from tests.proofs.sentinels import Watched
from tests.proofs.stack import Stack, wait_for
from tests.proofs.ways import WAYS, Poke, outage
from tests.proofs.web_operator import Operator

RECOVER_SECONDS = 30  # the promise: after this all processes work again
CATCH_UP_SECONDS = (
    60  # what was accepted meanwhile is done: it counts as lost after 15 s, looked for each 15 s
)
SEE_OTHER = 303  # how the web answers an order that it has accepted
ACCEPT_EVERY = 0.5  # seconds between two jobs that are accepted, and two orders by way of the web
FAILOVER_SECONDS = 3.0  # Sentinels need about two to agree; how long a failover takes is theirs


@dataclass
class Finding:
    """What was seen in one outage; seconds where the name says nothing else."""

    way: str
    away: float
    accepted: int = 0
    refused: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    slowest_answer: float = 0.0
    recovered_after: float | None = None
    caught_up_after: float | None = None
    ended_alone: list[str] = field(default_factory=list)
    run_again: list[str] = field(default_factory=list)
    not_finished: list[str] = field(default_factory=list)
    wrong_marks: list[str] = field(default_factory=list)
    mails: int = 0
    wrong_mails: list[str] = field(default_factory=list)
    leaked: bool = False
    said: list[tuple[str, int]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        in_time = self.recovered_after is not None and self.recovered_after <= RECOVER_SECONDS
        caught_up = self.caught_up_after is not None
        wrong = (
            self.run_again or self.not_finished or self.wrong_marks or self.wrong_mails or self.ended_alone
        )
        accepting = self.way == "database" or (not self.refused and set(self.answers) == {SEE_OTHER})
        return in_time and caught_up and accepting and not wrong and not self.leaked

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.way}: away {self.away:.1f} s; accepted {self.accepted}, refused {self.refused}, "
                f"web {dict(self.answers)}, slowest {self.slowest_answer:.1f} s",
                f"  all processes work again after {self.recovered_after} s (promise {RECOVER_SECONDS} s), all that "
                f"was accepted is done after {self.caught_up_after} s; ended by themselves {self.ended_alone}",
                f"  ended during the outage and run again {len(self.run_again)} {self.run_again[:3]}, not finished "
                f"{len(self.not_finished)} {self.not_finished[:3]}, effects wrong {self.wrong_marks[:3]}, "
                f"mails {self.mails}, wrong {self.wrong_mails[:3]}; password in the logs: {self.leaked}",
                *(f"    said {count} times: {what}" for what, count in self.said),
                "  HOLDS" if self.holds else "  BROKEN",
            ]
        )


def endure(way: str, seconds: float, *, logs: str = "", brisk: bool = False) -> Finding:
    """Go through one outage of about `seconds` and return what was seen."""
    with ExitStack() as place:
        watched = place.enter_context(Watched()) if way == "failover" else None
        postgres = place.enter_context(OwnPostgres()) if way == "database" else None
        stack = place.enter_context(
            Stack(
                own_jobs=True,
                redis_url=watched.url if watched else "",
                database_url=postgres.url if postgres else "",
                brisk=brisk,
            )
        )
        place.enter_context(stack.app.app_context())
        place.callback(lambda: stack.keep_logs(logs) if logs else None)
        away = outage(way, stack, watched, postgres)
        return _live_through(way, stack, away, FAILOVER_SECONDS if watched else seconds)


def _live_through(way: str, stack: Stack, away: AbstractContextManager[Poke], seconds: float) -> Finding:
    finding = Finding(way, seconds)
    web = Operator(stack, orders=0 if way == "database" else int(seconds / ACCEPT_EVERY) + 2)
    stack.start_work()
    workers = _workers_at_work(stack)
    longer = _begin_longer_jobs(way, seconds)
    accepted: list[str] = []
    begun = time.monotonic()
    with away as poke:
        while time.monotonic() - begun < seconds:
            poke()
            _accept(finding, accepted)
            web.order()
            time.sleep(ACCEPT_EVERY)
    finding.away = time.monotonic() - begun
    finding.recovered_after = _recover(workers, datetime.now(UTC))
    finding.caught_up_after = _catch_up(stack, [*accepted, *longer], web)
    _judge(finding, stack, accepted, longer, web)
    return finding


def _workers_at_work(stack: Stack) -> set[str]:
    """Wait until every keeper has a worker that has done something; return their names."""
    wait_for(
        lambda: len(_busy_since(datetime.min.replace(tzinfo=UTC))) >= len(stack.keepers), "the workers", 60
    )
    return _busy_since(datetime.min.replace(tzinfo=UTC))


def _busy_since(moment: datetime) -> set[str]:
    """Return the workers that have finished a run that was begun after `moment`; give them something to do."""
    try:
        for _ in range(8):
            enqueue("proof.nap", seconds=0.05, actor="canary")
        db.session.rollback()
        done = select(JobRun.worker).where(JobRun.state == "finished", JobRun.started_at > moment)
        return {
            worker for worker in db.session.scalars(done.where(JobRun.actor == "canary").distinct()) if worker
        }
    except OperationalError:
        db.session.rollback()
        return set()


def _begin_longer_jobs(way: str, seconds: float) -> list[str]:
    """Start jobs that end in the middle of the outage; one keeps a result, the other leaves a mark as well."""
    names = ("proof.nap",) if way == "database" else ("proof.nap", "proof.long")
    runs = [enqueue(name, seconds=seconds / 2, actor="longer").id for name in names]
    wait_for(lambda: _states(runs) == {"started": len(runs)}, "the longer jobs to begin")
    return runs


def _accept(finding: Finding, accepted: list[str]) -> None:
    try:
        accepted.append(enqueue("proof.effect", actor="outage").id)
    except OperationalError:
        db.session.rollback()
        finding.refused += 1
    finding.accepted = len(accepted)


def _recover(workers: set[str], since: datetime) -> float | None:
    """Return how many seconds it took until each worker had worked and the scheduler had made a round."""
    try:
        took = wait_for(
            lambda: workers <= _busy_since(since) and _ticked_since(since), "recovery", 2 * RECOVER_SECONDS
        )
    except AssertionError:
        return None
    return round(took, 1)


def _ticked_since(moment: datetime) -> bool:
    db.session.rollback()
    ticks = db.session.scalars(select(Worker.last_tick_at).where(Worker.kind == "scheduler"))
    return any(tick is not None and tick > moment for tick in ticks)


def _catch_up(stack: Stack, runs: list[str], web: Operator) -> float | None:
    try:
        done = {"finished": len(runs)}
        took = wait_for(
            lambda: _states(runs) == done and web.arrived(), "what was accepted", CATCH_UP_SECONDS
        )
    except AssertionError:
        return None
    return round(took, 1)


def _states(runs: list[str]) -> Counter[str]:
    db.session.rollback()
    return Counter(db.session.scalars(select(JobRun.state).where(JobRun.id.in_(runs))))


def _judge(finding: Finding, stack: Stack, accepted: list[str], longer: list[str], web: Operator) -> None:
    db.session.rollback()
    found = {
        run.id: run for run in db.session.scalars(select(JobRun).where(JobRun.id.in_([*accepted, *longer])))
    }
    marks = Counter(db.session.scalars(select(EFFECTS.c.run_id)))
    copies = stack.copies()
    finding.run_again = [run for run in longer if found[run].attempts != 1 or not found[run].result]
    finding.not_finished = [run for run in accepted if found[run].state != "finished"]
    finding.wrong_marks = [run for run in accepted if marks[run] != 1]
    finding.answers, finding.slowest_answer, finding.mails = web.answers, web.slowest, len(web.asked)
    finding.wrong_mails = [address for address in web.asked if copies[address] != 1]
    finding.ended_alone = [f"{name} ({code})" for name, code in _ended(stack)]
    finding.leaked = any(secret in stack.logs() for secret in stack.settings().secrets())
    finding.said = stack.said().most_common(8)


def _ended(stack: Stack) -> Iterator[tuple[str, int]]:
    for name, process in stack.processes.items():
        if (code := process.poll()) is not None:
            yield name, code


def main() -> int:
    """Go through all outages, or the named one; the exit code says whether the promise held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--way", choices=WAYS, default=None)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--logs", default="", metavar="FOLDER", help="where the logs are kept")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # that Redis is away is said at each order
    broken = 0
    for way in [given.way] if given.way else WAYS:
        finding = endure(way, given.seconds, logs=given.logs and f"{given.logs}/{way}")
        print(finding, flush=True)
        broken += not finding.holds
    return min(broken, 1)


if __name__ == "__main__":
    raise SystemExit(main())
