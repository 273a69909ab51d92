"""The banners above every page: what is away, what waits because of it, since when, and what will happen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from flask_login import current_user

from edupulse import clock
from edupulse.control.monitor import LATE_AFTER, Backlog, Service, backlog
from edupulse.mail.monitor import services
from edupulse.web.filters import counted


@dataclass(frozen=True)
class Notice:
    """One banner; `since` is the oldest thing that waits, or the last sign of life."""

    tone: str  # bad | wait
    title: str
    sentence: str
    cure: str
    since: datetime | None = None


def register(app: Flask) -> None:
    """Let the templates of `app` ask for the banners."""
    app.jinja_env.globals["current_notices"] = current_notices


def current_notices() -> list[Notice]:
    """Return the banners of this moment; none for somebody who is not signed in."""
    if not current_user.is_authenticated:
        return []
    now = clock.now()
    return notices(services(now), backlog(), now)


def notices(parts: list[Service], waiting: Backlog, now: datetime) -> list[Notice]:
    """Decide which banners to show: one for each part that is not up, one when work is late all the same."""
    found = [_of_service(part, waiting) for part in parts if not part.is_up]
    is_late = waiting.since is not None and now - waiting.since > LATE_AFTER
    if is_late and not found:
        sentence = (
            f"{counted(waiting.count, 'job')} waiting longer than usual; they are done one after the other."
        )
        cure = "Nothing needs to be done; another worker would help."
        found.append(Notice("wait", "The queues are long", sentence, cure, waiting.since))
    return found


_TITLES = {
    "database": "The database is away",
    "redis": "Redis is away: work waits",
    "workers": "No worker is running: work waits",
    "scheduler": "The clock has stopped",
    "mail": "Mail cannot leave",
}


def _of_service(part: Service, waiting: Backlog) -> Notice:
    holds_work = part.name in ("redis", "workers") and waiting.count > 0
    title = (
        "Some queues have no worker"
        if part.name == "workers" and part.state == "degraded"
        else _TITLES[part.name]
    )
    sentence = f"{part.summary} {counted(waiting.count, 'job')} waiting." if holds_work else part.summary
    since = waiting.since if holds_work else part.since
    return Notice("bad" if part.state == "down" else "wait", title, sentence, part.cure, since)
