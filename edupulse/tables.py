"""Every table there is, in one import, so that the schema is always whole."""

from edupulse.accounts import models as accounts
from edupulse.campaigns import models as campaigns
from edupulse.control import models as control
from edupulse.mail import mailing
from edupulse.mail import models as mail
from edupulse.mailboxes import models as mailboxes
from edupulse.reminders import models as reminders

__all__ = ["accounts", "campaigns", "control", "mail", "mailboxes", "mailing", "reminders"]
