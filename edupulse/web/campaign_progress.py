"""How a campaign moves, made ready for the eye: one bar, numbers that sum up, the pace and what binds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from edupulse.campaigns.models import Campaign
from edupulse.campaigns.monitor import Listed, Progress, progress
from edupulse.paging import Page
from edupulse.web.campaign_obstacles import holds, resends
from edupulse.web.charts import Share, shares
from edupulse.web.filters import counted
from edupulse.web.moments import ago, moment, span
from edupulse.web.words import CAMPAIGN, DELIVERY

# The bar from left to right: what went well, what moves, what is to come, what did not arrive, what was left out.
ORDER = (
    "sent", "sending", "queued", "deferred", "unknown", "rejected", "bounced", "suppressed", "cancelled",
)  # fmt: skip
SLOW = 100  # mails a second; above it nobody reads the tenths
SAID_STEP = 10  # percent: a screen reader hears ten sentences, not ten thousand


@dataclass(frozen=True)
class Row:
    """One campaign of the list with its bar."""

    campaign: Campaign
    total: int
    counts: Mapping[str, int]
    parts: list[Share]
    label: str


def listed(page: Page[Listed]) -> Page[Row]:
    """Give each campaign of a list its bar."""
    return Page([_row(each) for each in page.items], page.previous, page.next)


def progress_facts(campaign: Campaign) -> dict[str, Any]:
    """Return everything the progress of a campaign shows."""
    now = progress(campaign.id)
    parts = bar_of(now.counts)
    return {
        "progress": now,
        "parts": parts,
        "label": label_of(now.counts),
        "said": said(now),
        "pace": pace(now),
        "holds": holds(campaign, now),
        "resends": resends(campaign, now),
    }


def bar_of(counts: Mapping[str, int]) -> list[Share]:
    """Lay the states that have mails side by side."""
    present = {state: counts[state] for state in ORDER if counts.get(state)}
    return shares(present) if present else []


def label_of(counts: Mapping[str, int]) -> str:
    """Return the bar in words: "180 sent, 20 waiting"."""
    named = (f"{counts[state]} {DELIVERY[state].label.lower()}" for state in ORDER if counts.get(state))
    return ", ".join(named)


def said(now: Progress) -> str:
    """Return what a screen reader hears; it changes at each tenth of the way and with the state."""
    label = CAMPAIGN[now.state].label
    if not now.total:
        return label
    tenth = 100 * now.done // now.total // SAID_STEP * SAID_STEP
    return f"{label}: {tenth} percent settled."


def pace(now: Progress) -> list[tuple[str, str | Markup]]:
    """Return how fast it goes, when it ends and what binds, as pairs for a list; nothing when it is over."""
    if not now.left:
        return []
    facts: list[tuple[str, str | Markup]] = []
    if now.rate:
        facts.append(("Speed", f"{now.rate:.{1 if now.rate < SLOW else 0}f} mails a second"))
    if now.eta is not None and now.ends_at:
        ahead = span(timedelta(seconds=max(1.0, now.eta)))
        facts.append(("Done", Markup("in about {}: {}").format(ahead, moment(now.ends_at))))
    if now.account and now.account.cause == "no_worker":
        facts.append(("Waits", now.account.reason))
    if now.words:
        facts.append(("What binds", now.words))
    if now.next_try_at:
        facts.append(("Put off", Markup("the next try {}").format(ago(now.next_try_at))))
    if now.plan:
        facts.append(("By day", ", then ".join(counted(count, "mail") for count in now.plan)))
    return facts


def _row(each: Listed) -> Row:
    return Row(each.campaign, each.total, each.counts, bar_of(each.counts), label_of(each.counts))
