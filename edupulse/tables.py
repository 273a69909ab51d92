"""Every table there is, in one import, so that the schema is always whole."""

from edupulse.accounts import models as accounts
from edupulse.campaigns import models as campaigns
from edupulse.control import models as control
from edupulse.exports import models as exports
from edupulse.finance import models as finance
from edupulse.mail import mailing
from edupulse.mail import models as mail
from edupulse.mailboxes import models as mailboxes
from edupulse.notifications import models as notifications
from edupulse.people import models as people
from edupulse.reminders import models as reminders
from edupulse.reports import models as reports
from edupulse.upkeep import models as upkeep

__all__ = [
    "accounts",
    "campaigns",
    "control",
    "exports",
    "finance",
    "mail",
    "mailboxes",
    "mailing",
    "notifications",
    "people",
    "reminders",
    "reports",
    "upkeep",
]
