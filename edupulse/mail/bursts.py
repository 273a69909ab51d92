"""One refusal is a person's, many of one kind have one cause: then sending stops before it does harm, and says why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from edupulse.mail import mailings, senders
from edupulse.mail.claims import Claimed
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import Attempt, Delivery
from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.senders import said
from edupulse.transaction import transaction

IN_A_ROW = 5  # as many refusals of the text have one cause, and the next mails would share it
LATEST = 20  # tries among which dead addresses are counted
DEAD_ADDRESSES = 10  # among those: a list so old that a provider takes us for a spammer
UNKNOWN_IN_A_ROW = 3  # a server that takes mails and never answers
SYSTEM = "system"


@dataclass(frozen=True)
class Burst:
    """Why sending should stop."""

    cause: str
    reason: str
    cure: str


def hold_after(mail: Claimed, outcome: Outcome) -> bool:
    """Hold the mail's mailing, or without one the account, if what was just refused is one of many; say whether."""
    burst = find(outcome, _latest(mail.mailing_id), is_mailing=mail.mailing_id is not None)
    if burst is None:
        return False
    if mail.mailing_id is not None:
        return mailings.hold(
            mail.mailing_id, cause=burst.cause, reason=burst.reason, cure=burst.cure, actor=SYSTEM
        )
    if outcome.verdict is not Verdict.CONTENT:
        return False  # reminders are written one by one: each is its own business
    senders.pause(cause=burst.cause, reason=burst.reason, cure=burst.cure)
    return True


def hold_if_none_can_be_composed(mail: Claimed, reason: str) -> bool:
    """Hold the mailing when nothing of it was sent and several mails could not even be composed; say whether."""
    if mail.mailing_id is None:
        return False
    counts = mailings.counts(mail.mailing_id)
    if counts["rejected"] < IN_A_ROW or counts["sent"]:
        return False
    cure = "Correct the personal fields in a copy of the campaign; resume only if the others can be composed."
    return mailings.hold(mail.mailing_id, cause="compose", reason=reason, cure=cure, actor=SYSTEM)


def find(outcome: Outcome, latest: list[Row[Any]], *, is_mailing: bool) -> Burst | None:
    """Decide from the latest tries, newest first, whether they have one cause; a mailing is one text for all."""
    if outcome.cause == "too_large" and is_mailing:
        cure = "Make the attachments smaller or send a link to them, then resume."
        return Burst("too_large", f"The mail is larger than the server takes. {said(outcome)}", cure)
    verdicts = [row.verdict for row in latest]
    if outcome.verdict is Verdict.CONTENT and _all(verdicts[:IN_A_ROW], IN_A_ROW, Verdict.CONTENT):
        cure = "Read the answer, change the text, then resume sending and send the refused mails again."
        return Burst(
            "content", f"{IN_A_ROW} mails in a row were refused for what they say. {said(outcome)}", cure
        )
    if outcome.verdict is Verdict.UNKNOWN and _all(
        verdicts[:UNKNOWN_IN_A_ROW], UNKNOWN_IN_A_ROW, Verdict.UNKNOWN
    ):
        cure = "Ask one of the people whether the mail arrived and look at the server, then resume."
        return Burst("no_answer", f"{UNKNOWN_IN_A_ROW} mails in a row got no answer. {said(outcome)}", cure)
    if outcome.verdict is Verdict.RECIPIENT_PERMANENT:
        return _dead_list(outcome, Counter(verdicts))
    return None


def _dead_list(outcome: Outcome, verdicts: Counter[str]) -> Burst | None:
    dead = verdicts[Verdict.RECIPIENT_PERMANENT]
    if dead < DEAD_ADDRESSES:
        return None
    reason = f"{dead} of the last {verdicts.total()} addresses do not exist: the list is old or wrong. {said(outcome)}"
    cure = (
        "Check where the addresses come from. Going on would harm the account; resume only if you are sure."
    )
    return Burst("mailbox_unknown", reason, cure)


def _all(verdicts: list[str], count: int, wanted: Verdict) -> bool:
    return len(verdicts) == count and set(verdicts) == {wanted.value}


def _latest(mailing_id: int | None) -> list[Row[Any]]:
    query = select(Attempt.verdict).order_by(Attempt.id.desc()).limit(LATEST)
    if mailing_id is not None:
        # What was refused before a person let it go on counts no more.
        of_it = (Delivery.id == Attempt.delivery_id, Mailing.id == Delivery.mailing_id)
        query = query.where(*of_it, Mailing.id == mailing_id, Attempt.at > Mailing.opened_at)
    else:
        query = query.where(Delivery.id == Attempt.delivery_id, Delivery.mailing_id.is_(None))
    with transaction() as session:
        return list(session.execute(query))
