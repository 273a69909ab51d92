"""The jobs of the proofs, and the processes that know them: `python -m tests.proofs.entry worker`."""

from __future__ import annotations

import argparse
import sys
import time

from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from edupulse import create_app
from edupulse.config import current_settings
from edupulse.control import scheduler, worker
from edupulse.control.catalog import JobSpec
from edupulse.control.execution import current_run, finishing
from edupulse.errors import Unavailable
from edupulse.logs import configure_logging
from jobs.catalog import CATALOG
from jobs.recorded import recorded

NAP_SECONDS = 0.003
SOON = 1.0  # seconds until a job that stumbled is tried again

# Not among EduPulse's own tables: the schema of the product does not know its proofs.
tables = MetaData()
EFFECTS = Table(
    "proof_effect",
    tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(100), index=True),
    Column("attempt", Integer),
)


@recorded
def effect(seconds: float = 0) -> None:
    """Leave a mark in the database, in one commit with the end of the run."""
    time.sleep(seconds)
    _leave_a_mark()


@recorded
def nap(seconds: float = NAP_SECONDS) -> dict[str, float]:
    """Take a moment, and leave nothing but a result."""
    time.sleep(seconds)
    return {"slept": seconds}


@recorded
def stumble(note: str = "") -> None:
    """Fail at first, and leave a mark at the second attempt."""
    run = current_run()
    if run is not None and run.attempts == 1:
        raise Unavailable("It stumbled.", cure="Nothing: it is tried again.", retry_after=SOON)
    _leave_a_mark()


@recorded
def apart(note: str = "") -> None:
    """Leave a mark from a process of its own."""
    _leave_a_mark()


@recorded
def long(seconds: float) -> dict[str, float]:
    """Take its time, then leave a mark."""
    time.sleep(seconds)
    _leave_a_mark()
    return {"slept": seconds}


@recorded
def fall(note: str = "") -> None:
    """Fail, with a traceback as long as they come."""
    raise RuntimeError(f"It always fails. {note}")


def _leave_a_mark() -> None:
    run = current_run()
    with finishing({"marked": True}) as session:
        if run is not None:
            session.execute(insert(EFFECTS).values(run_id=run.id, attempt=run.attempts))


# A storm may strike a run more often than three times without anybody being to blame.
OFTEN = 20
JOBS = (
    JobSpec("proof.effect", effect, "email", "Leave a mark.", retries=OFTEN),
    JobSpec("proof.nap", nap, "poll", "Take a moment.", retries=OFTEN),
    JobSpec("proof.stumble", stumble, "default", "Fail once.", retries=OFTEN),
    JobSpec("proof.apart", apart, "default", "Leave a mark from elsewhere.", retries=OFTEN, isolation="fork"),
    JobSpec("proof.long", long, "reports", "Take its time.", retries=OFTEN),
    JobSpec("proof.fall", fall, "default", "Fail.", retries=0),
)
MARKING = ("proof.effect", "proof.stumble", "proof.apart", "proof.long")


def main() -> int:
    """Run one process until it is told to stop; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("worker", "scheduler"))
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    app = create_app(catalog=(*CATALOG, *JOBS), serving=False)
    with app.app_context():
        configure_logging(current_settings())
    if given.kind == "scheduler":
        return scheduler.run(app)
    return worker.run(app, processes=given.processes)


if __name__ == "__main__":
    sys.exit(main())
