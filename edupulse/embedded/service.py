"""`start`, `stop`, `restart`: the whole stack in the background, or by systemd where that runs this installation.

    standing(settings) -> Standing          how it stands: state, by, pid, words
    start(settings) -> Outcome              waits until it is ready; Conflict, Unavailable
    stop(settings, *, at_once=False) -> Outcome      waits until nothing is left; Denied, Unavailable
    restart(settings, *, at_once=False) -> Outcome   the same errors as both

Starting what runs and stopping what does not is no error: the outcome says so, with `changed` False.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from edupulse.config import Settings
from edupulse.embedded import systemd
from edupulse.embedded.lock import holder
from edupulse.embedded.ports import require_free
from edupulse.embedded.program import PROJECT, Program, rotate
from edupulse.embedded.stack import programs
from edupulse.errors import Denied, Unavailable

LOG = "stack.log"  # what the supervisor says, beside the logs of what it looks after
START_SECONDS = 90.0  # a large database may take this long to come to the newest schema
ENDING_SECONDS = 15.0  # beyond what the parts have between them
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Standing:
    """How the whole stands: up, starting or down; by the stack of `./run up` or `start`, or by systemd."""

    state: str  # up | starting | down
    by: str  # stack | systemd
    words: str
    pid: int | None = None  # of the stack's supervisor


@dataclass(frozen=True)
class Outcome:
    """What an order came to: whether it changed anything, in a sentence, and how all stands now."""

    changed: bool
    words: str
    standing: Standing


def standing(settings: Settings) -> Standing:
    """Say how the whole stands on the data folder of `settings`."""
    if units := systemd.units():
        return _of_units(units)
    pid = holder(settings.data_dir)
    if pid is None:
        return Standing("down", "stack", f"EduPulse does not run on {settings.data_dir}.")
    if _is_ready(programs(settings)):
        return Standing("up", "stack", f"EduPulse is up at {settings.base_url} (process {pid}).", pid)
    words = f"EduPulse is starting, or a part of it is down (process {pid})."
    return Standing("starting", "stack", words, pid)


def start(settings: Settings) -> Outcome:
    """Start everything in the background and wait until it is ready.

    Raises Conflict when the port is taken, Unavailable with the reason when it does not come up.
    """
    if systemd.in_charge():
        return _ordered("start", settings)
    if pid := holder(settings.data_dir):
        return Outcome(
            False,
            f"EduPulse already runs on {settings.data_dir} (process {pid}).",
            standing(settings),
        )
    require_free(settings.host, settings.port, setting="EDUPULSE_PORT")
    log = settings.data_dir / "log" / LOG
    rotate(log)
    said_before = log.stat().st_size if log.exists() else 0
    _wait_until_ready(_started(log), settings, said_before)
    return Outcome(
        True, f"EduPulse is up at {settings.base_url}. Stop it with: python cli.py stop", standing(settings)
    )


def stop(settings: Settings, *, at_once: bool = False) -> Outcome:
    """End everything in order and wait until it has ended; jobs have their grace, unless `at_once`.

    Raises Denied when it belongs to another user, Unavailable when it does not end in time.
    """
    if systemd.in_charge():
        return _ordered("stop", settings)
    if (pid := holder(settings.data_dir)) is None:
        return Outcome(False, f"EduPulse does not run on {settings.data_dir}.", standing(settings))
    _end(pid, settings, at_once=at_once)
    return Outcome(
        True, "EduPulse has stopped. Nothing is left running; what waits is stored.", standing(settings)
    )


def restart(settings: Settings, *, at_once: bool = False) -> Outcome:
    """End everything and start it again in the background; start it when it was not running."""
    if systemd.in_charge():
        return _ordered("restart", settings)
    stopped = stop(settings, at_once=at_once)
    started = start(settings)
    words = started.words if stopped.changed else f"It was not running. {started.words}"
    return Outcome(True, words, started.standing)


def _ordered(verb: str, settings: Settings) -> Outcome:
    before = standing(settings)
    systemd.order(verb)
    after = standing(settings)
    return Outcome(verb == "restart" or before.state != after.state, after.words, after)


def _of_units(units: list[systemd.Unit]) -> Standing:
    idle = [unit for unit in units if not unit.is_active]
    if not idle:
        return Standing("up", "systemd", f"systemd runs {len(units)} units of EduPulse.")
    named = ", ".join(f"{unit.service} ({_state(unit)})" for unit in idle)
    if len(idle) == len(units):
        return Standing("down", "systemd", f"No unit of EduPulse runs: {named}.")
    return Standing("starting", "systemd", f"Not every unit of EduPulse runs: {named}.")


def _state(unit: systemd.Unit) -> str:
    result = unit.facts.get("Result", "success")
    state = unit.facts.get("ActiveState", "unknown")
    return state if result in ("", "success") else f"{state}: {result}"


def _started(log: Path) -> int:
    """Start `cli.py up` in a session of its own, where no terminal that closes reaches it; return its process."""
    to_log = (os.POSIX_SPAWN_OPEN, 1, os.fspath(log), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    from_nowhere = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    return os.posix_spawn(
        sys.executable,
        [sys.executable, str(PROJECT / "cli.py"), "up"],
        dict(os.environ),
        file_actions=[from_nowhere, to_log, (os.POSIX_SPAWN_DUP2, 1, 2)],
        setsid=True,
    )


def _wait_until_ready(child: int, settings: Settings, said_before: int) -> None:
    log, parts = settings.data_dir / "log" / LOG, programs(settings)
    patience = time.monotonic() + START_SECONDS
    while not (holder(settings.data_dir) == child and _is_ready(parts)):
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            words = f"EduPulse did not start: {_last_words(log, said_before)}"
            raise Unavailable(words, cure=f"Its log says more: {log}")
        if time.monotonic() > patience:
            raise Unavailable(
                f"EduPulse (process {child}) is not ready after {START_SECONDS:.0f} s: {_last_words(log, said_before)}",
                cure=f"It goes on trying. Look again with `python cli.py status`, or at its log: {log}",
            )
        time.sleep(LOOK_SECONDS)


def _is_ready(parts: list[Program]) -> bool:
    return all(part.is_ready() for part in parts)


def _last_words(log: Path, said_before: int) -> str:
    """Return the last line after so many bytes, which are of another start."""
    lines = log.read_bytes()[said_before:].decode(errors="replace").strip().splitlines()
    return lines[-1].strip().removeprefix("Error: ") if lines else "it wrote nothing."


def _end(pid: int, settings: Settings, *, at_once: bool) -> None:
    """Ask it to end, by two different signals when it shall not be patient with its parts; wait for it."""
    seconds = sum(part.stop_seconds for part in programs(settings)) + ENDING_SECONDS
    try:
        process = psutil.Process(pid)
        if holder(settings.data_dir) != pid:  # it has ended by itself, and its number may be another's by now
            return
        for number in (signal.SIGTERM, signal.SIGINT) if at_once else (signal.SIGTERM,):
            process.send_signal(number)
        process.wait(timeout=seconds)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise Denied(
            f"The process {pid} belongs to another user.", cure=f"Run: sudo kill -TERM {pid}"
        ) from error
    except psutil.TimeoutExpired as error:
        raise Unavailable(
            f"EduPulse (process {pid}) has not ended after {seconds:.0f} s.",
            cure="End it at once with: python cli.py stop --at-once",
        ) from error
