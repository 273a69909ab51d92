"""Every table there is, in one import, so that the schema is always whole."""

from edupulse.accounts import models as accounts
from edupulse.control import models as control
from edupulse.mail import models as mail
from edupulse.reminders import models as reminders

__all__ = ["accounts", "control", "mail", "reminders"]
