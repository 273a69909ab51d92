"""The event form: what was typed becomes a draft; one that is refused comes back with every word."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from werkzeug.datastructures import MultiDict

from edupulse.config import Settings
from edupulse.errors import Invalid
from edupulse.mail.render import LOCALES
from edupulse.reminders.attendee_lines import read_lines, write_lines
from edupulse.reminders.drafts import EventDraft, checked
from edupulse.walltime import to_local
from edupulse.web.lead_words import other_leads, read_leads
from edupulse.web.problems import Problems, refusals
from edupulse.web.repeat_form import from_rule, to_rule

FIELDS = {  # the names under which a refusal may come, and the field beside which it is shown
    "starts": "start_date",
    "ends": "end_date",
    "rrule": "rrule",
    "latitude": "latitude",
    "longitude": "longitude",
    "start_date": "start_date",
    "end_date": "end_date",
    "title": "title",
    "description": "description",
    "location": "location",
    "timezone": "timezone",
    "leads": "leads",
    "attendees": "attendees",
    "repeat": "repeat",
    "every": "every",
    "until": "until",
    "count": "count",
}

SOME_DAY = datetime(2000, 1, 1)  # stands in for a start that cannot be read while the rest is checked  # noqa: DTZ001


@dataclass
class EventForm:
    """What stands in the fields, and what is wrong with it."""

    values: MultiDict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, starts: datetime, ends: datetime, *, all_day: bool, location: str) -> EventForm:
        """Return the form of one date; of an all-day event `ends` is the midnight after its last day."""
        last = ends - timedelta(days=1) if all_day else ends
        return cls(
            MultiDict({**_times(starts, last), "location": location, "all_day": "on" if all_day else ""})
        )

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def chosen(self, name: str, value: str) -> bool:
        """Say whether a box or a radio button is on."""
        return value in self.values.getlist(name)

    def refuse(self, error: Invalid) -> None:
        """Put a refusal beside its fields; what belongs to none stands above the form."""
        for name, sentence in refusals(error).items():
            shown = FIELDS.get(str(name)) or ("attendees" if str(name).startswith("Attendee") else "")
            self.errors[shown] = f"{self.errors[shown]} {sentence}" if shown in self.errors else str(sentence)


def blank(now: datetime, settings: Settings) -> EventForm:
    """Return the form of a new event: tomorrow at the next full hour, for an hour."""
    start = to_local(now, settings.timezone).replace(minute=0, second=0, microsecond=0) + timedelta(
        days=1, hours=1
    )
    return EventForm(
        MultiDict(
            {
                **_times(start, start + timedelta(hours=1)),
                "timezone": settings.timezone,
                "repeat": "none",
                "email_reminder": "on",
            }
        )
    )


def filled(draft: EventDraft, default_locale: str, revision: int | None = None) -> EventForm:
    """Return the form that describes `draft`; `revision` is that of the event it will change."""
    ends = draft.ends or draft.starts
    values = MultiDict(
        {
            "title": draft.title,
            "description": draft.description,
            **_times(draft.starts, ends),
            "timezone": draft.timezone,
            "location": draft.location,
            "latitude": _degrees_text(draft.latitude),
            "longitude": _degrees_text(draft.longitude),
            "attendees": write_lines(draft.attendees, default_locale),
            "other_leads": other_leads(draft.leads),
            "all_day": "on" if draft.all_day else "",
            "email_reminder": "on" if draft.email_reminder else "",
            "revision": "" if revision is None else str(revision),
        }
    )
    values.setlist("lead", [str(minutes) for minutes in draft.leads])
    for name, chosen in from_rule(draft.rrule, draft.starts).items():
        values.setlist(name, chosen)
    return EventForm(values)


def read(form: EventForm) -> EventDraft:
    """Return the draft that the form describes; raises Invalid with a sentence for each bad field."""
    values, problems = form.values, Problems()
    starts, ends = _read_times(form, problems)
    rrule = problems.of("rrule", lambda: to_rule(values, starts) if starts else None)
    leads = problems.of("leads", lambda: read_leads(values.getlist("lead"), values.get("other_leads", "")))
    attendees = problems.of("attendees", lambda: read_lines(values.get("attendees", "")))
    latitude = problems.of("latitude", lambda: _degrees(values, "latitude"))
    longitude = problems.of("longitude", lambda: _degrees(values, "longitude"))
    draft = EventDraft(
        title=values.get("title", ""),
        description=values.get("description", ""),
        starts=starts or SOME_DAY,
        ends=ends if starts else None,
        all_day=form.chosen("all_day", "on"),
        timezone=values.get("timezone", "").strip(),
        location=values.get("location", ""),
        latitude=latitude,
        longitude=longitude,
        rrule=rrule,
        leads=leads or [],
        email_reminder=form.chosen("email_reminder", "on"),
        attendees=attendees or [],
    )
    if problems.fields:
        # What can be read is checked all the same, so that one correction round is enough.
        problems.of("", lambda: checked(draft, default_zone="UTC", default_locale=LOCALES[0]))
    problems.raise_any()
    return draft


def read_times(form: EventForm) -> tuple[datetime | None, datetime | None]:
    """Return the start and the end that the form names; raises Invalid with a sentence for each."""
    problems = Problems()
    starts, ends = _read_times(form, problems)
    problems.raise_any()
    return starts, ends


def _times(start: datetime, end: datetime) -> dict[str, str]:
    return {
        "start_date": f"{start:%Y-%m-%d}",
        "start_time": f"{start:%H:%M}",
        "end_date": f"{end:%Y-%m-%d}",
        "end_time": f"{end:%H:%M}",
    }


def _read_times(form: EventForm, problems: Problems) -> tuple[datetime | None, datetime | None]:
    values, all_day = form.values, form.chosen("all_day", "on")
    starts = problems.of("start_date", lambda: _local(values, "start", all_day))
    ends = problems.of("end_date", lambda: _local(values, "end", all_day) if values.get("end_date") else None)
    return starts, ends


def _local(values: MultiDict[str, str], which: str, all_day: bool) -> datetime:
    day, clock = values.get(f"{which}_date", "").strip(), values.get(f"{which}_time", "").strip()
    try:
        return datetime.combine(date.fromisoformat(day), time() if all_day else time.fromisoformat(clock))
    except ValueError:
        missing = "date" if not day else "time"
        cure = (
            "Choose a date, for example 2026-03-12."
            if all_day
            else "Choose a date and a time, for example 2026-03-12 and 18:30."
        )
        raise Invalid(f"The {which} has no usable {missing}.", cure=cure, field=f"{which}_date") from None


def _degrees_text(degrees: float | None) -> str:
    return "" if degrees is None else f"{degrees:.6f}".rstrip("0").rstrip(".")


def _degrees(values: MultiDict[str, str], name: str) -> float | None:
    text = values.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise Invalid(
            f"The {name} is not a number.", cure="Write degrees, for example 52.5163.", field=name
        ) from None
