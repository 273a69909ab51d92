"""How mail stands: whether it may leave, through what and how fast, what became of the last day's, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from edupulse.config import current_settings
from edupulse.mail.limits import Limits, limits_of
from edupulse.mail.monitor import attention, counts_since, sender_service
from edupulse.mail.senders import provider

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Standing:
    """Whether mail can leave: up, degraded (it goes on by itself, `until`), or down until a person acts.

    `last_day` are the mails accepted in the last 24 hours by state; `attention` counts what a person should look at.
    """

    state: str
    summary: str
    cure: str
    since: datetime | None
    until: datetime | None
    server: str | None  # host:port; None: none is set
    sender: str  # whom mail comes from
    provider: str  # as people call it
    limits: Limits
    last_day: dict[str, int]
    attention: dict[str, int]


def standing(now: datetime) -> Standing:
    """Return how mail stands at `now`."""
    service, settings, way = sender_service(), current_settings(), provider()
    return Standing(
        state=service.state,
        summary=service.summary,
        cure=service.cure,
        since=service.since,
        until=service.until,
        server=f"{settings.smtp_server}:{settings.smtp_port}" if settings.smtp_server else None,
        sender=settings.default_from_email,
        provider=way.title,
        limits=limits_of(way, settings),
        last_day=counts_since(now - DAY),
        attention=attention(now, limit=0).counts,
    )
