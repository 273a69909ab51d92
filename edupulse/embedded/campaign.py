"""The demo's campaign: entered, followed, and in the end the ledger compared with the capture box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from edupulse.campaigns import audience, drafts, lifecycle
from edupulse.campaigns.models import Campaign
from edupulse.database import db
from edupulse.embedded import sample_campaign
from edupulse.embedded.mailbox import captured, copies
from edupulse.embedded.sample_campaign import MISHAPS, PEOPLE
from edupulse.mail import mailings
from edupulse.mail.models import OPEN_STATES, Attempt, Delivery

OVER = ("finished", "finished_with_failures", "cancelled")


@dataclass(frozen=True)
class Sending:
    """How far the campaign is."""

    state: str
    counts: dict[str, int]  # by state, zeros included

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        return sum(self.counts[state] for state in OPEN_STATES)

    @property
    def is_over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True)
class Mishap:
    """One recipient at whom the demo lets the mail server go wrong, and what it ought to lead to."""

    address: str
    what: str
    wanted: tuple[str, int, int]  # state, tries, copies in the box
    found: tuple[str, int, int]
    reason: str = ""

    @property
    def is_right(self) -> bool:
        return self.found == self.wanted


@dataclass(frozen=True)
class CampaignVerdict:
    """Who got it, who did not, and who might have."""

    sending: Sending
    mishaps: list[Mishap]
    sent: int  # of all the others
    arrived: int  # of all the others: exactly once
    missing: list[str]  # addresses
    twice: list[str]  # addresses
    strangers: int  # mails in the box that the ledger does not know

    @property
    def adds_up(self) -> bool:
        return self.sending.total == PEOPLE

    @property
    def is_good(self) -> bool:
        others = PEOPLE - len(self.mishaps)
        clean = not (self.missing or self.twice or self.strangers) and self.sent == self.arrived == others
        as_wanted = all(mishap.is_right for mishap in self.mishaps)
        return self.adds_up and clean and as_wanted and self.sending.state == "finished_with_failures"


def enter(actor: str) -> int:
    """Enter the campaign and its audience as a person would, and start it; return its id."""
    campaign_id = drafts.create(sample_campaign.draft(), actor=actor).id
    audience.take_in(campaign_id, audience.read_table(sample_campaign.table(), "people.csv"), actor=actor)
    lifecycle.start(campaign_id, actor=actor)
    return campaign_id


def sending(campaign_id: int) -> Sending:
    """Return how far it is now."""
    campaign = db.session.get_one(Campaign, campaign_id, populate_existing=True)
    found = Sending(campaign.state, mailings.counts(campaign.mailing_id))
    db.session.rollback()  # the next look must see what the workers have written since
    return found


def deliveries(campaign_id: int) -> Sequence[Delivery]:
    """Return its mails in the order of their numbers."""
    mailing_id = db.session.get_one(Campaign, campaign_id).mailing_id
    return db.session.scalars(
        select(Delivery).where(Delivery.mailing_id == mailing_id).order_by(Delivery.id)
    ).all()


def judge(campaign_id: int, mailbox: Path) -> CampaignVerdict:
    """Compare what the ledger says with what arrived."""
    rows = deliveries(campaign_id)
    unlucky = {row.address: row for row in rows if row.address in _WANTED}
    others = [(row, copies(mailbox, row.message_id)) for row in rows if row.address not in _WANTED]
    return CampaignVerdict(
        sending=sending(campaign_id),
        mishaps=[_mishap(unlucky[address], mailbox) for address in _WANTED if address in unlucky],
        sent=Counter(row.state for row, _ in others)["sent"],
        arrived=sum(count == 1 for _, count in others),
        missing=[row.address for row, count in others if not count],
        twice=[row.address for row, count in others if count > 1],
        strangers=_strangers(mailbox),
    )


_WANTED = {
    MISHAPS.nobody: ("refused for good", ("rejected", 1, 0)),
    MISHAPS.busy: ("refused for now, taken later", ("sent", 2, 1)),
    MISHAPS.lost: ("taken, but the connection died before the answer", ("unknown", 1, 1)),
}


def _mishap(row: Delivery, mailbox: Path) -> Mishap:
    what, wanted = _WANTED[row.address]
    tries = db.session.scalar(select(func.count()).where(Attempt.delivery_id == row.id)) or 0
    found = (row.state, tries, copies(mailbox, row.message_id))
    return Mishap(row.address, what, wanted, found, row.reason or "")


def _strangers(mailbox: Path) -> int:
    known = set(db.session.scalars(select(Delivery.message_id)))
    return sum(mail.message_id not in known for mail in captured(mailbox))
