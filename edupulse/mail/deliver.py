"""Mails asked for by their numbers leave: reminders, tests, and whatever is tried again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from edupulse.clock import now
from edupulse.control import progress
from edupulse.control.execution import check_stop
from edupulse.mail import claims, line
from edupulse.mail.abandoned import in_hand, settle_abandoned
from edupulse.mail.gate import Gate, words
from edupulse.mail.outbox import BATCH, hand_over
from edupulse.mail.round import Round, open_round
from edupulse.mail.turnstile import Grant

BUDGET_SECONDS = 600.0  # after this a job ends between two batches, far below its hard limit
PATIENT_SECONDS = 3.0  # a wait for the account's limits up to this long is spent in place


def deliver(delivery_ids: Sequence[int]) -> dict[str, int]:
    """Send those of the deliveries that wait, each at most once, and return how many reached which state.

    Called twice, or by two workers at once, with the same ids: each mail is claimed by one of them. While
    the account is paused nothing is claimed. Raises Unavailable, or the database's error, when the database
    or Redis fails: then no further dot goes out.
    """
    settle_abandoned(now(), among=delivery_ids)
    work = open_round()
    if work is None:
        return {"waiting": len(delivery_ids)}
    ends = time.monotonic() + BUDGET_SECONDS
    for start in range(0, len(delivery_ids), BATCH):
        if time.monotonic() > ends:
            hand_over(delivery_ids[start:])
            break
        if not _deliver_batch(delivery_ids[start:], work):
            break
        progress.report(work.counts.total(), len(delivery_ids))
    return dict(work.counts)


def _deliver_batch(delivery_ids: Sequence[int], work: Round) -> bool:
    """Send the first batch of these, in portions as the account's limits make them; False when the rest must wait."""
    gate, rest = Gate(work), list(delivery_ids[:BATCH])
    while rest:
        check_stop()
        token = claims.new_token()
        with gate.passage(len(rest), token, bulk=False) as grant:
            if not grant.count:
                if not _wait_a_little(grant, [*rest, *delivery_ids[BATCH:]], gate):
                    return False
                continue
            with in_hand(token) as lines:
                mails = claims.take(rest, token, now(), grant.count)
                if not gate.still_open(token):
                    continue
                if not line.send(mails, work, lines):
                    return False
        if len(mails) < grant.count:
            return True  # the others do not wait any more
        taken = {mail.id for mail in mails}
        rest = [id for id in rest if id not in taken]
    return True


def _wait_a_little(grant: Grant, rest: Sequence[int], gate: Gate) -> bool:
    if grant.wait <= PATIENT_SECONDS:
        time.sleep(grant.wait)
        return True
    claims.defer(rest, now() + timedelta(seconds=grant.wait), words(grant.binding, gate.limits))
    return False
