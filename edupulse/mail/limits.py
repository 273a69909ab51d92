"""How fast an account may send: the published limit, shared by all workers, and the pace learned on the way.

Only limits per minute are kept ahead of time: they hold for every account of a provider. Allowances per day
and rates per second differ from plan to plan, so there the server's own answers decide (pace, quota).
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.mail.models import OPEN_ROWS, Attempt, Delivery, Sender
from edupulse.mail.providers import Provider
from edupulse.transaction import transaction

MINUTE = timedelta(minutes=1)
FIRST_GAP = 0.1  # seconds between two mails after the first "too fast"
LONGEST_GAP = 10.0  # seconds; above this the account is held and the worker does something else
EASE = (
    0.98  # each accepted mail shortens the gap: about two refusals in a hundred while looking for the limit
)


def allowance(session: Session, sender_id: int, provider: Provider, moment: datetime, wanted: int) -> int:
    """Return how many of `wanted` mails may be claimed: no 60 seconds hold more than the provider allows.

    What other workers hold counts too; the sender's row is locked until the running transaction ends.
    """
    if provider.per_minute is None:
        return wanted
    session.execute(select(Sender.id).where(Sender.id == sender_id).with_for_update())
    latest = session.scalars(select(Attempt.at).order_by(Attempt.id.desc()).limit(provider.per_minute))
    # The upper bound: after a clock was set back, tries "in the future" must not freeze everything.
    tried = sum(moment - MINUTE < at < moment + MINUTE for at in latest)
    in_hand = select(func.count()).select_from(Delivery).where(OPEN_ROWS, Delivery.state == "sending")
    return max(0, min(wanted, provider.per_minute - tried - (session.scalar(in_hand) or 0)))


def reserve_turns(sender_id: int, provider: Provider, moment: datetime, count: int) -> list[datetime]:
    """Return instants at which `count` mails have their turn, behind all turns that are reserved already."""
    step = MINUTE / (provider.per_minute or 60)
    with transaction() as session:
        sender = session.get_one(Sender, sender_id, with_for_update=True)
        first = max(moment + step, sender.pace_at or moment)
        turns = [first + step * place for place in range(count)]
        sender.pace_at = turns[-1] + step
    return turns


class Pace:
    """The gap that one process keeps between two mails: learned from "too fast", eased by success."""

    def __init__(self) -> None:
        self.gap = 0.0
        self._last = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until the gap since the last mail has passed."""
        with self._lock:
            turn = max(time.monotonic(), self._last + self.gap)
            self._last = turn
        if (left := turn - time.monotonic()) > 0:
            time.sleep(left)

    def slow_down(self) -> bool:
        """Double the gap; say whether it is still short enough to go on with."""
        self.gap = max(FIRST_GAP, self.gap * 2)
        return self.gap <= LONGEST_GAP

    def ease(self) -> None:
        """Shorten the gap a little."""
        self.gap = self.gap * EASE if self.gap > FIRST_GAP / 10 else 0.0


_paces: dict[str, Pace] = {}


def pace_of(server: str) -> Pace:
    """Return the pace that this process keeps with `server`."""
    return _paces.setdefault(server, Pace())
