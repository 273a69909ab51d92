"""Every source of people there is, made known in one place: a new domain adds a line here."""

from __future__ import annotations

from edupulse.campaigns.people.sources import OtherCampaign, SignedIn
from edupulse.mail.people import register_source
from edupulse.reminders.audience import Attendees


def register() -> None:
    """Let audiences be taken from every domain that knows people."""
    for source in (Attendees(), SignedIn(), OtherCampaign()):
        register_source(source)
