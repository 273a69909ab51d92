"""Kill storm: reminders fall due while processes are killed, and everybody gets exactly one mail.

A delivery that was killed between the final dot and the recorded answer cannot be known: it stands as
`unknown`, at most one per slot of a killed worker, and is never sent again by itself.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.reminders.events import AttendeeDraft, EventDraft, create_event
from tests.proofs.stack import Stack

SETTLE_SECONDS = 90  # the promise: every run is final this long after the last kill
LEAD_MINUTES = 15
PEOPLE_PER_EVENT = 10
SLOTS = 4  # of a worker, in each of which a mail may be under way


@dataclass(frozen=True)
class Storm:
    """How hard it blows."""

    reminders: int
    kills: int
    seconds: float
    seed: int
    database_url: str = ""


@dataclass(frozen=True)
class Finding:
    """What was left when it was over."""

    storm: Storm
    kills: dict[str, int]
    copies: int
    doubled: list[str]
    missing: list[str]
    deliveries: dict[str, int]
    runs: dict[str, int]
    settled_after: float | None

    @property
    def holds(self) -> bool:
        unknown = self.deliveries.get("unknown", 0)
        complete = sum(self.deliveries.values()) == self.storm.reminders
        in_time = self.settled_after is not None and self.settled_after <= SETTLE_SECONDS
        return (
            complete
            and in_time
            and not self.doubled
            and not self.missing
            and unknown <= SLOTS * (self.kills.get("SIGKILL worker", 0) + self.kills.get("SIGKILL keeper", 0))
        )

    def __str__(self) -> str:
        lines = [
            f"reminders {self.storm.reminders}, seed {self.storm.seed}, struck {self.kills}",
            f"copies accepted {self.copies}, doubled {len(self.doubled)}, missing {len(self.missing)}",
            f"deliveries {self.deliveries}",
            f"runs {self.runs}",
            f"everything final {self.settled_after} s after the last kill (promise: {SETTLE_SECONDS} s)",
            "HOLDS" if self.holds else f"BROKEN: doubled {self.doubled[:5]} missing {self.missing[:5]}",
        ]
        return "\n".join(lines)


def blow(storm: Storm) -> Finding:
    """Run one storm against a whole stack and return what was found afterwards."""
    chance = random.Random(storm.seed)
    with Stack(database_url=storm.database_url, smtp_delay_ms=5) as stack, stack.app.app_context():
        people = plan_reminders(storm)
        stack.start_work()
        _kill_at_random(stack, storm, chance)
        settled_after = _wait_until_settled(stack, storm.reminders)
        return _finding(stack, storm, people, settled_after)


def plan_reminders(storm: Storm) -> list[str]:
    """Make events whose reminders fall due one after the other during the storm; return the addresses."""
    people = [f"person{number}@school.example" for number in range(storm.reminders)]
    first_due = datetime.now(UTC) + timedelta(seconds=5)
    for start in range(0, storm.reminders, PEOPLE_PER_EVENT):
        due = first_due + timedelta(seconds=storm.seconds * start / storm.reminders)
        make_event(due, people[start : start + PEOPLE_PER_EVENT])
    return people


def make_event(due: datetime, people: list[str]) -> None:
    """Make one event whose reminder to `people` falls due at the instant `due`."""
    starts = (due + timedelta(minutes=LEAD_MINUTES)).replace(tzinfo=None)
    draft = EventDraft(
        title="Rehearsal",
        starts=starts,
        ends=starts + timedelta(hours=1),
        timezone="UTC",
        leads=[LEAD_MINUTES],
        attendees=[AttendeeDraft(email=address) for address in people],
    )
    create_event(draft, actor="proof", owner_id=None)


def _kill_at_random(stack: Stack, storm: Storm, chance: random.Random) -> None:
    begun = time.monotonic()
    moments = sorted(chance.uniform(4, 5 + storm.seconds) for _ in range(storm.kills))
    flush_before = storm.kills // 2
    for number, moment in enumerate(moments):
        time.sleep(max(0.0, begun + moment - time.monotonic()))
        if number == flush_before:
            stack.flush()
        stack.strike_at_random(chance)
        stack.revive()


def _wait_until_settled(stack: Stack, expected: int) -> float | None:
    begun, limit = time.monotonic(), datetime.now(UTC)
    while time.monotonic() - begun < SETTLE_SECONDS + 30:
        stack.revive()
        if _open_runs(limit) == 0 and _open_deliveries() == 0 and _accepted() >= expected:
            return round(time.monotonic() - begun, 1)
        time.sleep(0.5)
    return None


def _open_runs(before: datetime) -> int:
    db.session.rollback()
    unfinished = select(func.count()).where(JobRun.state.not_in(FINAL_STATES), JobRun.created_at <= before)
    return db.session.scalar(unfinished) or 0


def _open_deliveries() -> int:
    on_the_way = select(func.count()).where(Delivery.state.in_(("queued", "sending", "deferred")))
    return db.session.scalar(on_the_way) or 0


def _accepted() -> int:
    return db.session.scalar(select(func.count()).select_from(Delivery)) or 0


def _finding(stack: Stack, storm: Storm, people: list[str], settled_after: float | None) -> Finding:
    db.session.rollback()
    copies = stack.copies()
    states = dict(db.session.execute(select(Delivery.address, Delivery.state)).all())
    return Finding(
        storm=storm,
        kills=dict(stack.strikes),
        copies=copies.total(),
        doubled=[person for person in people if copies[person] > 1],
        missing=[person for person in people if copies[person] == 0 and states.get(person) != "unknown"],
        deliveries=dict(Counter(states.values())),
        runs=dict(db.session.execute(select(JobRun.state, func.count()).group_by(JobRun.state)).all()),
        settled_after=settled_after,
    )


def main() -> int:
    """Run the long proof; the exit code says whether the promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reminders", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", default="", help="a PostgreSQL URL; SQLite without it")
    given = parser.parse_args()
    seed = random.randrange(10**6) if given.seed is None else given.seed
    finding = blow(Storm(given.reminders, given.kills, given.seconds, seed, given.database))
    print(finding)
    return 0 if finding.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
