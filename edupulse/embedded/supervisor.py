"""The supervisor: starts the processes in order, starts again what dies, ends all in reverse order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

from edupulse.embedded.program import Child, Program
from edupulse.errors import Unavailable

ROUND_SECONDS = 0.1  # how soon a death is noticed
SETTLED_SECONDS = 10.0  # who lived longer than this did not die of its start
LONGEST_PAUSE_SECONDS = 30.0  # between two starts of what dies at once each time

Announce = Callable[[str], None]


def pause_before_restart(deaths_in_a_row: int) -> float:
    """Return the seconds to wait: none after the first death, then 1, 2, 4 ... up to the longest pause."""
    return 0.0 if deaths_in_a_row <= 1 else min(LONGEST_PAUSE_SECONDS, 2.0 ** (deaths_in_a_row - 2))


class Supervisor:
    """Keeps a list of programs running. Use it as: `with` it, then `watch()` until `is_told_to_stop`."""

    def __init__(self, programs: Sequence[Program], log_folder: Path, announce: Announce) -> None:
        self._programs = programs
        self._log_folder = log_folder
        self._announce = announce
        self._children: dict[str, Child] = {}
        self._deaths: dict[str, int] = {}
        self._restart_at: dict[str, float] = {}
        self._signals = 0
        self._handlers: dict[int, Any] = {}

    @property
    def is_told_to_stop(self) -> bool:
        return self._signals > 0

    def __enter__(self) -> Supervisor:
        self._handlers = {number: signal.signal(number, self._note_signal) for number in _stop_signals()}
        try:
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._stop_all()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def watch(self) -> None:
        """Look after the children once: note who died, start again whose pause is over."""
        for name, child in list(self._children.items()):
            if not child.is_running():
                self._note_death(name, child)
        for program in self._programs:
            if time.monotonic() >= self._restart_at.get(program.name, float("inf")):
                del self._restart_at[program.name]
                self._start(program)

    def run(self) -> None:
        """Watch until told to stop."""
        while not self.is_told_to_stop:
            self.watch()
            time.sleep(ROUND_SECONDS)

    def _start_all(self) -> None:
        for program in self._programs:
            if self.is_told_to_stop:
                return
            self._start(program)
            if program.others_wait:
                self._wait_until_ready(program)
        for program in self._programs:
            self._wait_until_ready(program)

    def _start(self, program: Program) -> None:
        self._children[program.name] = Child(program, self._log_folder)

    def _wait_until_ready(self, program: Program) -> None:
        child = self._children[program.name]
        while not self.is_told_to_stop and not program.is_ready():
            if not child.is_running():
                raise _did_not_start(child, child.how_it_ended())
            if child.seconds() > program.start_seconds:
                raise _did_not_start(child, f"not ready after {program.start_seconds:.0f} s")
            time.sleep(ROUND_SECONDS / 2)

    def _note_death(self, name: str, child: Child) -> None:
        how = child.how_it_ended()
        child.kill()  # also what it may have left behind
        del self._children[name]
        in_a_row = 1 if child.seconds() > SETTLED_SECONDS else self._deaths.get(name, 0) + 1
        self._deaths[name] = in_a_row
        pause = pause_before_restart(in_a_row)
        self._restart_at[name] = time.monotonic() + pause
        when = "at once" if not pause else f"in {pause:.0f} s"
        self._announce(f"{name} {how} ({child.last_words()}); starting it again {when}. Log: {child.log}")

    def _stop_all(self) -> None:
        for _, group in groupby(reversed(self._programs), key=lambda program: program.kind):
            children = [self._children[program.name] for program in group if program.name in self._children]
            self._stop(children)
        self._children.clear()

    def _stop(self, children: Sequence[Child]) -> None:
        for child in children:
            child.ask_to_end()
        asked = time.monotonic()
        while any(child.is_running() for child in children) and not self._has_lost_patience(children, asked):
            time.sleep(ROUND_SECONDS / 2)
        for child in children:
            if child.is_running():
                self._announce(f"{child.program.name} did not end by itself and was killed")
            child.kill()

    def _has_lost_patience(self, children: Sequence[Child], asked: float) -> bool:
        longest = max(child.program.stop_seconds for child in children)
        return self._signals > 1 or time.monotonic() - asked > longest

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1


def _stop_signals() -> list[signal.Signals]:
    # A terminal that closes ends the stack too, unless it was started with nohup.
    stays = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if stays else [signal.SIGHUP])]


def _did_not_start(child: Child, how: str) -> Unavailable:
    return Unavailable(
        f"{child.program.name} did not start: {how} ({child.last_words()}).",
        cure=f"Its log says more: {child.log}",
    )
