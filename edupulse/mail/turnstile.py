"""Where every mail of an account passes one at a time: no window of its provider ever holds more than it may.

A worker asks before it sends, and tells when mails have gone. What it was granted counts from the answer on and, once
it has gone, from that moment until it leaves the window; so whenever between the two the server counts it, the limit
holds. The state is in Redis, for all workers and mailings of an account; the ledger can tell it again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from edupulse.control.connection import CURE, redis_or_unavailable
from edupulse.errors import Unavailable
from edupulse.mail.evidence import boot_id
from edupulse.mail.limits import Limits, Window
from edupulse.mail.scripts import run_script
from edupulse.mail.spent import Spent, holding, spent

SLOW_SECONDS = 0.1  # an answer that took longer says too little about when it was given
REBUILDS = 3  # Redis that forgets again while the ledger is read is not to be had


@dataclass(frozen=True)
class Grant:
    """`count` mails may go now. If none, ask again after `wait` seconds; `binding` is what allowed no more:
    batch_delay, per_second, per_minute, per_day, urgent (mail that is not bulk goes first), or nothing."""

    count: int
    wait: float
    binding: str


@dataclass(frozen=True)
class Passage:
    """How full one window is, and in how many seconds the first of its mails leaves it."""

    window: Window
    used: int
    frees_in: float


@dataclass(frozen=True)
class TurnstileState:
    """What pages show: the windows, what is on its way, when the next batch may start (seconds), what binds."""

    passages: tuple[Passage, ...]
    in_air: int
    next_batch_in: float

    @property
    def binding(self) -> str:
        """Return what keeps the next mail of a campaign waiting now, or nothing."""
        full = [each for each in self.passages if each.used + self.in_air >= each.window.limit]
        if full:
            return max(full, key=lambda each: each.frees_in).window.name
        return "batch_delay" if self.next_batch_in > 0 else ""


class Clock(Protocol):
    """What tells the turnstile how time passes on this machine; `wall` replaces Redis's clock where it is given."""

    boot: str

    def ticks(self) -> float: ...

    def wall(self) -> float | None: ...


class MachineClock:
    """This machine's clock that nobody sets; it goes on while the machine sleeps, where the system can tell."""

    def __init__(self) -> None:
        self.boot = boot_id()
        self._source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def ticks(self) -> float:
        """Return the seconds since the machine started."""
        return time.clock_gettime(self._source)

    def wall(self) -> float | None:
        """Leave the time of day to Redis."""
        return None


@cache
def _machine() -> MachineClock:
    return MachineClock()


class Turnstile:
    """The turnstile of one account. Needs an application context; every call raises Unavailable without Redis.

    `holder` is the token of the claim whose mails are asked for: by it the ledger tells what may be on its way when
    Redis has forgotten, and which holders are gone. Claim at once what was granted.
    """

    def __init__(self, sender_id: int, limits: Limits, *, clock: Clock | None = None) -> None:
        self._sender_id = sender_id
        self._limits = limits
        self._windows = limits.windows
        self._clock = clock or _machine()
        self._key = f"edupulse:turnstile:{sender_id}"

    def ask(self, wanted: int, holder: str, *, bulk: bool) -> Grant:
        """Return how many of `wanted` mails may go now; they count until they are spent or given back.

        A bulk grant is one batch: at most `batch_size` mails, `batch_delay` after the last one of all workers.
        """
        if wanted <= 0:
            return Grant(0, 0.0, "")
        batch = {"batch_size": self._limits.batch_size, "batch_delay": self._limits.batch_delay}
        count, wait, binding, *silent = self._sure("ask", holder=holder, wanted=wanted, bulk=bulk, **batch)
        if silent:
            self._settle_gone([each.decode() for each in silent])
        return Grant(int(count), float(wait), self._name(binding.decode()))

    def holds(self, holder: str) -> bool:
        """Say whether the holder's grant is still known: Redis may have lost it since."""
        if not self._windows:
            return True
        with redis_or_unavailable() as redis:
            return bool(redis.hexists(f"{self._key}:air", holder))

    def spend(self, holder: str, count: int = 1) -> None:
        """Note that `count` of the holder's mails have reached the server by now."""
        if self._windows and count > 0:
            self._call("spend", holder=holder, count=count)

    def finish(self, holder: str, gone: int) -> None:
        """Note that `gone` more of the holder's mails have reached the server by now, and that the rest will not."""
        if self._windows:
            self._call("finish", holder=holder, count=gone)

    def give_back(self, holder: str) -> None:
        """Note that the rest of what the holder was granted has not gone and will not."""
        self.finish(holder, 0)

    def settle(self, holder: str) -> None:
        """Count the rest of a dead holder's grant as gone by now, because nobody can say."""
        if self._windows:
            self._call("settle", holders=[holder])

    def state(self) -> TurnstileState:
        """Return how full the windows are."""
        in_air, next_batch_in, *rest = map(float, self._sure("state"))
        used, frees_in = rest[: len(self._windows)], rest[len(self._windows) :]
        passages = (Passage(w, int(u), f) for w, u, f in zip(self._windows, used, frees_in, strict=True))
        return TurnstileState(tuple(passages), int(in_air), next_batch_in)

    def _sure(self, op: str, **about: Any) -> Sequence[bytes]:
        """Make a call that needs to know what went before; bring it from the ledger where Redis does not."""
        for _ in range(REBUILDS):
            if (answer := self._call(op, **about)) != b"rebuild":
                return answer  # type: ignore[no-any-return]
            found = self._spent()
            self._call("rebuild", spent=found.gone, held=found.held)
        raise Unavailable("Redis forgets what it is told.", cure=CURE)

    def _settle_gone(self, holders: list[str]) -> None:
        """Settle those whose claims the ledger has no more: their workers died, or never learned of their grant."""
        at_work = holding(holders)
        if gone := [holder for holder in holders if holder not in at_work]:
            self._call("settle", holders=gone)

    def _spent(self) -> Spent:
        longest = max(window.seconds for window in self._windows)
        return spent(self._sender_id, seconds=longest, most=max(window.limit for window in self._windows))

    def _call(self, op: str, **about: Any) -> Any:
        order = {"op": op, "boot": self._clock.boot, "ticks": self._clock.ticks(), **about}
        order["windows"] = [(window.seconds, window.limit) for window in self._windows]
        if (wall := self._clock.wall()) is not None:
            order["wall"] = wall
        with redis_or_unavailable() as redis:
            answer = run_script(redis, "turnstile", self._key, order)
            if self._clock.ticks() - order["ticks"] > SLOW_SECONDS:
                redis.hdel(self._key, f"boot:{self._clock.boot}")  # learned anew from a quicker answer
        return answer

    def _name(self, binding: str) -> str:
        return self._windows[int(binding) - 1].name if binding.isdigit() else binding
