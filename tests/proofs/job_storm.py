"""Job storm: thousands of jobs of several kinds go through while everything is killed and restarted at random.

Each job must reach a final state, its effect must be there exactly once, and Redis must hold nothing else.
"""

from __future__ import annotations

import argparse
import logging
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import func, select

from edupulse.control.enqueue import enqueue_many
from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.database import db
from edupulse.errors import Unavailable
from tests.proofs.stack import Stack
from tests.proofs.verdict import SETTLE_SECONDS, Finding, Storm, judge, orphans_of

BATCH = 50  # jobs handed over at once: between two strikes the web goes on accepting
# How often each kind is drawn, and how long it takes at most: long enough to be hit in the middle of its work,
# short enough that nobody is hit three times by chance, which is what quarantines a run.
KINDS = {"proof.effect": 55, "proof.nap": 32, "proof.stumble": 12, "proof.apart": 1}
LONGEST_SECONDS = 0.1
BACKLOG = 0.03  # part of the jobs that may wait when somebody is struck: enough that all are at work
PATIENCE_SECONDS = 5.0  # for them to work it off; then the next is struck nevertheless
SLEEPING = ("proof.nap", "proof.effect")


def blow(storm: Storm) -> Finding:
    """Run one storm against a whole stack and return what was found afterwards."""
    chance = random.Random(storm.seed)
    with (
        Stack(
            workers=storm.keepers,
            processes=storm.processes,
            database_url=storm.database_url,
            smtp_delay_ms=None,
            own_jobs=True,
            brisk=storm.brisk,
        ) as stack,
        stack.app.app_context(),
    ):
        try:
            stack.start_work()
            _strike_at_random(stack, storm, chance)
            return judge(stack, storm, *_wait_until_settled(stack))
        finally:
            if storm.logs:
                stack.keep_logs(storm.logs)


def _strike_at_random(stack: Stack, storm: Storm, chance: random.Random) -> None:
    """Strike at even distances; between two strikes hand over that part of the jobs which is due by then."""
    waiting = chance.choices(list(KINDS), list(KINDS.values()), k=storm.jobs)
    blows = [signal.SIGKILL] * storm.kills + [signal.SIGTERM] * storm.restarts
    chance.shuffle(blows)
    begun = time.monotonic()
    for number, how in enumerate(blows):
        _feed(waiting, storm.jobs * (len(blows) - number - 1) // len(blows), chance)
        time.sleep(max(0.0, begun + storm.seconds * (number + 1) / len(blows) - time.monotonic()))
        _let_them_work(stack, storm)
        if number == len(blows) // 2:
            stack.flush()
        stack.strike_at_random(chance, how)
        stack.revive()


def _let_them_work(stack: Stack, storm: Storm) -> None:
    """Wait a little until most of what was handed over is done: starting takes long on a busy machine."""
    end = time.monotonic() + PATIENCE_SECONDS
    while _open_runs(datetime.now(UTC)) > storm.jobs * BACKLOG and time.monotonic() < end:
        time.sleep(0.1)
        stack.revive()


def _feed(waiting: list[str], left: int, chance: random.Random) -> None:
    """Accept jobs as the web does, whatever is down, until only `left` of them wait."""
    while len(waiting) > left:
        batch = Counter(waiting[max(left, len(waiting) - BATCH) :])
        for name, count in batch.items():
            _accept(name, count, chance)
        del waiting[max(left, len(waiting) - BATCH) :]


def _accept(name: str, count: int, chance: random.Random) -> None:
    if name in SLEEPING:
        arguments = [{"seconds": round(chance.uniform(0, LONGEST_SECONDS), 3)} for _ in range(count)]
    else:
        arguments = [{"note": "storm"} for _ in range(count)]
    while True:
        try:
            enqueue_many(name, arguments, priority=chance.choice((0, 0, 1, -1)), actor="proof")
            return
        except Unavailable:  # the database was locked for long: the caller is told, and tries again
            continue


def _wait_until_settled(stack: Stack) -> tuple[float | None, float | None]:
    """Return how many seconds it took until every run was over, and until Redis held nothing of them."""
    begun, limit, settled = time.monotonic(), datetime.now(UTC), None
    while (waited := round(time.monotonic() - begun, 1)) < SETTLE_SECONDS + 30:
        stack.revive()
        if settled is None and _open_runs(limit) == 0:
            settled = waited
        if settled is not None and not orphans_of(stack):
            return settled, waited
        time.sleep(0.5)
    return settled, None


def _open_runs(before: datetime) -> int:
    db.session.rollback()
    unfinished = select(func.count()).where(JobRun.state.not_in(FINAL_STATES), JobRun.created_at <= before)
    return db.session.scalar(unfinished) or 0


def main() -> int:
    """Run the long proof; the exit code says whether the promise held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", default="", help="a PostgreSQL URL; SQLite without it")
    parser.add_argument("--logs", default="", metavar="FOLDER", help="where the logs are kept")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # that Redis is away is said at each batch
    seed = random.randrange(10**6) if given.seed is None else given.seed
    finding = blow(
        Storm(given.jobs, given.kills, given.restarts, given.seconds, seed, given.database, logs=given.logs)
    )
    print(finding)
    return 0 if finding.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
