"""The story of a bill as its page tells it: each thing that happened in the reader's language, with its tone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from edupulse.finance.models import Bill
from edupulse.finance.timeline import Entry
from edupulse.web.bill_refusals import spoken
from edupulse.web.bill_words import amount, bill_state, day, days_around, methods, reason


@dataclass(frozen=True)
class Line:
    """One thing that happened; the tone decides colour and shape."""

    at: datetime
    tone: str  # ok | live | wait | bad | doubt | mute
    title: str
    detail: str
    link: str


def story(entries: Iterable[Entry], bill: Bill) -> list[Line]:
    """Return the lines of the page, in the order of the entries."""
    return [_line(entry, bill) for entry in entries]


def _line(entry: Entry, bill: Bill) -> Line:
    tell = _TELLERS.get(entry.code)
    tone, title, detail = tell(entry.facts, bill) if tell else ("mute", entry.what, entry.detail)
    return Line(entry.at, tone, title, detail, entry.link)


Told = tuple[str, str, str]
Teller = Callable[[Mapping[str, Any], Bill], Told]


def _entered(facts: Mapping[str, Any], bill: Bill) -> Told:
    return "mute", _("Entered, over %(amount)s", amount=facts["amount"]), ""


def _changed(facts: Mapping[str, Any], bill: Bill) -> Told:
    before, after = facts["before"], facts["after"]
    changes = [
        _("%(name)s: %(before)s → %(after)s", name=_part(name), before=_said(name, before.get(name), bill),
          after=_said(name, value, bill))
        for name, value in after.items()
    ]  # fmt: skip
    return "mute", _("Changed by %(who)s", who=facts["actor"]), " · ".join(changes)


def _payment(facts: Mapping[str, Any], bill: Bill) -> Told:
    return "ok", _("%(amount)s came in", amount=facts["amount"]), _money(facts)


def _refund(facts: Mapping[str, Any], bill: Bill) -> Told:
    return "wait", _("%(amount)s went back", amount=facts["amount"]), _money(facts)


def _overdue(facts: Mapping[str, Any], bill: Bill) -> Told:
    return "bad", _("Overdue"), ""


def _paid(facts: Mapping[str, Any], bill: Bill) -> Told:
    return "ok", _("All of it is paid"), ""


def _void(facts: Mapping[str, Any], bill: Bill) -> Told:
    return "mute", _("Voided by %(who)s", who=facts["actor"]), str(facts["after"].get("reason", ""))


def _unvoid(facts: Mapping[str, Any], bill: Bill) -> Told:
    return "live", _("It holds again, by %(who)s", who=facts["actor"]), ""


def _reminder(facts: Mapping[str, Any], bill: Bill) -> Told:
    when = _("by hand") if facts["by_hand"] else days_around(facts["days"])
    title = _("Reminder: %(when)s", when=when)
    if facts["delivery_state"]:
        tone, label = _mail(facts["delivery_state"])
        why = facts["delivery_reason"] if tone in ("bad", "doubt", "mute") else ""
        return tone, title, " · ".join(filter(None, (label, facts["address"], spoken(reason(why)))))
    if facts["state"] == "planned":
        return "wait", title, _("It goes out in a moment.")
    return "mute", title, reason(facts["reason"])


_TELLERS: dict[str, Teller] = {
    "entered": _entered, "changed": _changed, "payment": _payment, "refund": _refund, "overdue": _overdue,
    "paid": _paid, "void": _void, "unvoid": _unvoid, "reminder": _reminder,
}  # fmt: skip


def _money(facts: Mapping[str, Any]) -> str:
    how = methods().get(facts["method"], facts["method"])
    return " · ".join(filter(None, (day(facts["received_on"]), how, facts["reference"], facts["note"])))


def _part(name: str) -> str:
    return {
        "title": _("What for"),
        "note": _("In the mail"),
        "amount_minor": _("Amount"),
        "due_on": _("Due on"),
        "issued_on": _("Issued on"),
        "remind": _("Reminders"),
        "person_id": _("Person"),
        "state": _("State"),
    }.get(name, name)


def _said(name: str, value: Any, bill: Bill) -> str:
    """Return a value of the audit log as people read it."""
    if name == "amount_minor":
        return amount(value, bill.currency)
    if name in ("due_on", "issued_on"):
        return day(date.fromisoformat(value))
    if name == "remind":
        return _("by mail") if value else _("none")
    if name == "state":
        return bill_state(value).label
    return f"#{value}" if name == "person_id" else str(value or "–")


def _mail(state: str) -> tuple[str, str]:
    """Return how the state of a mail looks and what it is called."""
    return {
        "queued": ("wait", pgettext("mail", "Waiting to leave")),
        "sending": ("live", pgettext("mail", "Leaving")),
        "sent": ("ok", pgettext("mail", "Sent")),
        "deferred": ("wait", pgettext("mail", "Tried again later")),
        "rejected": ("bad", pgettext("mail", "Refused")),
        "unknown": ("doubt", pgettext("mail", "It may or may not have arrived")),
        "suppressed": ("mute", pgettext("mail", "Not sent: this address must not be written to")),
        "cancelled": ("mute", pgettext("mail", "Called off")),
        "bounced": ("bad", pgettext("mail", "Came back")),
    }.get(state, ("mute", state))
