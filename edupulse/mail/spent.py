"""What an account has sent lately as the ledger knows it: for the turnstile, when Redis has forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

from sqlalchemy import Select, func, select

from edupulse.clock import now
from edupulse.mail.models import OPEN_ROWS, Attempt, Delivery
from edupulse.mail.outcome import Phase
from edupulse.transaction import transaction

NEVER_ARRIVED = (Phase.CONNECT.value, Phase.LOGIN.value)  # tries of which the server counts nothing
RECORDED_LATE = timedelta(hours=2)  # by as much a try's row may be younger than rows of later tries
DETAIL = 1.005  # tries whose ages differ by less than this factor count with the youngest
AT_ONCE = 2000  # rows fetched in one go


@dataclass(frozen=True)
class Spent:
    """`gone`: (age in seconds, mails), the oldest first; `held`: (claim, mails) that may be on their way now."""

    gone: list[tuple[float, int]]
    held: list[tuple[str, int]]

    def within(self, seconds: float) -> int:
        """Return how many mails count in the last `seconds`."""
        return sum(count for age, count in self.gone if age <= seconds)


def spent(sender_id: int, *, seconds: float, most: int) -> Spent:
    """Return what went through the account within the last `seconds`; the latest `most` mails are enough."""
    moment, longest = now(), timedelta(seconds=seconds)
    with transaction(durable=False) as session:
        # What is held is read first: a mail that is written down meanwhile counts twice rather than never.
        held = [(row.claim or "", row.mails) for row in session.execute(_held(sender_id))]
        tries = session.scalars(_tries(sender_id).limit(most).execution_options(yield_per=AT_ONCE))
        ages = []
        for at in tries:
            if at < moment - longest - RECORDED_LATE:
                break
            # A try "in the future", after the clock was set back, counts as one of this moment.
            ages.append(max(0.0, (moment - at).total_seconds()))
        tries.close()
    return Spent(list(_gathered(ages)), held)


def holding(claims: Sequence[str]) -> set[str]:
    """Return those of the claims under which somebody still holds mails."""
    held = select(Delivery.claim).distinct()
    held = held.where(OPEN_ROWS, Delivery.state == "sending", Delivery.claim.in_(claims))
    with transaction(durable=False) as session:
        return {claim for claim in session.scalars(held) if claim}


def _held(sender_id: int) -> Select[str | None, int]:
    return (
        select(Delivery.claim, func.count().label("mails"))
        .where(OPEN_ROWS, Delivery.state == "sending", Delivery.sender_id == sender_id)
        .group_by(Delivery.claim)
    )


def _tries(sender_id: int) -> Select[datetime]:
    return (
        select(Attempt.at)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.sender_id == sender_id, Attempt.phase.not_in(NEVER_ARRIVED))
        .order_by(Attempt.id.desc())
    )


def _gathered(ages: Iterable[float]) -> Iterator[tuple[float, int]]:
    """Yield few entries for many tries: exact to half a percent of their age, and never older than they are."""
    groups: dict[int, tuple[float, int]] = {}
    for age in ages:
        place = int(log(age + 0.001) / log(DETAIL))
        youngest, count = groups.get(place, (age, 0))
        groups[place] = (min(youngest, age), count + 1)
    return iter(sorted(groups.values(), reverse=True))
