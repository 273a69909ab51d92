"""What tests of audiences share: a draft without a text, files of people, a look at who is in it."""

from __future__ import annotations

from sqlalchemy import select

from edupulse.campaigns import audience
from edupulse.campaigns.models import Campaign, Intake, Recipient
from edupulse.clock import now
from edupulse.database import db
from edupulse.mail.mailing import Mailing
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction

ADA = "ada@school.example"


def empty_draft(name: str = "Summer courses") -> Campaign:
    """Store a draft that nobody is in."""
    with transaction() as session:
        mailing = Mailing(sender_id=sender_id(), title=name, created_at=now())
        campaign = Campaign(name=name, mailing=mailing, created_by=ADA, created_at=now(), updated_at=now())
        session.add(campaign)
    return campaign


def take_text(campaign: Campaign, text: str, filename: str = "people.csv") -> Intake:
    """Take a CSV file in UTF-8 in."""
    table = audience.read_table(text.encode(), filename)
    return audience.take_in(campaign.id, table, actor=ADA)


def numbers(intake: Intake | audience.Report) -> tuple[int, int, int, int]:
    """Return (read, added, merged, rejected)."""
    return intake.read, intake.added, intake.merged, intake.rejected


def people_in(campaign: Campaign) -> list[Recipient]:
    """Return the audience as the database has it now, in order of arrival."""
    db.session.commit()
    wanted = select(Recipient).where(Recipient.campaign_id == campaign.id).order_by(Recipient.id)
    return list(db.session.scalars(wanted.execution_options(populate_existing=True)))
