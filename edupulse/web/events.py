"""Events as people plan them: listed, made, changed, called off, restored, brought in from a file."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.config import current_settings
from edupulse.errors import Conflict, Invalid
from edupulse.reminders import events, monitor
from edupulse.reminders.models import Event
from edupulse.reminders.monitor import EventFilter
from edupulse.reminders.people import obstacle
from edupulse.reminders.places import Place, map_links
from edupulse.reminders.reasons import words
from edupulse.reminders.send import send_now
from edupulse.reminders.timeline import timeline
from edupulse.reminders.why import why
from edupulse.web.event_form import EventForm, blank, filled, read
from edupulse.web.filters import counted
from edupulse.web.flashes import say
from edupulse.web.lead_words import CHOICES
from edupulse.web.timelines import story
from edupulse.web.zones import zone_choices

blueprint = Blueprint("events", __name__, url_prefix="/events")

NEXT_OCCURRENCES = 6
COMPARE = "Your words are still here. Compare in another tab, then save again to let yours stand."
NO_REVISION = -1
# How an answer looks; a reason without a tone is a fact that needs nobody.
WHY_TONES = {
    "already_sent": "ok",
    **dict.fromkeys(("outside_window", "due", "queued", "deferred"), "wait"),
    **dict.fromkeys(("late", "redis_down", "scheduler_down", "worker_down", "sender_paused"), "bad"),
    **dict.fromkeys(("no_mail_server", "mail_refused", "bounced", "missed", "failed"), "bad"),
    "uncertain": "doubt",
}


@blueprint.get("")
def index() -> str:
    """List events by the filter in the address."""
    arguments = request.args
    filters = EventFilter(when=arguments.get("when", "upcoming"), text=arguments.get("q", "").strip())
    page = monitor.events(filters, clock.now(), arguments.get("page", ""))
    default_lead = current_settings().reminder_advance_minutes
    return render_template("events/index.html", page=page, filters=filters, default_lead=default_lead)


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new event."""
    return form_page(blank(clock.now(), current_settings()))


@blueprint.post("")
def create() -> AnyResponse:
    """Make an event; what cannot be used comes back with every word still there."""
    form = EventForm(MultiDict(request.form))
    try:
        event = events.create_event(read(form), current_user.email, current_user.id)
    except Invalid as error:
        form.refuse(error)
        return refused_page(form)
    say(f"“{event.title}” is in. {_what_happens(event)}")
    return to_event(event.id)


@blueprint.get("/<int:event_id>")
def show(event_id: int) -> str:
    """Show one event, its people, and what they were and will be told."""
    event, now = monitor.event(event_id), clock.now()
    return render_template(
        "events/show.html",
        event=event,
        occurrences=monitor.coming_occurrences(event, now, NEXT_OCCURRENCES),
        story=story(timeline(event_id), now),
        map_links=map_links(Place(event.location, event.latitude, event.longitude)),
        left_out=monitor.left_out(event, now),
        obstacles={person.id: words(obstacle(person)) for person in event.attendees},
        default_lead=current_settings().reminder_advance_minutes,
        history_entries=entries_of(f"event:{event_id}"),
    )


@blueprint.get("/<int:event_id>/edit")
def edit(event_id: int) -> str:
    """Show the form of an event."""
    event = monitor.event(event_id)
    form = filled(events.draft_of(event), current_settings().locale, event.revision)
    return form_page(form, event=event)


@blueprint.post("/<int:event_id>")
def change(event_id: int) -> AnyResponse:
    """Change an event, unless somebody else did so meanwhile."""
    event, form = monitor.event(event_id), EventForm(MultiDict(request.form))
    try:
        events.change_event(event_id, read(form), current_user.email, revision=_revision(form))
    except Invalid as error:
        form.refuse(error)
        return refused_page(form, event=event)
    except Conflict as error:
        form.values["revision"] = str(event.revision)
        form.errors[""] = f"{error.message} {COMPARE}"
        return refused_page(form, event=event, status=409)
    say("Saved. Whoever was told something that no longer holds gets a correction.")
    return to_event(event_id)


@blueprint.post("/<int:event_id>/cancellation")
def cancel(event_id: int) -> AnyResponse:
    """Call an event off."""
    events.cancel_event(event_id, current_user.email)
    say("The event is cancelled. Whoever was reminded already is told so.", tone="wait")
    return to_event(event_id)


@blueprint.post("/<int:event_id>/restoration")
def restore(event_id: int) -> AnyResponse:
    """Let a cancelled event take place after all."""
    events.restore_event(event_id, current_user.email)
    say("The event takes place again, and its reminders are planned.")
    return to_event(event_id)


@blueprint.post("/<int:event_id>/reminders")
def remind(event_id: int) -> AnyResponse:
    """Send the reminder of the next occurrence to everybody now."""
    deliveries = send_now(event_id, current_user.email)
    mails = counted(len(deliveries), "mail")
    say(f"{mails} by hand for the next date. The timeline shows what becomes of each.")
    return to_event(event_id)


@blueprint.get("/<int:event_id>/why")
def explain(event_id: int) -> str:
    """Say why somebody gets, got or does not get a reminder."""
    address = request.args.get("address", "").strip()
    answer = why(event_id, address, clock.now()) if address else None
    tone = WHY_TONES.get(answer.reason, "mute") if answer else ""
    return render_template(
        "events/why.html", event=monitor.event(event_id), address=address, answer=answer, tone=tone
    )


def form_page(form: EventForm, *, event: Event | None = None, following: str = "") -> str:
    """Return the page with the form; `following` is the date from which on the change of `event` counts."""
    settings = current_settings()
    return render_template(
        "events/form.html",
        form=form,
        event=event,
        following=following,
        zones=zone_choices(clock.now()),
        leads=CHOICES,
        default_lead=settings.reminder_advance_minutes,
    )


def refused_page(
    form: EventForm, *, event: Event | None = None, following: str = "", status: int = 422
) -> Response:
    """Return the form again, with every word still there and what is wrong beside its field."""
    return make_response(form_page(form, event=event, following=following), status)


def _revision(form: EventForm) -> int | None:
    """Return the revision of the event that the form was filled from; one that cannot be is none of it."""
    said = form.value("revision")
    return None if not said else int(said) if said.isascii() and said.isdecimal() else NO_REVISION


def to_event(event_id: int) -> AnyResponse:
    """Go to the page of an event."""
    return redirect(url_for("events.show", event_id=event_id), 303)


def _what_happens(event: Event) -> str:
    if not event.email_reminder:
        return "Reminders are off for it."
    return (
        "Its reminders are planned."
        if event.attendees
        else "Nobody is on its list yet, so nobody is reminded."
    )
