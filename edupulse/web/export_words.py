"""Exports in words, said in the reader's language by the page: states, what narrows a table, what is wrong."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from edupulse.errors import Invalid
from edupulse.exports.models import Export
from edupulse.exports.orders import MOST_UNDER_WAY
from edupulse.exports.table import Table
from edupulse.notifications.speech import n_
from edupulse.web.words import State

STATES = {
    "queued": State("wait", n_("Waiting"), n_("It begins as soon as a worker is free.")),
    "running": State("live", n_("Being written"), n_("A worker writes it, part by part.")),
    "done": State("ok", n_("Ready"), n_("The file can be downloaded until it expires.")),
    "failed": State("bad", n_("Failed"), n_("It could not be written; the reason is beside it.")),
    "cancelled": State("mute", n_("Called off"), n_("It was stopped before it was whole.")),
    "expired": State("mute", n_("Gone"), n_("The file is not kept any more; ask for it again.")),
}

FORMATS = {
    "csv": (n_("CSV"), n_("For every spreadsheet program. Nothing in it is computed when it is opened.")),
    "xlsx": (n_("Excel"), n_("Days and amounts as values that can be sorted and summed.")),
    "jsonl": (n_("JSON lines"), n_("For programs: one object a line, times in UTC.")),
}

FILTERS = {
    "since": n_("From this day"),
    "until": n_("Through this day"),
    "state": n_("State"),
    "status": n_("Answer"),
    "kind": n_("Kind"),
    "address": n_("Address"),
    "mailing": n_("Number of the mailing"),
    "verdict": n_("Outcome"),
    "delivery": n_("Number of the mail"),
    "scope": n_("Which mail"),
    "campaign": n_("Number of the campaign"),
    "mailbox": n_("Number of the mailbox"),
    "event": n_("Number of the event"),
    "person": n_("Number of the person"),
    "bill": n_("Number of the bill in this program"),
    "currency": n_("Currency"),
    "method": n_("Way of paying"),
    "name": n_("Name of the job"),
    "queue": n_("Queue"),
    "actor": n_("Who did it"),
    "action": n_("What was done"),
    "subject": n_("To what"),
    "role": n_("Role"),
}


def problem_of(error: Invalid, table: Table) -> str:
    """Return what is wrong with one field, in the reader's language."""
    name = str(error.facts.get("field") or "")
    if name == "format":
        return _("Choose one of the kinds of file.")
    shapes = {each.name: each.shape for each in table.every_filter}
    if shapes.get(name) == "day":
        return _("This is no day. Write it as 2026-03-12.")
    if shapes.get(name) == "choice":
        return _("Choose one of the list, or leave it open.")
    return _("This cannot be meant here. Write a number where one is asked for, or leave it empty.")


def too_many() -> str:
    """Return why no more is accepted now, in the reader's language."""
    return _(
        "You have %(limit)s exports under way, which is as many as one may have. Wait until one is done, or call one"
        " off.",
        limit=MOST_UNDER_WAY,
    )


def progress_of(export: Export) -> str:
    """Return how far an export is: "20 000 of 1 000 000 rows"."""
    if export.total is None:
        return _("It has not begun yet.")
    return ngettext(
        "%(rows)s of %(total)s row", "%(rows)s of %(total)s rows", export.total,
        rows=f"{export.rows:,}", total=f"{export.total:,}",
    )  # fmt: skip
