"""The check before the start: what stands in the way, what to expect, and the word of an operator."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from edupulse import clock
from edupulse.campaigns import lifecycle
from edupulse.campaigns.checks.finding import Report
from edupulse.campaigns.checks.sizes import size_words
from edupulse.campaigns.estimate import duration_words
from edupulse.campaigns.preflight import preflight
from edupulse.campaigns.rows import existing
from edupulse.config import current_settings
from edupulse.errors import Conflict, Invalid
from edupulse.walltime import to_local, to_utc
from edupulse.web.filters import counted
from edupulse.web.flashes import say
from edupulse.web.moments import moment

blueprint = Blueprint("campaign_start", __name__, url_prefix="/campaigns/<int:campaign_id>/start")

LEVELS = ("red", "amber", "green")
SHOWN_DAYS = 7


@blueprint.get("")
def show(campaign_id: int) -> str:
    """Show what the check of every mail finds, and the form that starts it."""
    return _page(campaign_id)


@blueprint.post("")
def start(campaign_id: int) -> AnyResponse:
    """Start it now or at an hour; what stands in the way comes back in words."""
    try:
        at = _wanted_hour()
        confirm = request.form.get("confirm") == "yes"
        campaign = lifecycle.start(campaign_id, actor=current_user.email, at=at, confirm=confirm)
    except (Invalid, Conflict) as error:
        return _refused(campaign_id, error)
    if campaign.state == "scheduled":
        say("It is scheduled and starts by itself at its hour.")
    else:
        say("It has started. This page shows what becomes of each mail.")
    return redirect(url_for("campaigns.show", campaign_id=campaign_id), 303)


def expected(report: Report) -> list[tuple[str, str | Markup]]:
    """Return what to expect of a start now, as pairs for a list."""
    facts: list[tuple[str, str | Markup]] = [("Recipients", f"{report.recipients:,}".replace(",", "\u2009"))]
    if report.bytes_largest:
        facts.append(("Largest mail", size_words(report.bytes_largest)))
    if report.recipients:
        ends = moment(clock.now() + timedelta(seconds=report.eta))
        facts.append(("It takes", Markup("about {}, until {}").format(duration_words(report.eta), ends)))
    if report.words:
        facts.append(("What binds", report.words))
    facts.extend(_by_day(report))
    return facts


def _by_day(report: Report) -> list[tuple[str, str | Markup]]:
    if len(report.plan_by_day) < 2:
        return []
    days = [f"day {number}: {count:,}" for number, count in enumerate(report.plan_by_day, start=1)]
    more = f", and {len(days) - SHOWN_DAYS} more days" if len(days) > SHOWN_DAYS else ""
    return [("By day", ", ".join(days[:SHOWN_DAYS]) + more)]


def _page(campaign_id: int, problem: str = "", *, must_confirm: bool = False) -> str:
    campaign = existing(campaign_id)
    if not campaign.is_draft and campaign.state != "scheduled" and not campaign.question:
        raise Conflict(
            "This campaign has started already.", cure="Its page shows how it moves; copy it to send it anew."
        )
    report = preflight(campaign_id)
    later = _hour_to_offer(campaign.scheduled_at)
    return render_template(
        "campaigns/start.html",
        campaign=campaign,
        report=report,
        findings=sorted(report.findings, key=lambda finding: LEVELS.index(finding.level)),
        reds=len(report.of("red")),
        ambers=len(report.of("amber")),
        expected=expected(report),
        problem=problem,
        needs_word=_word_needed(report, must_confirm),
        when=request.form.get("when") or ("later" if campaign.scheduled_at else "now"),
        date=request.form.get("date", f"{later:%Y-%m-%d}"),
        time=request.form.get("time", f"{later:%H:%M}"),
        timezone=current_settings().timezone,
    )


def _refused(campaign_id: int, error: Invalid | Conflict) -> Response:
    is_conflict = isinstance(error, Conflict)
    return make_response(
        _page(campaign_id, str(error), must_confirm=is_conflict), 409 if is_conflict else 422
    )


def _word_needed(report: Report, must_confirm: bool) -> str:
    """Return what an operator confirms by a tick; empty: nothing is asked."""
    if len(report.plan_by_day) > 1:
        return f"Yes, it may take {counted(len(report.plan_by_day), 'day')}."
    return "Yes, send it all the same." if must_confirm else ""


def _wanted_hour() -> datetime | None:
    """Return the instant that the form names on the organisation's clock, None for now; raises Invalid."""
    if request.form.get("when") != "later":
        return None
    day, hour = request.form.get("date", "").strip(), request.form.get("time", "").strip()
    try:
        local = datetime.combine(date.fromisoformat(day), time.fromisoformat(hour))
    except ValueError:
        cure = "Choose a day and a time, for example 2026-03-12 and 18:30."
        raise Invalid("The hour cannot be read.", cure=cure, field="at") from None
    return to_utc(local, current_settings().timezone)


def _hour_to_offer(wish: datetime | None) -> datetime:
    """Return the hour that was wished for, else nine o'clock tomorrow, on the organisation's clock."""
    zone, now = current_settings().timezone, clock.now()
    if wish and wish > now:
        return to_local(wish, zone)
    return datetime.combine(to_local(now, zone).date() + timedelta(days=1), time(9))
