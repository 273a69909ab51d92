"""A run in a process of its own: its outcome comes back, and however the process ends, the run ends as documented."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from edupulse.control.engine.wire import from_plain, to_plain
from edupulse.control.run import Failure, Outcome, Run
from tests.control.engine.conftest import Shop


def ended(shop: Shop, name: str, **arguments: object) -> tuple[str, str | None]:
    run = shop.ended(shop.enqueue(name, **arguments))
    return run.state, run.error_class


def test_a_heavy_job_has_a_process_of_its_own_and_its_result_comes_back(open_shop: Shop) -> None:
    run = open_shop.ended(open_shop.enqueue("answer_apart"))

    assert run.state == "finished"
    assert run.result["worker"] == run.worker
    assert run.result["pid"] != open_shop.worker(run.worker).pid


def test_a_broad_except_ends_at_the_limit(open_shop: Shop) -> None:
    assert ended(open_shop, "swallow_apart") == ("failed", "TimeLimitExceeded")


def test_a_job_stuck_in_c_ends_at_the_limit_and_spares_its_worker(open_shop: Shop) -> None:
    run = open_shop.ended(open_shop.enqueue("compute_apart"))

    assert (run.state, run.error_class, run.deaths) == ("failed", "TimeLimitExceeded", 0)
    assert open_shop.worker(run.worker).state == "running"


def test_the_soft_limit_lets_a_job_tidy_up(open_shop: Shop) -> None:
    run = open_shop.ended(open_shop.enqueue("tidy_up_apart"))

    assert (run.state, run.result) == ("finished", "tidied up")


def test_a_job_that_eats_memory_fails_and_says_which_limit_it_was(open_shop: Shop) -> None:
    run = open_shop.ended(open_shop.enqueue("eat"))

    assert (run.state, run.error_class) == ("failed", "MemoryError")
    assert "64 MB of its memory_limit_mb" in (run.error_message or "")


def test_what_a_job_has_forked_ends_with_it(open_shop: Shop, tmp_path: Path) -> None:
    note = tmp_path / "pid"

    run = open_shop.ended(open_shop.enqueue("multiply_apart", path=str(note)))

    assert run.result == "I am the parent"
    open_shop.wait(lambda: not psutil.pid_exists(int(note.read_text())), "the end of the job's child")


def test_a_job_that_ends_its_process_three_times_is_put_aside(open_shop: Shop) -> None:
    run = open_shop.ended(open_shop.enqueue("kill_itself_apart"))

    assert (run.state, run.error_class, run.deaths) == ("failed", "Quarantined", 3)
    assert "killed by signal 9 (SIGKILL)" in (run.error_message or "")


def test_a_death_follows_the_policy_of_the_job(open_shop: Shop) -> None:
    asked = open_shop.enqueue("vanish_apart_or_ask", code=7)

    failed = ended(open_shop, "vanish_apart_or_fail", code=0)

    assert failed == ("failed", "ExitedByItself")
    waiting = open_shop.ended(asked, states=("interrupted",))
    assert "ended itself with code 7 (attempt 1)" in (waiting.error_message or "")


@pytest.mark.parametrize(
    "failure", [None, Failure("Invalid", "no", "trace", temporary=True, retry_after=3.0)]
)
def test_an_outcome_survives_the_way_between_processes(open_shop: Shop, failure: Failure | None) -> None:
    run = Run("r", "bad.answer", "default", {}, 1)
    outcome = Outcome(run, "failed" if failure else "finished", {"n": [1]}, failure, written=True)

    told = to_plain(outcome)

    assert from_plain(run, told) == outcome
