"""Mailings leave: batch after batch of whichever has waited longest, as fast as the account's limits let through."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import exists, select

from edupulse.clock import now
from edupulse.control.enqueue import enqueue
from edupulse.control.execution import check_stop
from edupulse.mail import claims, line, mailings, shares
from edupulse.mail.abandoned import in_hand, settle_abandoned
from edupulse.mail.gate import Gate
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Delivery
from edupulse.mail.round import Round, open_round
from edupulse.mail.senders import wake_sweep
from edupulse.mail.shares import Share
from edupulse.transaction import transaction

TURN_SECONDS = 10.0  # of one job: a worker that is to end waits no longer for it
MOST_MOVES = 6  # from process to process; then it leaves, until it is called again
PATIENT_SECONDS = 5.0  # a wait for the account's limits up to this long is spent in place
NAP_SECONDS = 0.5  # between two looks whether the job is to stop


def pump(place: int = 0, only: int | None = None, moved: int = 0) -> dict[str, int]:
    """Send of all mailings that may leave, or of `only` one, for one turn; return how many mails reached which state.

    With more to do at its end the next turn is queued. Pumps beyond the first (`place` 0) leave when there is nothing
    for them to do. One that comes to a process where another one needs the whole core is `moved` on to another
    process, a few times. Raises what `deliver` raises.
    """
    settle_abandoned(now())
    with shares.taking_part() as share:
        if share is None and only is None:
            if moved < MOST_MOVES:
                enqueue("mail.pump", place=place, moved=moved + 1)
            return {}
        turn = _Turn(place, only, share or Share())
        go_on = turn.take()
    if go_on and only is None:
        mailings.start_pumps(ending=place, wide=turn.is_slow)
    for mailing_id in mailings.close_settled():
        enqueue("campaigns.settle", mailing_id=mailing_id)
    return dict(turn.counts)


class _Turn:
    """One job's share of the work."""

    def __init__(self, place: int, only: int | None, share: Share) -> None:
        self._place = place
        self._only = only
        self._share = share
        self._ends = time.monotonic() + TURN_SECONDS
        self.counts: Counter[str] = Counter()

    @property
    def is_slow(self) -> bool:
        """Tell whether this pump mostly waited for the server."""
        return not self._share.is_fast

    def take(self) -> bool:
        """Send until the turn is over; say whether there is more to do at once."""
        while time.monotonic() < self._ends:
            check_stop()
            with transaction():
                mailing = _next_mailing(self._only)
                work = open_round() if mailing else None
            if mailing is None or work is None:
                return False
            begun = time.monotonic()
            go_on = self._send_batch(mailing, work)
            self._share.note(work.reached, time.monotonic() - begun)
            self.counts.update(work.counts)
            # One that was held on the way keeps no other one waiting.
            if not go_on and mailings.mailing(mailing.id).may_leave:
                return False
            if self._only is None and self._share.has_just_proved_slow():
                mailings.start_pumps(wide=True)
        return True

    def _send_batch(self, mailing: Turning, work: Round) -> bool:
        token = claims.new_token()
        gate = Gate(work)
        with gate.passage(gate.limits.batch_size, token, bulk=True) as grant:
            if not grant.count:
                return self._wait(grant.wait)
            with in_hand(token) as lines:
                mails = claims.take_of_mailing(
                    mailing.id, token, now(), grant.count, resend_unknown=mailing.resend_unknown
                )
                return not mails or not gate.still_open(token) or line.send(mails, work, lines)

    def _wait(self, seconds: float) -> bool:
        """Wait for the next batch's moment; a pump too many leaves instead, and so does one with a long wait."""
        if self._place or seconds > PATIENT_SECONDS:
            wake_sweep(now() + timedelta(seconds=seconds))
            return False
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            check_stop()
            time.sleep(min(left, NAP_SECONDS))
        return True


class Turning(NamedTuple):
    """The mailing whose turn it is."""

    id: int
    resend_unknown: bool


def _next_mailing(only: int | None) -> Turning | None:
    """Return the mailing with waiting mails that has moved least lately."""
    waiting = exists().where(Delivery.mailing_id == Mailing.id, Delivery.state == "queued")
    query = select(Mailing.id, Mailing.resend_unknown).where(
        Mailing.over_at.is_(None), Mailing.opened_at.is_not(None), Mailing.held_at.is_(None), waiting
    )
    if only is not None:
        query = query.where(Mailing.id == only)
    longest = query.order_by(Mailing.progressed_at.asc().nulls_first(), Mailing.id).limit(1)
    with transaction() as session:
        found = session.execute(longest).first()
    return Turning(*found) if found else None
