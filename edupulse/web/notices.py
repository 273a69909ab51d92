"""The banners above every page: what is away, what waits because of it, since when, and what will happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from flask_login import current_user

from edupulse import clock
from edupulse.control import pauses, pools
from edupulse.control.models import Pause
from edupulse.control.monitor import LATE_AFTER, Backlog, Service, backlog, queue_loads
from edupulse.mail.monitor import services
from edupulse.web.filters import grouped
from edupulse.web.languages import page_locale, speaking
from edupulse.web.moments import moment, spoken
from edupulse.web.part_words import said

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
    app.jinja_env.filters["moment_of_frame"] = moment_of_frame


def moment_of_frame(at: datetime) -> str:
    """Return when something was in the language of the frame, in a room of another language too."""
    with speaking(page_locale()):
        return moment(at)


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
        sentence = ngettext(
            "%(count)s job waiting longer than usual; they are done one after the other.",
            "%(count)s jobs waiting longer than usual; they are done one after the other.",
            waiting.count,
            count=grouped(waiting.count),
        )
        cure = _("Nothing needs to be done; another worker would help.")
        found.append(Notice("wait", _("The queues are long"), sentence, cure, waiting.since, "workers.index"))
    return found


def _held(now: datetime) -> list[Held]:
    """Return the pauses that hold work back."""
    found = [(pause, pauses.waiting_in(pause.scope, pause.name)) for pause in pauses.holding(now)]
    return [Held(pause, count) for pause, count in found if count]


def _of_pause(held: Held) -> Notice:
    pause = held.pause
    by = (
        _("By %(actor)s: %(reason)s.", actor=pause.actor, reason=pause.reason)
        if pause.reason
        else _("By %(actor)s.", actor=pause.actor)
    )
    waiting = ngettext(
        "%(count)s job waiting there; nothing is lost.",
        "%(count)s jobs waiting there; nothing is lost.",
        held.waiting,
        count=grouped(held.waiting),
    )
    sentence = f"{by} {waiting} {_end_of(pause)}"
    title = _PAUSED[pause.scope] % {"name": pause.name}
    return Notice("wait", title, sentence, "", pause.created_at, "jobs.index")


def _end_of(pause: Pause) -> str:
    if not pause.until:
        return _("It goes on when somebody resumes it.")
    with speaking(page_locale()):
        return _("It goes on by itself: %(moment)s.", moment=spoken(pause.until))


_PAUSED = {
    "queue": lazy_gettext("The queue %(name)s is paused"),
    "job": lazy_gettext("The job %(name)s is paused"),
}
PAGES = {"workers": "workers.index", "scheduler": "workers.index", "redis": "jobs.index"}
_TITLES = {
    "database": lazy_gettext("The database is away"),
    "redis": lazy_gettext("Redis is away: work waits"),
    "workers": lazy_gettext("No worker is running: work waits"),
    "scheduler": lazy_gettext("The clock has stopped"),
    "mail": lazy_gettext("Mail cannot leave"),
}


def _of_service(
    part: Service, waiting: Backlog, where: Mapping[str, int], wanted: Mapping[str, str]
) -> Notice:
    holds_work = part.name in ("redis", "workers") and waiting.count > 0
    sentence = f"{said(part.summary)} {_what_waits(waiting, where)}" if holds_work else said(part.summary)
    stopped = [name for name, state in wanted.items() if state == "stopped"]
    all_stopped = part.name == "workers" and bool(stopped) and len(stopped) == len(wanted)
    by_hand = _("Stopped by hand: %(pools)s. Start them under Workers.", pools=_listed(stopped))
    cure = by_hand if all_stopped else f"{said(part.cure)} {by_hand}"
    return Notice(
        tone="bad" if part.state == "down" else "wait",
        title=_title(part, all_stopped=all_stopped),
        sentence=sentence,
        cure=cure if part.name == "workers" and stopped else said(part.cure),
        since=waiting.since if holds_work else part.since,
        page=PAGES.get(part.name, ""),
    )


def _title(part: Service, *, all_stopped: bool) -> str:
    if all_stopped and part.state == "down":
        return _("The workers are stopped: work waits")
    if part.name == "workers" and part.state == "degraded":
        return _("Some queues have no worker")
    return str(_TITLES[part.name])


def _what_waits(waiting: Backlog, where: Mapping[str, int]) -> str:
    """Say how many jobs wait, and in which queues."""
    queues = _listed([_("%(count)s in %(queue)s", count=count, queue=name) for name, count in where.items()])
    if not queues:
        return ngettext(
            "%(count)s job waiting.", "%(count)s jobs waiting.", waiting.count, count=grouped(waiting.count)
        )
    return ngettext(
        "%(count)s job waiting: %(queues)s.",
        "%(count)s jobs waiting: %(queues)s.",
        waiting.count,
        count=grouped(waiting.count),
        queues=queues,
    )


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return _("%(words)s and %(last)s", words=_(", ").join(words[:-1]), last=words[-1])
