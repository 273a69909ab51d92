"""One date of a series: moved, left out, put back, or the point from which the series goes on differently."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from edupulse import clock
from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.reminders import events, monitor
from edupulse.reminders.models import Event
from edupulse.reminders.plan import Occurrence
from edupulse.web.event_form import EventForm, filled, read, read_times
from edupulse.web.events import form_page, refused_page, to_event
from edupulse.web.flashes import say
from edupulse.web.moments import on_its_clock

blueprint = Blueprint("occurrences", __name__, url_prefix="/events/<int:event_id>/dates/<original>")


@blueprint.get("")
def edit(event_id: int, original: str) -> str:
    """Show what can be done with one date."""
    event = monitor.event(event_id)
    date = monitor.coming_occurrence(event, original, clock.now())
    return _page(event, date, _form_of(event, date))


@blueprint.post("")
def change(event_id: int, original: str) -> Response:
    """Move one date, or give it another place."""
    event, form = monitor.event(event_id), EventForm(MultiDict(request.form))
    form.values["all_day"] = "on" if event.all_day else ""
    try:
        starts, ends = read_times(form)
        events.change_occurrence(
            event_id, original, current_user.email, starts=starts, ends=ends, location=form.value("location")
        )
    except Invalid as error:
        form.refuse(error)
        date = monitor.coming_occurrence(event, original, clock.now())
        return make_response(_page(event, date, form), 422)
    say("This date is changed. Whoever was told something else about it gets a correction.")
    return to_event(event_id)


@blueprint.post("/cancellation")
def cancel(event_id: int, original: str) -> Response:
    """Leave one date out."""
    events.cancel_occurrence(event_id, original, current_user.email)
    say("This date is left out. Whoever was reminded of it already is told so.", tone="wait")
    return to_event(event_id)


@blueprint.post("/restoration")
def restore(event_id: int, original: str) -> Response:
    """Put a date back that was left out."""
    events.restore_occurrence(event_id, original, current_user.email)
    say("This date takes place again, and its reminders are planned.")
    return to_event(event_id)


@blueprint.get("/following")
def following(event_id: int, original: str) -> str:
    """Show the form of "this and all following"."""
    event = monitor.event(event_id)
    draft = events.following_draft(event, original)
    return form_page(filled(draft, current_settings().locale), event=event, following=original)


@blueprint.post("/following")
def change_following(event_id: int, original: str) -> Response:
    """Let the series go on differently from this date on."""
    form = EventForm(MultiDict(request.form))
    try:
        new = events.change_following(event_id, original, read(form), current_user.email)
    except Invalid as error:
        form.refuse(error)
        return refused_page(form, event=monitor.event(event_id), following=original)
    say("The series goes on like this. What was before stands as its own event.")
    return redirect(url_for("events.show", event_id=new.id), 303)


def _form_of(event: Event, date: Occurrence) -> EventForm:
    starts, ends = (
        on_its_clock(at, event.timezone).replace(tzinfo=None) for at in (date.starts_at, date.ends_at)
    )
    return EventForm.at(starts, ends, all_day=event.all_day, location=date.place)


def _page(event: Event, date: Occurrence, form: EventForm) -> str:
    return render_template("events/occurrence.html", event=event, date=date, form=form)
