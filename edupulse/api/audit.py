"""`/audit/`: who did what to which thing, with what it was before and became."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from edupulse.accounts.audit import AuditFilter, entries
from edupulse.api.answers import page_of
from edupulse.api.noun import Noun
from edupulse.api.schema import Instant, Paged, PageOf, Shown, Text

noun = Noun("audit", __name__, url_prefix="/audit")


class Act(Shown):
    """One act of one person on one thing."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: Any
    after: Any
    facts: dict[str, Any]


class WhichActs(Paged):
    """Narrows the list; what is left away means any."""

    actor: Text = Field("", description="An address, or cli:NAME, or system.")
    action: Text = Field("", description="campaign.start, or campaign for all that is done to them.")
    subject: Text = Field("", description="campaign:7, or campaign for all of them.")
    since: Instant | None = None
    until: Instant | None = None


@noun.get("/", query=WhichActs, gives=PageOf[Act])
def list_acts(query: WhichActs) -> dict[str, Any]:
    """List what was done, newest first."""
    wanted = AuditFilter(query.actor, query.action, query.subject, query.since, query.until)
    return page_of(entries(wanted, **query.page()), Act)
