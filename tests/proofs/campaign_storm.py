"""Campaign storm: a mailing to thousands goes out while workers, keepers, scheduler and Redis are killed at random.

Nobody gets it twice, nobody is left out, and of whom nobody can know - killed between the final dot and the answer -
there is at most one for each connection that was killed, each named.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select

from edupulse.campaigns import audience, drafts, lifecycle
from edupulse.campaigns.models import Campaign
from edupulse.control.enqueue import enqueue
from edupulse.database import db
from edupulse.mail.models import Delivery
from tests.proofs.mail_stack import Kill, MailStack

PROMISE_SECONDS = (
    180  # after the last strike: a dead worker is noticed, the net passes each minute, the rest is sent
)
STANDSTILL_SECONDS = (
    60  # the longest without a mail, whoever was killed: a dead worker is noticed within half of it
)
PATIENCE_SECONDS = 10.0  # for mails to go out between two strikes; then the next one falls nevertheless
AT_LAUNCH = 0.1  # part of the strikes that fall while the audience is being frozen
BATCH_SECONDS = 0.1
FINISHED = ("finished", "finished_with_failures")
SETTINGS = {
    "BASE_URL": "https://school.example",
    "EMAIL_CONNECTIONS": "0",  # the killed ones keep their places for a while: that must not stop the storm
    "BULK_EMAIL_BATCH_DELAY": str(BATCH_SECONDS),
}


@dataclass(frozen=True)
class Storm:
    """How hard it blows."""

    recipients: int
    kills: int
    seed: int
    workers: int = 3
    database_url: str = ""
    brisk: bool = False
    logs: str = ""


@dataclass(frozen=True)
class Finding:
    """What was left when it was over."""

    storm: Storm
    struck: dict[str, int]
    kills: list[Kill]
    copies: int
    doubled: list[str]
    missing: list[str]
    untrue: list[str]
    states: dict[str, int]
    unknown: list[tuple[str, int]]  # address, and the worker that had it
    campaign: str
    standstill: float  # seconds, the longest between two copies
    finished_after: float | None
    ended_alone: list[str]

    @property
    def connections(self) -> Counter[int]:
        """Return how many connections were killed of each worker, its jobs in processes of their own included."""
        found = Counter[int]()
        for dead in (dead for kill in self.kills for dead in kill.dead):
            found[dead.worker] += dead.connections
        return found

    @property
    def unexplained(self) -> list[str]:
        """Return those in doubt beyond one for each killed connection."""
        left = self.connections
        return [address for address, pid in self.unknown if (left.subtract([pid]) or left[pid]) < 0]

    @property
    def holds(self) -> bool:
        complete = sum(self.states.values()) == self.storm.recipients
        in_time = self.finished_after is not None and self.finished_after <= PROMISE_SECONDS
        moved = self.standstill <= STANDSTILL_SECONDS
        wrong = self.doubled or self.missing or self.untrue or self.unexplained or self.ended_alone
        return complete and in_time and moved and self.campaign in FINISHED and not wrong

    def __str__(self) -> str:
        dead = self.connections
        lines = [
            f"recipients {self.storm.recipients}, seed {self.storm.seed}, workers {self.storm.workers}, "
            f"struck {self.struck}",
            f"copies accepted {self.copies}, doubled {len(self.doubled)} {self.doubled[:5]}, "
            f"missing {len(self.missing)} {self.missing[:5]}",
            f"states {self.states}, their sum {sum(self.states.values())}",
            f"the ledger says otherwise than the sink: {len(self.untrue)} {self.untrue[:5]}",
            f"in doubt {len(self.unknown)}, connections killed {dead.total()}, beyond that {self.unexplained}",
            *(
                f"  {address}: worker {pid}, killed with {dead[pid]} connections"
                for address, pid in self.unknown
            ),
            f"ended by themselves: {self.ended_alone or 'none'}",
            f"longest standstill {self.standstill} s (promise: {STANDSTILL_SECONDS} s)",
            f"campaign {self.campaign} {self.finished_after} s after the last strike (promise: {PROMISE_SECONDS} s)",
            "HOLDS" if self.holds else "BROKEN",
        ]
        return "\n".join(lines)


def blow(storm: Storm) -> Finding:
    """Run one storm against a whole stack and return what was found afterwards."""
    chance = random.Random(storm.seed)
    options = {"workers": storm.workers, "database_url": storm.database_url, "brisk": storm.brisk}
    with MailStack(SETTINGS, **options) as stack, stack.app.app_context():  # type: ignore[arg-type]
        try:
            campaign_id = plan_campaign(storm.recipients)
            stack.start_work()
            lifecycle.start(campaign_id, actor="proof")
            _strike_at_random(stack, storm, chance)
            finished_after = _wait_until_finished(stack, campaign_id, brisk=storm.brisk)
            return _finding(stack, storm, campaign_id, finished_after)
        finally:
            if storm.logs:
                stack.keep_logs(storm.logs)


def plan_campaign(recipients: int) -> int:
    """Enter a campaign to that many people; return its id."""
    draft = drafts.CampaignDraft(
        name="The new term",
        subject="{{ first_name }}, the term begins",
        text="Dear {{ name }},\n\nthe term begins on Monday.\n",
        html="<p>Dear {{ name }},</p><p>the term begins on Monday.</p>",
    )
    campaign_id = drafts.create(draft, actor="proof").id
    rows = [f"person{number}@school.example,Person {number},P{number}" for number in range(recipients)]
    table = audience.read_table("\n".join(("email,name,first name", *rows)).encode(), "people.csv")
    audience.take_in(campaign_id, table, actor="proof")
    return campaign_id


def _strike_at_random(stack: MailStack, storm: Storm, chance: random.Random) -> None:
    """Strike when so many mails have gone as chance has it, so that the storm is over when the mailing is."""
    at_launch = round(storm.kills * AT_LAUNCH)
    marks = [0] * at_launch + sorted(chance.sample(range(storm.recipients), storm.kills - at_launch))
    for number, mark in enumerate(marks):
        _wait_for_copies(stack, mark)
        time.sleep(chance.uniform(0, 0.2))
        if number == storm.kills // 2:
            stack.flush()
        stack.kill_at_random(chance)
        stack.revive()


def _wait_for_copies(stack: MailStack, count: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while stack.copies_so_far() < count and time.monotonic() < end:
        time.sleep(0.02)
        stack.revive()


def _wait_until_finished(stack: MailStack, campaign_id: int, *, brisk: bool) -> float | None:
    begun = time.monotonic()
    while (waited := round(time.monotonic() - begun, 1)) < PROMISE_SECONDS + 60:
        stack.revive()
        if brisk:
            _pass_the_net()
        if _state(campaign_id) in FINISHED:
            return waited
        time.sleep(0.2)
    return None


def _pass_the_net() -> None:
    """Ask for what is otherwise done each minute, so that a short cut is short."""
    for job in ("mail.sweep", "campaigns.sweep"):
        enqueue(job, unique_key=f"proof:{job}")


def _state(campaign_id: int) -> str:
    try:
        db.session.rollback()
        campaign = db.session.get_one(Campaign, campaign_id, populate_existing=True)
        return campaign.state
    finally:
        db.session.rollback()


def _finding(stack: MailStack, storm: Storm, campaign_id: int, finished_after: float | None) -> Finding:
    rows = db.session.execute(
        select(Delivery.address, Delivery.message_id, Delivery.state, Delivery.claimed_by)
    ).all()
    states = {row.address: row.state for row in rows}
    copies, by_id = stack.copies(), stack.copies_by_id()
    strangers = by_id.keys() - {row.message_id for row in rows}
    return Finding(
        storm=storm,
        struck=dict(sorted(stack.strikes.items())),
        kills=stack.kills,
        copies=copies.total(),
        doubled=sorted({*_more_than_once(copies), *_more_than_once(by_id), *strangers}),
        missing=[
            address
            for address in _everybody(storm)
            if not copies[address] and states.get(address) != "unknown"
        ],
        untrue=[
            f"{address} {state}" for address, state in states.items() if not _agrees(state, copies[address])
        ],
        states=dict(Counter(row.state for row in rows)),
        unknown=[
            (row.address, _worker_of(row.claimed_by, stack.kills)) for row in rows if row.state == "unknown"
        ],
        campaign=_state(campaign_id),
        standstill=_longest_pause(stack.arrivals().values()),
        finished_after=finished_after,
        ended_alone=stack.ended_alone,
    )


def _longest_pause(arrivals: Iterable[float]) -> float:
    return round(max((after - before for before, after in pairwise(sorted(arrivals))), default=0.0), 1)


def _worker_of(name: str, kills: list[Kill]) -> int:
    """Return the number of the worker that acts under a name such as host-token-number."""
    number = int(re.findall(r"\d+", name)[-1])
    return next((dead.worker for kill in kills for dead in kill.dead if dead.pid == number), number)


def _everybody(storm: Storm) -> list[str]:
    return [f"person{number}@school.example" for number in range(storm.recipients)]


def _more_than_once(copies: Counter[str]) -> list[str]:
    return [name for name, count in copies.items() if count > 1]


def _agrees(state: str, copies: int) -> bool:
    """Say whether a state of the ledger is true: `unknown` promises nothing."""
    return state == "unknown" or copies == (state == "sent")


def main() -> int:
    """Run the long proof; the exit code says whether the promise held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipients", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", default="", help="a PostgreSQL URL; SQLite without it")
    parser.add_argument("--logs", default="", metavar="FOLDER", help="where the logs are kept")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # that Redis is away is no news here
    seed = random.randrange(10**6) if given.seed is None else given.seed
    finding = blow(Storm(given.recipients, given.kills, seed, database_url=given.database, logs=given.logs))
    print(finding)
    return 0 if finding.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
