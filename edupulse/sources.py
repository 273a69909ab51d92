"""What each domain offers to the parts below it, made known in one place: a new domain adds a line here."""

from __future__ import annotations

from edupulse.campaigns.people.sources import OtherCampaign, SignedIn
from edupulse.control import pools
from edupulse.control.definitions import register_definitions
from edupulse.mail.people import register_source
from edupulse.mailboxes import handlers, schedules, syncing
from edupulse.mailboxes.handling import register_handler
from edupulse.notifications.watch import register_watch
from edupulse.people.audience import Known
from edupulse.reminders.audience import Attendees
from edupulse.reminders.invitations import CalendarHandler
from edupulse.upkeep import overdue


def register() -> None:
    """Let audiences be taken from every domain that knows people, and the clock know who wants to be called."""
    for source in (Attendees(), SignedIn(), OtherCampaign(), Known()):
        register_source(source)
    handlers.register()
    register_handler(CalendarHandler())
    register_definitions(schedules.definitions)
    pools.when_started(syncing.sync)
    register_watch("backup_old", overdue.watch)
