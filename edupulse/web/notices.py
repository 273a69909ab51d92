"""The banners above every page: what is away, what waits because of it, since when, and what will happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import Flask
from flask_login import current_user

from edupulse import clock
from edupulse.control import pauses, pools
from edupulse.control.models import Pause
from edupulse.control.monitor import LATE_AFTER, Backlog, Service, backlog, queue_loads
from edupulse.mail.monitor import services
from edupulse.web.filters import counted
from edupulse.web.moments import spoken

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Notice:
    """One banner; `since` is the oldest thing that waits, or the last sign of life."""

    tone: str  # bad | wait
    title: str
    sentence: str
    cure: str
    since: datetime | None = None
    page: str = ""  # the endpoint of the page where more is to be seen


@dataclass(frozen=True)
class Held:
    """A pause, and how many runs wait for its end."""

    pause: Pause
    waiting: int


def register(app: Flask) -> None:
    """Let the templates of `app` ask for the banners."""
    app.jinja_env.globals["current_notices"] = current_notices


def current_notices() -> list[Notice]:
    """Return the banners of this moment; none for somebody who is not signed in."""
    if not current_user.is_authenticated:
        return []
    now = clock.now()
    parts, waiting = services(now), backlog(now)
    if all(part.is_up for part in parts):
        return notices(parts, waiting, now, held=_held(now))
    where = {load.name: load.waiting for load in queue_loads(now) if load.waiting and not load.pause}
    wanted = {pool.name: pool.state for pool in pools.pools(now)}
    return notices(parts, waiting, now, held=_held(now), where=where, wanted=wanted)


def notices(
    parts: Sequence[Service],
    waiting: Backlog,
    now: datetime,
    *,
    held: Sequence[Held] = (),
    where: Mapping[str, int] = NOTHING,
    wanted: Mapping[str, str] = NOTHING,
) -> list[Notice]:
    """Decide which banners to show: one for each part that is not up and each pause that holds work.

    One more when work is late all the same. `where` counts what waits by queue, `wanted` is the state of each pool.
    """
    found = [_of_service(part, waiting, where, wanted) for part in parts if not part.is_up]
    found += [_of_pause(each) for each in held]
    is_late = waiting.since is not None and now - waiting.since > LATE_AFTER
    if is_late and all(part.is_up for part in parts):
        sentence = (
            f"{counted(waiting.count, 'job')} waiting longer than usual; they are done one after the other."
        )
        cure = "Nothing needs to be done; another worker would help."
        found.append(Notice("wait", "The queues are long", sentence, cure, waiting.since, "workers.index"))
    return found


def _held(now: datetime) -> list[Held]:
    """Return the pauses that hold work back."""
    found = [(pause, pauses.waiting_in(pause.scope, pause.name)) for pause in pauses.holding(now)]
    return [Held(pause, count) for pause, count in found if count]


def _of_pause(held: Held) -> Notice:
    pause = held.pause
    reason = f": {pause.reason}" if pause.reason else ""
    end = (
        f"It goes on by itself: {spoken(pause.until)}."
        if pause.until
        else "It goes on when somebody resumes it."
    )
    sentence = (
        f"By {pause.actor}{reason}. {counted(held.waiting, 'job')} waiting there; nothing is lost. {end}"
    )
    title = f"The {pause.scope} {pause.name} is paused"
    return Notice("wait", title, sentence, "", pause.created_at, "jobs.index")


PAGES = {"workers": "workers.index", "scheduler": "workers.index", "redis": "jobs.index"}
_TITLES = {
    "database": "The database is away",
    "redis": "Redis is away: work waits",
    "workers": "No worker is running: work waits",
    "scheduler": "The clock has stopped",
    "mail": "Mail cannot leave",
}


def _of_service(
    part: Service, waiting: Backlog, where: Mapping[str, int], wanted: Mapping[str, str]
) -> Notice:
    holds_work = part.name in ("redis", "workers") and waiting.count > 0
    sentence = f"{part.summary} {_what_waits(waiting, where)}" if holds_work else part.summary
    stopped = [name for name, state in wanted.items() if state == "stopped"]
    all_stopped = part.name == "workers" and bool(stopped) and len(stopped) == len(wanted)
    by_hand = f"Stopped by hand: {_listed(stopped)}. Start them under Workers."
    cure = by_hand if all_stopped else f"{part.cure} {by_hand}"
    return Notice(
        tone="bad" if part.state == "down" else "wait",
        title=_title(part, all_stopped=all_stopped),
        sentence=sentence,
        cure=cure if part.name == "workers" and stopped else part.cure,
        since=waiting.since if holds_work else part.since,
        page=PAGES.get(part.name, ""),
    )


def _title(part: Service, *, all_stopped: bool) -> str:
    if all_stopped and part.state == "down":
        return "The workers are stopped: work waits"
    if part.name == "workers" and part.state == "degraded":
        return "Some queues have no worker"
    return _TITLES[part.name]


def _what_waits(waiting: Backlog, where: Mapping[str, int]) -> str:
    """Say how many jobs wait, and in which queues."""
    queues = _listed([f"{count} in {name}" for name, count in where.items()])
    return f"{counted(waiting.count, 'job')} waiting{f': {queues}' if queues else ''}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
