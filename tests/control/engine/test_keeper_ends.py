"""The end of a worker or of its keeper: expected or not, its runs are settled and nothing is left running."""

from __future__ import annotations

import psutil

from edupulse.transaction import transaction
from tests.control.engine.conftest import Shop


def test_a_keeper_that_is_told_to_stop_lets_jobs_end(shop: Shop) -> None:
    keeper = shop.open(workers=2)
    runs = [shop.enqueue("last", seconds=1.0), shop.enqueue("last_apart", seconds=1.0)]
    for run in runs:
        shop.started(run)

    keeper.terminate()
    keeper.terminate()

    assert keeper.wait(timeout=20) == 0
    assert [shop.run(run).state for run in runs] == ["finished", "finished"]
    assert shop.at_work() == []


def test_what_does_not_end_within_its_grace_is_given_back(shop: Shop) -> None:
    keeper = shop.open(WORKER_GRACE="0.2")
    runs = [shop.enqueue("last", seconds=20), shop.enqueue("last_or_ask", seconds=20)]
    for run in runs:
        shop.started(run)

    keeper.terminate()

    assert keeper.wait(timeout=20) == 0
    assert [shop.run(run).state for run in runs] == ["queued", "interrupted"]


def test_a_killed_keeper_takes_its_workers_and_their_jobs_along(shop: Shop) -> None:
    keeper = shop.open(workers=2)
    shop.started(shop.enqueue("last_apart", seconds=20))
    shop.wait(lambda: len(psutil.Process(keeper.pid).children()) == 3, "the process of the job")
    family = psutil.Process(keeper.pid).children()

    keeper.kill()

    gone, alive = psutil.wait_procs(family, timeout=10)
    assert (len(gone), alive) == (3, [])


def test_a_worker_is_renewed_without_a_failed_job(shop: Shop) -> None:
    shop.open(WORKER_MAX_JOBS="1", WORKER_GRACE="0")
    shop.ended(shop.enqueue("answer"))
    long = shop.enqueue("last", seconds=3.0)
    first = shop.started(long).worker

    # Which of the two took the long job depends on when the first was renewed: in the end another one answers.
    shop.wait(lambda: shop.ended(shop.enqueue("answer")).worker != first, "the renewal")
    assert "worker let go" in shop.log()
    done = shop.ended(long)
    assert (done.state, done.attempts, done.worker) == ("finished", 1, first)
    shop.wait(lambda: shop.worker(first).state == "stopped", "the end of the old worker")


def test_a_keeper_without_its_tables_ends_with_a_reason(shop: Shop) -> None:
    with transaction() as session:
        session.connection().exec_driver_sql("DROP TABLE worker")

    keeper = shop.start()

    assert keeper.wait(timeout=20) == 1
    assert "no such table: worker" in shop.log()
