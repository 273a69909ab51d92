"""The form of a schedule: what stands in its fields becomes the change that an operator wants."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from edupulse.control.models import Schedule
from edupulse.control.schedule_changes import Change
from edupulse.errors import Conflict, Invalid
from edupulse.web.form import Form
from edupulse.web.instants import whole

FIELDS = ("cron", "interval_seconds", "timezone", "misfire", "max_lateness_seconds", "overlap")
SHOWN_AT = {**{name: name for name in FIELDS}, "interval": "interval_seconds"}
MISFIRES = {
    "once": ("Once", "One run makes up for all that were missed."),
    "skip": ("Not at all", "It goes on with the next one that is due."),
    "all": ("Each one", "Every missed run is made up for, one after the other."),
}
OVERLAPS = {
    "skip": ("Wait for it", "No second run begins before the first is over."),
    "allow": ("Begin all the same", "Several runs may be under way at once."),
}


def filled(row: Schedule) -> Form:
    """Return the form that describes a schedule as it runs now."""
    values = {name: str(getattr(row, name) or "") for name in FIELDS}
    return Form(MultiDict({**values, "by": "cron" if row.cron else "interval"}))


def read(form: Form, row: Schedule) -> Change:
    """Return what the form wants otherwise than `row`; raises Invalid naming the field."""
    wanted: dict[str, Any] = {
        **_recurrence(form),
        "timezone": form.value("timezone"),
        "misfire": form.value("misfire"),
        "max_lateness_seconds": _seconds(form, "max_lateness_seconds"),
        "overlap": form.value("overlap"),
    }
    return Change(
        **{name: value for name, value in wanted.items() if value not in (None, "", getattr(row, name))}
    )


def refuse(form: Form, error: Invalid | Conflict) -> None:
    """Put a refusal beside its field."""
    field = str(error.facts.get("field") or "")
    form.errors[SHOWN_AT.get(field, "")] = str(error)


def _recurrence(form: Form) -> dict[str, Any]:
    if form.value("by") == "interval":
        return {"interval_seconds": _seconds(form, "interval_seconds")}
    cron = " ".join(form.value("cron").split())
    if form.value("by") == "cron" and not cron:
        cure = "Write minute, hour, day, month and weekday, such as 30 2 * * *."
        raise Invalid("The cron expression is missing.", cure=cure, field="cron")
    return {"cron": cron}


def _seconds(form: Form, field: str) -> int | None:
    if field not in form.values:
        return None
    found = whole(form.value(field), "The number of seconds", field)
    if found is None:
        raise Invalid("The number of seconds is missing.", cure="Write 300 for five minutes.", field=field)
    return found
