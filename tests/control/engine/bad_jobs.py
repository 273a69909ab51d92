"""Jobs that misbehave, and a real keeper with real workers for them, run by tests as a process."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from edupulse import create_app
from edupulse.config import load_settings
from edupulse.control import worker
from edupulse.control.catalog import JobSpec
from edupulse.control.engine import forked, keeper, loop, overseer, places
from edupulse.control.execution import check_stop
from edupulse.control.interruptions import SoftTimeLimitExceeded
from edupulse.control.workers import current_worker_name
from edupulse.logs import configure_logging


def answer() -> str:
    return current_worker_name()


def answer_apart() -> dict[str, int | str]:
    """Say under which name and in which process."""
    return {"worker": current_worker_name(), "pid": os.getpid()}


def last(seconds: float) -> str:
    """A healthy job that takes its time and looks whether it shall stop."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        check_stop()
        time.sleep(0.02)
    return "rested"


def swallow() -> None:
    while True:
        try:  # noqa: SIM105
            time.sleep(0.01)
        except BaseException:  # noqa: BLE001, S110 - the point
            pass


def tidy_up() -> str:
    try:
        last(60)
    except SoftTimeLimitExceeded:
        return "tidied up"
    return "never told"


def compute() -> int:
    return 3 ** (10**8) % 7  # minutes inside one operation, which lets no other thread run


def sleep_in_c() -> None:
    time.sleep(60)


def leave() -> None:
    sys.exit(3)


def vanish(code: int = 3) -> None:
    os._exit(code)


def crash() -> None:
    ctypes.string_at(0)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def eat() -> int:
    eaten = []
    while True:
        eaten.append(bytearray(8 * 1024 * 1024))


def multiply(path: str) -> str:
    """Fork a child that comes back into the engine, and one that stays; return when both are there."""
    for stays in (False, True):
        if os.fork() == 0:
            if stays:
                with open(path, "w") as note:
                    note.write(str(os.getpid()))
                time.sleep(60)
            return "I am the child"
    while not os.path.exists(path):
        time.sleep(0.01)
    return "I am the parent"


def _spec(function: Callable[..., Any], **options: Any) -> JobSpec:
    name = f"bad.{options.pop('name', function.__name__)}"
    return JobSpec(name, function, "default", "A job of a test.", **{"hard_limit_seconds": 30, **options})


CATALOG = (
    _spec(answer),
    _spec(answer_apart, isolation="fork"),
    _spec(last),
    _spec(last, name="last_apart", isolation="fork"),
    _spec(last, name="last_or_ask", isolation="fork", on_interrupt="ask"),
    _spec(swallow, hard_limit_seconds=1),
    _spec(swallow, name="swallow_apart", hard_limit_seconds=1, isolation="fork"),
    _spec(swallow, name="swallow_long"),
    _spec(swallow, name="swallow_long_apart", isolation="fork"),
    _spec(tidy_up, name="tidy_up_apart", soft_limit_seconds=1, isolation="fork"),
    _spec(compute, hard_limit_seconds=1),
    _spec(compute, name="compute_apart", hard_limit_seconds=1, isolation="fork"),
    _spec(sleep_in_c, hard_limit_seconds=1),
    _spec(leave, retries=0),
    _spec(vanish),
    _spec(vanish, name="vanish_apart_or_ask", isolation="fork", on_interrupt="ask"),
    _spec(vanish, name="vanish_apart_or_fail", isolation="fork", on_interrupt="fail"),
    _spec(crash),
    _spec(kill_itself, name="kill_itself_apart", isolation="fork"),
    _spec(eat, isolation="fork", memory_limit_mb=64, retries=0),
    _spec(multiply),
    _spec(multiply, name="multiply_apart", isolation="fork"),
)


def main(what: str) -> int:
    """Keep so many workers, or those of the named pool, or those of "all" pools."""
    # Shorter than in reality, and in the same order.
    forked.INSIST_SECONDS, forked.KEEPER_GRACE_SECONDS, loop.KEEPER_GRACE_SECONDS = 0.3, 0.6, 0.9
    overseer.POLITE_SECONDS, overseer.KILL_SECONDS, keeper.BEAT_SECONDS = 0.3, 1.5, 0.5
    overseer.LOOK_SECONDS, overseer.ASK_SECONDS, keeper.LOOK_SECONDS = 0.1, 0.3, 0.1
    keeper.ROSTER_SECONDS = 0.1
    places.SETTLED_SECONDS = 0.0  # tests end workers more often than anything does in reality
    settings = load_settings()
    configure_logging(settings)
    app = create_app(settings, catalog=CATALOG, serving=False)
    if what.isdecimal():
        return worker.run(app, ["default"], processes=int(what))
    return worker.run_pools(app, None if what == "all" else what)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
