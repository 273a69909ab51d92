"""Every kind of notification there is: whom it may reach, how it does unless they say otherwise, what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edupulse.accounts.models import ROLES
from edupulse.errors import Invalid
from edupulse.notifications import words
from edupulse.notifications.speech import Language, n_

SUMMED_UP = "summed_up"  # the fact of a notification that stands for many: how many came one by one


@dataclass(frozen=True)
class Kind:
    """One kind; nobody below its role is told, whoever names them."""

    key: str
    title: str  # what people choose by
    role: str  # the least
    in_site: bool  # at the bell, unless a person says otherwise
    by_mail: bool
    room: str  # the page where all that is of this kind stands
    words: words.Words

    def reaches(self, role: str) -> bool:
        """Say whether somebody of `role` may be told."""
        return ROLES.index(role) >= ROLES.index(self.role)

    def said(self, language: Language, facts: Mapping[str, Any]) -> tuple[str, str]:
        """Return headline and text in `language`."""
        if SUMMED_UP in facts:
            facts = {**facts, "title": language.gettext(self.title)}
            return words.said(words.many, language, facts)
        return words.said(self.words, language, facts)


KINDS = {
    kind.key: kind
    for kind in (
        Kind("job_failed", n_("A job failed"), "operator", True, False, "/jobs?state=failed", words.job_failed),
        # The mailbox itself writes to its staff and to the administrators.
        Kind(
            "mailbox_stopped", n_("A mailbox has stopped"), "operator", True, False, "/mailboxes",
            words.mailbox_stopped,
        ),
        # By mail it would come when sending goes on, and so when it is over.
        Kind("sending_paused", n_("Sending is paused"), "operator", True, False, "/", words.sending_paused),
        Kind(
            "bills_overdue", n_("Bills became overdue"), "operator", True, False, "/bills?state=overdue",
            words.bills_overdue,
        ),
        Kind(
            "campaign_finished", n_("A campaign finished"), "operator", True, False, "/campaigns",
            words.campaign_finished,
        ),
        Kind("export_ready", n_("Your export is ready"), "viewer", True, False, "/exports", words.export_ready),
        Kind("export_failed", n_("Your export failed"), "viewer", True, False, "/exports", words.export_failed),
        Kind("backup_failed", n_("A backup failed"), "admin", True, True, "/backups", words.backup_failed),
        Kind("backup_old", n_("Backups are missing"), "admin", True, True, "/backups", words.backup_old),
    )
}  # fmt: skip


def kind_of(key: str) -> Kind:
    """Return the kind `key`; raises Invalid."""
    if key not in KINDS:
        raise Invalid(
            f"There is no notification {key[:40]!r}.", cure=f"Choose one of {', '.join(KINDS)}.", field="kind"
        )
    return KINDS[key]


def kinds_for(role: str) -> list[Kind]:
    """Return what somebody of `role` can be told."""
    return [kind for kind in KINDS.values() if kind.reaches(role)]


def kinds_beyond(role: str) -> list[str]:
    """Return the keys of what somebody of `role` may not know."""
    return [kind.key for kind in KINDS.values() if not kind.reaches(role)]
