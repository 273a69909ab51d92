"""What the roles are called and what each lets people do, in the language of who reads."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext

TITLES = {
    "viewer": lazy_gettext("Viewer"),
    "operator": lazy_gettext("Operator"),
    "admin": lazy_gettext("Admin"),
}


def title_of(role: str) -> str:
    """Return what a role is called."""
    return str(TITLES.get(role, role))


def meaning_of(role: str) -> str:
    """Return in a sentence what a role lets people do."""
    return {
        "viewer": _("As a viewer you look at everything and change nothing."),
        "operator": _("As an operator you act: events, campaigns, bills, mailboxes, jobs, workers."),
        "admin": _("As an administrator you also manage users, tokens, backups and pools of workers."),
    }[role]
