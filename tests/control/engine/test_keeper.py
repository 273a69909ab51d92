"""The keeper with real workers: whatever a job does to its worker, it ends as documented, and work goes on."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.transaction import transaction
from tests.control.engine.conftest import Shop


def ended(shop: Shop, name: str) -> tuple[str, str | None]:
    run = shop.ended(shop.enqueue(name))
    return run.state, run.error_class


@pytest.mark.parametrize("name", ["swallow", "sleep_in_c", "compute"])
def test_a_job_that_does_not_react_ends_at_its_limit_and_innocents_get_through(
    open_shop: Shop, name: str
) -> None:
    innocents = [open_shop.enqueue("last", seconds=1.2) for _ in range(2)]

    stuck = ended(open_shop, name)

    assert stuck == ("failed", "TimeLimitExceeded")
    assert [open_shop.ended(run).state for run in innocents] == ["finished", "finished"]
    assert [open_shop.run(run).deaths for run in innocents] == [0, 0]


def test_a_job_that_exits_fails_and_its_worker_goes_on(open_shop: Shop) -> None:
    run = open_shop.ended(open_shop.enqueue("leave"))

    assert (run.state, run.error_class) == ("failed", "SystemExit")
    assert open_shop.worker(run.worker).state == "running"


@pytest.mark.parametrize(
    ("name", "how"), [("vanish", "ended itself with code 3"), ("crash", "signal 11 (SIGSEGV)")]
)
def test_a_job_that_kills_its_worker_three_times_is_put_aside_and_innocents_get_through(
    open_shop: Shop, name: str, how: str
) -> None:
    innocents = [open_shop.enqueue("last", seconds=0.3) for _ in range(4)]

    run = open_shop.ended(open_shop.enqueue(name))

    assert (run.state, run.error_class, run.deaths) == ("failed", "Quarantined", 3)
    assert how in (run.error_message or "")
    assert how in open_shop.log()
    assert {open_shop.ended(innocent).state for innocent in innocents} == {"finished"}


def test_a_child_that_a_job_has_forked_never_works_in_our_name(open_shop: Shop, tmp_path: Path) -> None:
    note = tmp_path / "pid"

    run = open_shop.ended(open_shop.enqueue("multiply", path=str(note)))

    assert run.result == "I am the parent"
    worker = psutil.Process(open_shop.worker(run.worker).pid)
    left = {child.pid for child in worker.children() if child.status() != psutil.STATUS_ZOMBIE}
    assert left == {int(note.read_text())}  # what the job left running is its own affair in a thread
    psutil.Process(int(note.read_text())).kill()


@pytest.mark.parametrize("name", ["swallow_long", "swallow_long_apart"])
def test_a_cancelled_job_that_does_not_react_is_killed(open_shop: Shop, name: str) -> None:
    run = open_shop.enqueue(name)
    open_shop.started(run)

    with transaction() as session:
        row = session.get_one(JobRun, run)
        row.cancel_requested_at, row.cancel_actor = now(), "anna"

    assert open_shop.ended(run).state == "cancelled"


def test_a_killed_worker_is_replaced_and_its_runs_go_again(open_shop: Shop) -> None:
    run = open_shop.enqueue("last", seconds=0.5)
    first = open_shop.started(run).worker

    psutil.Process(open_shop.worker(first).pid).kill()

    done = open_shop.ended(run)
    assert (done.state, done.attempts, done.deaths) == ("finished", 2, 1)
    assert done.worker != first
    assert open_shop.worker(first).state == "dead"


def test_a_job_in_its_own_process_ends_with_its_worker_before_it_is_begun_again(open_shop: Shop) -> None:
    run = open_shop.enqueue("last_apart", seconds=1.0)
    worker = psutil.Process(open_shop.worker(open_shop.started(run).worker).pid)
    keeper = psutil.Process(worker.ppid())
    open_shop.wait(lambda: len(keeper.children()) == 3, "the process of the job")

    worker.kill()

    done = open_shop.ended(run)
    assert (done.state, done.attempts, done.deaths) == ("finished", 2, 0)
    assert len(keeper.children()) == 2
