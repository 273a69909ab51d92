"""The first page: is it healthy, what needs somebody, what goes out next, what became of today's mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse import clock
from edupulse.config import current_settings
from edupulse.control.monitor import Overview, Service, overview
from edupulse.mail import actions
from edupulse.mail.monitor import Attention, attention, counts_since, sent_per_hour, services
from edupulse.mailboxes import monitor as mailboxes
from edupulse.mailboxes.models import InboundMessage
from edupulse.mailboxes.monitor import Listed
from edupulse.reminders.upcoming import upcoming
from edupulse.web.charts import bars, shares
from edupulse.web.flashes import say
from edupulse.web.timelines import next_mailings

blueprint = Blueprint("dashboard", __name__)

UPCOMING = 8  # lines; the next hours of a busy day
LOOKED_AT = 500  # planned mails that are joined into those lines
LETTERS = 3  # messages that wait for a person; the list has them all
NO_INBOX: Mapping[str, int] = MappingProxyType({})


@blueprint.get("/")
def show() -> str:
    """Show the whole page, or the part that refreshes itself."""
    template = "dashboard/_live.html" if request.args.get("part") == "live" else "dashboard/show.html"
    return render_template(template, **facts(clock.now()))


@blueprint.post("/sender/resumption")
def resume_sender() -> Response:
    """Let mail leave again after a refused login was mended."""
    actions.resume_sender(current_user.email)
    say("Sending goes on. If the login is refused again, it pauses again and says why.")
    return redirect(url_for("dashboard.show"), 303)


def facts(now: datetime) -> dict[str, Any]:
    """Return everything the dashboard shows."""
    parts, jobs, needs, hours = services(now), overview(now), attention(now), sent_per_hour(now)
    boxes = mailboxes.listing()
    inbox = inbox_of(boxes)
    return {
        "parts": parts,
        "jobs": jobs,
        "needs": needs,
        "boxes": boxes,
        "inbox": inbox,
        "letters": waiting_letters() if inbox["attention"] else [],
        "health": health(parts, jobs, needs, inbox),
        "upcoming": next_mailings(upcoming(now, LOOKED_AT), UPCOMING),
        "today": shares(counts_since(start_of_today(now))),
        "hours": bars(hours),
        "busiest": max(hour.sent + hour.refused for hour in hours),
    }


def start_of_today(now: datetime) -> datetime:
    """Return the last midnight on the organisation's clock."""
    local = now.astimezone(ZoneInfo(current_settings().timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def waiting_letters() -> list[InboundMessage]:
    """Return the newest messages that wait for a person; what could not be read has a line of its own."""
    return mailboxes.messages(attention=True, state="processed", size=LETTERS).items


def inbox_of(boxes: Sequence[Listed]) -> dict[str, int]:
    """Return how many messages wait for a person or lie aside, and how many mailboxes are stopped or late."""
    troubled = [each.health.state for each in boxes]
    return {
        "attention": sum(each.attention for each in boxes),
        "quarantined": sum(each.quarantined for each in boxes),
        "stopped": troubled.count("stopped"),
        "delayed": troubled.count("retrying") + troubled.count("late"),
    }


def health(
    parts: list[Service], jobs: Overview, needs: Attention, inbox: Mapping[str, int] = NO_INBOX
) -> tuple[str, str]:
    """Decide the headline: its tone, and the sentence."""
    down = [part for part in parts if part.state == "down"]
    if down:
        return "bad", "Something is down"
    asked = any(inbox.get(name) for name in ("attention", "quarantined", "stopped"))
    if needs.total or jobs.asking or jobs.broken or asked:
        return "doubt", "Running, and something needs you"
    behind = jobs.late or jobs.late_schedules or needs.counts.get("late") or inbox.get("delayed")
    if behind or any(not part.is_up for part in parts):
        return "wait", "Running, with a delay"
    return "ok", "Everything is running"
