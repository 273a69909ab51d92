"""A day at the turnstile in simulated time: workers that send, dawdle, tell late and die, each step one event."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from itertools import count

from edupulse.database import db
from edupulse.mail.limits import Limits
from edupulse.mail.models import Attempt, Delivery, Sender
from edupulse.mail.turnstile import Turnstile

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
HOUR = 3600.0
Steps = Generator[float, None, None]  # each step says after how many seconds the next one comes


class SimulatedClock:
    """Time that passes when the simulation says so; `step` is what somebody has set Redis's clock by."""

    def __init__(self, boot: str = "machine-1") -> None:
        self.boot = boot
        self.passed = 0.0
        self.step = 0.0

    def ticks(self) -> float:
        return 500.0 + self.passed

    def wall(self) -> float:
        return START.timestamp() + self.passed + self.step

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)


class Day:
    """Several workers send bulk mail without end through one account."""

    def __init__(self, limits: Limits, *, workers: int = 3, deaths: float = 0.002, seed: int = 7) -> None:
        self.clock = SimulatedClock()
        self.sent: list[float] = []  # when each mail reached the server
        self.batches: list[float] = []  # when each batch was granted
        self.charged = 0  # mails that count as sent because nobody could say
        self._gate = Turnstile(1, limits, clock=self.clock)
        self._deaths = deaths
        self._random = random.Random(seed)
        self._numbers, self._claims = count(), count()
        self._events: list[tuple[float, int, Steps]] = []
        self._in_hand: dict[str, int] = {}  # claim -> mails, as the ledger has them in state sending
        self._recorded: list[float] = []  # when each answer came of which the ledger knows
        for _ in range(workers):
            self._later(self._between(0, 1), self._work())

    def at(self, hours: float, act: Callable[[], object]) -> None:
        """Let something happen after so many hours."""
        self._later(hours * HOUR, _once(act))

    def run(self, hours: float, *, most: int | None = None) -> None:
        """Let the time pass, or `most` mails be sent."""
        while self._events and self._events[0][0] <= hours * HOUR:
            if most is not None and len(self.sent) >= most:
                return
            at, _, steps = heapq.heappop(self._events)
            self.clock.passed = at
            for wait in steps:
                self._later(wait, steps)
                break

    def write_ledger(self) -> None:
        """Write down what the ledger would say now."""
        now = self.clock.now()
        db.session.add(Sender(id=1, name="default"))
        db.session.flush()
        rows = [_row(number, "sent", None, now) for number in range(len(self._recorded))]
        for claim, mails in self._in_hand.items():
            rows += [_row(len(rows) + place, "sending", claim, now) for place in range(mails)]
        db.session.add_all(rows)
        db.session.flush()
        tries = [
            (row.id, START + timedelta(seconds=at)) for row, at in zip(rows, self._recorded, strict=False)
        ]
        db.session.add_all(
            Attempt(delivery_id=id, at=at, ms=9, server="s", phase="accepted", verdict="sent")
            for id, at in tries
        )
        db.session.commit()

    def _work(self) -> Steps:
        while True:
            claim = f"claim-{next(self._claims)}"
            self._in_hand[claim] = 20
            while not (grant := self._gate.ask(20, claim, bulk=True)).count:
                yield grant.wait + self._between(0, 0.05)
            self.batches.append(self.clock.passed)
            yield from self._send(claim, grant.count)

    def _send(self, claim: str, granted: int) -> Steps:
        tells_each = self._random.random() < 0.5
        answered: list[float] = []
        if self._random.random() < 0.05:  # cancelled before it began
            self._gate.give_back(claim)
            return self._record(claim, [])
        for number in range(1, granted + 1):
            yield self._between(0.01, 0.15)
            self.sent.append(self.clock.passed)
            if self._random.random() < self._deaths:
                told = len(answered) if tells_each else 0
                self._later(self._between(5, 60), self._sweep(claim, granted, number, told))
                yield self._between(1, 5)  # another worker takes the place
                return
            yield self._between(0.01, 0.15)
            answered.append(self.clock.passed)
            if tells_each:
                self._gate.spend(claim)
        yield self._between(0, 60 if self._random.random() < 0.02 else 0.5)
        self._record(claim, answered)
        if not tells_each:
            self._gate.spend(claim, granted)

    def _sweep(self, claim: str, granted: int, sent: int, told: int) -> Steps:
        """Settle what a dead worker held, in one of the two ways: by what is known, or in the lump."""
        self._record(claim, [self.clock.passed] * sent)
        if self._random.random() < 0.5:
            self._gate.settle(claim)
            self.charged += granted - sent
        else:
            self._gate.spend(claim, sent - told)
            self._gate.give_back(claim)
        yield from ()

    def _record(self, claim: str, answered: list[float]) -> None:
        self._recorded += answered
        del self._in_hand[claim]

    def _between(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def _later(self, seconds: float, steps: Steps) -> None:
        heapq.heappush(self._events, (self.clock.passed + seconds, next(self._numbers), steps))


def most_within(seconds: float, instants: list[float]) -> int:
    """Return the largest number of instants that any stretch of `seconds` holds, both ends counted."""
    ordered, first, most = sorted(instants), 0, 0
    for place, at in enumerate(ordered):
        while at - ordered[first] > seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


def _once(act: Callable[[], object]) -> Steps:
    act()
    yield from ()


def _row(number: int, state: str, claim: str | None, now: datetime) -> Delivery:
    return Delivery(
        key=f"k{number}", kind="newsletter", subject_id="1", sender_id=1, address=f"p{number}@example.org",
        subject="News", message_id=f"<{number}@school.example>", state=state, claim=claim, accepted_at=now, due_at=now,
        next_attempt_at=now,
    )  # fmt: skip
