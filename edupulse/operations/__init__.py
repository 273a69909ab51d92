"""The permission table: everything that can be done, who may do it, and by which page, call and command.

A page or a call that is not in the table is for administrators alone, and a test names it.
"""

from __future__ import annotations

from edupulse.operations.accounts import OPERATIONS as ACCOUNTS
from edupulse.operations.backups import OPERATIONS as BACKUPS
from edupulse.operations.campaigns import OPERATIONS as CAMPAIGNS
from edupulse.operations.cleanup import OPERATIONS as CLEANUP
from edupulse.operations.events import OPERATIONS as EVENTS
from edupulse.operations.exports import OPERATIONS as EXPORTS
from edupulse.operations.finance import OPERATIONS as FINANCE
from edupulse.operations.jobs import OPERATIONS as JOBS
from edupulse.operations.mail import OPERATIONS as MAIL
from edupulse.operations.mailboxes import OPERATIONS as MAILBOXES
from edupulse.operations.notifications import OPERATIONS as NOTIFICATIONS
from edupulse.operations.operation import ADMIN, ANYBODY, OPERATOR, VIEWER, Operation
from edupulse.operations.people import OPERATIONS as PEOPLE
from edupulse.operations.reports import OPERATIONS as REPORTS
from edupulse.operations.system import OPERATIONS as SYSTEM

__all__ = ["ADMIN", "ANYBODY", "OPERATIONS", "OPERATOR", "VIEWER", "Operation", "role_of"]

OPERATIONS = (
    *BACKUPS,
    *(*JOBS, *EVENTS, *CAMPAIGNS, *MAIL, *MAILBOXES, *PEOPLE, *FINANCE),
    *(*REPORTS, *EXPORTS, *NOTIFICATIONS, *CLEANUP, *ACCOUNTS, *SYSTEM),
)


def role_of(door: str, place: str) -> str:
    """Return the least role that may use this page (door "web") or call (door "api"); empty: anybody."""
    return _ROLES.get((door, place), ADMIN)


_ROLES = {
    (door, place): each.role
    for each in OPERATIONS
    for door, places in (("web", each.web), ("api", each.api))
    for place in places
}
