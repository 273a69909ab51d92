"""What a report has to say: its sections and their figures, in one table. A new section is one more line of SECTIONS.

Titles are English and marked with `n_`, which only lets the collector of texts find them. Who shows one translates it:
a page by `_(section.title)` (gettext of Flask-Babel), a mail by `_(section.title)` in its template, everything else by
`wording.translated(section.title, locale)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from edupulse.reports import of_campaigns, of_events, of_jobs, of_mail, of_mailboxes, of_money

Number = int | float
Collect = Callable[[datetime, datetime], dict[str, Number]]
Series = Callable[[Sequence[datetime]], list[int]]


def n_(text: str) -> str:
    """Mark a text for the translators and return it as it is."""
    return text


@dataclass(frozen=True)
class Figure:
    """One number. Of money there is one for each currency, stored as "billed:EUR" in minor units."""

    key: str
    title: str
    kind: str = "count"  # count | money | seconds | share (0 to 1)
    good: str = ""  # the way it should go: up | down | "" (neither)


@dataclass(frozen=True)
class Section:
    """One part of a report. `collect(begin, end)` sums up; `series(edges)` counts between each edge and the next."""

    key: str
    title: str
    figures: tuple[Figure, ...]
    collect: Collect
    series: Series
    counted: str  # what its chart shows, in words

    def figure(self, stored: str) -> Figure | None:
        """Return the figure that a stored key ("billed:EUR") is about."""
        return next((each for each in self.figures if each.key == stored.partition(":")[0]), None)


SECTIONS = (
    Section(
        "mail",
        n_("Mails"),
        (
            Figure("accepted", n_("Mails accepted")),
            Figure("sent", n_("Sent")),
            Figure("open", n_("Still waiting"), good="down"),
            Figure("bounced", n_("Came back"), good="down"),
            Figure("rejected", n_("Refused"), good="down"),
            Figure("unknown", n_("In doubt"), good="down"),
            Figure("suppressed", n_("Not sent: the person wants no mail")),
            Figure("cancelled", n_("Taken back")),
            Figure("reached", n_("Share that was sent"), "share", "up"),
            Figure("delay", n_("Average time until sent"), "seconds", "down"),
        ),
        of_mail.collect,
        of_mail.series,
        n_("Mails accepted"),
    ),
    Section(
        "campaigns",
        n_("Campaigns"),
        (
            Figure("launched", n_("Campaigns launched")),
            Figure("mails", n_("Their mails")),
            Figure("sent", n_("Sent")),
            Figure("open", n_("Still waiting"), good="down"),
            Figure("failed", n_("Mails that failed"), good="down"),
        ),
        of_campaigns.collect,
        of_campaigns.series,
        n_("Campaigns launched"),
    ),
    Section(
        "events",
        n_("Events"),
        (
            Figure("dates", n_("Dates that took place")),
            Figure("reminders", n_("Reminders")),
            Figure("notices", n_("Notices of changes and cancellations"), good="down"),
            Figure("failed", n_("Mails about events that failed"), good="down"),
        ),
        of_events.collect,
        of_events.series,
        n_("Dates that took place"),
    ),
    Section(
        "mailboxes",
        n_("Mailboxes"),
        (
            Figure("received", n_("Messages received")),
            Figure("bounce", n_("Bounces"), good="down"),
            Figure("complaint", n_("Complaints"), good="down"),
            Figure("auto_reply", n_("Automatic answers")),
            Figure("unsubscribe", n_("Wishes to get no more mail"), good="down"),
            Figure("calendar", n_("Answers to invitations")),
            Figure("reply", n_("Answers to our mails")),
            Figure("other", n_("Other messages")),
            Figure("attention", n_("Somebody should look at"), good="down"),
            Figure("quarantined", n_("Set aside because of an error"), good="down"),
        ),
        of_mailboxes.collect,
        of_mailboxes.series,
        n_("Messages received"),
    ),
    Section(
        "finance",
        n_("Bills and payments"),
        (
            Figure("bills", n_("Bills entered")),
            Figure("billed", n_("Billed"), "money"),
            Figure("payments", n_("Payments entered")),
            Figure("received", n_("Received"), "money", "up"),
            Figure("revenue", n_("Received, by the day of receipt"), "money"),
            Figure("open", n_("Open at the end"), "money"),
            Figure("overdue", n_("Overdue at the end"), "money", "down"),
            Figure("reminders", n_("Reminders of bills")),
        ),
        of_money.collect,
        of_money.series,
        n_("Payments entered"),
    ),
    Section(
        "jobs",
        n_("Jobs"),
        (
            Figure("accepted", n_("Jobs accepted")),
            Figure("finished", n_("Finished")),
            Figure("failed", n_("Failed"), good="down"),
            Figure("cancelled", n_("Cancelled")),
            Figure("open", n_("Not over yet"), good="down"),
            Figure("retried", n_("Tried more than once"), good="down"),
            Figure("succeeded", n_("Share that finished"), "share", "up"),
        ),
        of_jobs.collect,
        of_jobs.series,
        n_("Jobs accepted"),
    ),
)

KIND_TITLES = {
    "hourly": n_("Hourly report"),
    "daily": n_("Daily report"),
    "weekly": n_("Weekly report"),
    "monthly": n_("Monthly report"),
}


def section(key: str) -> Section | None:
    """Return the section of that key; None for one that an older version had."""
    return next((each for each in SECTIONS if each.key == key), None)
