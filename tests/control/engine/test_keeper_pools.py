"""What somebody wants of the workers is brought about by the keeper within seconds, and costs no job."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.control import pools
from tests.control.engine.conftest import Shop

BY = "ada@school.example"


def test_workers_come_go_and_are_replaced_as_somebody_wants(shop: Shop) -> None:
    shop.open_pools(EDUPULSE_WORKERS="1")

    pools.add("night", ["default"], 2, actor=BY)
    shop.wait(lambda: names(shop, "night") and len(names(shop, "night")) == 2, "two workers of the new pool")
    before = names(shop, "night")
    pools.restart("night", actor=BY)
    shop.wait(lambda: len(names(shop, "night") - before) == 2, "their successors")
    shop.wait(lambda: not names(shop, "night") & before, "the end of the old ones")
    pools.change("night", processes=1, actor=BY)
    shop.wait(lambda: len(names(shop, "night")) == 1, "one worker less")
    words = pools.pool("night", now()).words
    pools.remove("night", actor=BY)
    shop.wait(lambda: not names(shop, "night"), "the end of the pool")

    assert words == "1 of 1 at work."
    assert len(names(shop, pools.MAIN)) == 1


def test_a_stopped_pool_gives_its_job_back_and_goes_on_with_it_when_it_is_started(shop: Shop) -> None:
    shop.open_pools(EDUPULSE_WORKERS="1", WORKER_GRACE="1")
    run_id = shop.enqueue("last", seconds=4)
    first = shop.started(run_id).worker

    pools.stop(pools.MAIN, actor=BY)
    shop.wait(lambda: not names(shop, pools.MAIN), "the end of the worker")
    waiting = shop.run(run_id)
    stopped = pools.pool(pools.MAIN, now())
    pools.start(pools.MAIN, actor=BY)

    assert (waiting.state, waiting.max_attempts - waiting.attempts) == ("queued", 4)
    assert (stopped.state, stopped.is_looked_after, stopped.words) == ("stopped", True, "Stopped.")
    run = shop.ended(run_id)
    assert run.state == "finished"
    assert run.worker != first


def test_a_keeper_of_one_pool_leaves_the_others_alone(shop: Shop) -> None:
    pools.add("night", ["default"], 1, actor=BY)

    shop.start_pools("night", EDUPULSE_WORKERS="3")

    shop.wait(lambda: len(names(shop, "night")) == 1, "its worker")
    assert not names(shop, pools.MAIN)


def test_a_keeper_of_a_pool_that_never_was_says_so(shop: Shop) -> None:
    process = shop.start_pools("nihgt")

    assert process.wait(30) != 0
    assert "no pool of workers 'nihgt'" in shop.log()


def names(shop: Shop, pool: str) -> set[str]:
    return {each.name for each in shop.at_work() if each.pool == pool and each.kind == "worker"}
