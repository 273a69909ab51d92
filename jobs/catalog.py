"""Every job there is: its queue, its limits, its schedule, in one table."""

from __future__ import annotations

from edupulse.control.catalog import JobSpec, Timing
from jobs import campaigns, diagnostics, jobs, mail, mailboxes, reminders

# Each minute is the net under the exact wake-ups; one run for all missed minutes is enough.
EACH_MINUTE = Timing(cron="* * * * *", misfire="once", max_lateness_seconds=3600)
EACH_NIGHT = Timing(cron="40 3 * * *", misfire="once", max_lateness_seconds=86_400)
BEFORE_DAWN = Timing(cron="30 3 * * *", misfire="once", max_lateness_seconds=86_400)
EACH_FIVE_MINUTES = Timing(cron="*/5 * * * *", misfire="once", max_lateness_seconds=3600)
HOURLY = Timing(cron="0 * * * *", misfire="once", max_lateness_seconds=86_400)

CATALOG = (
    JobSpec(
        "reminders.check", reminders.check, "reminders", "Hand over each reminder that is due.", EACH_MINUTE
    ),
    JobSpec("reminders.plan", reminders.plan, "reminders", "Plan the coming occurrences of series.", HOURLY),
    JobSpec("reminders.send_now", reminders.send_now, "reminders", "Send one event's reminder now."),
    JobSpec("mail.deliver", mail.deliver, "email", "Send these mails, each at most once."),
    # Reminders and whatever else somebody waits for go first.
    JobSpec("mail.pump", mail.pump, "email", "Send of the mailings that are under way.", priority=-1),
    JobSpec("mail.sweep", mail.sweep, "email", "Settle abandoned mails, hand over what waits.", EACH_MINUTE),
    JobSpec(
        "campaigns.launch", campaigns.launch, "email", "Freeze a campaign's recipients and let it leave."
    ),
    JobSpec("campaigns.settle", campaigns.settle, "email", "Finish a campaign of which nothing is open."),
    JobSpec(
        "campaigns.sweep",
        campaigns.sweep,
        "email",
        "Launch what is due, restart what stands still.",
        EACH_MINUTE,
    ),
    # A poll that fails is tried again by its own schedule, later and later.
    JobSpec(
        "mailboxes.poll",
        mailboxes.poll,
        "poll",
        "Fetch what is new in one mailbox.",
        retries=0,
        keep_days=7,
    ),
    JobSpec(
        "mailboxes.process",
        mailboxes.process,
        "poll",
        "Read one message and give it to whoever deals with it.",
        priority=-1,
        soft_limit_seconds=30,
        hard_limit_seconds=60,
    ),
    JobSpec(
        "mailboxes.handle", mailboxes.handle, "poll", "Try again what a handler could not do.", priority=-1
    ),
    JobSpec("mailboxes.sweep", mailboxes.sweep, "poll", "Hand over messages that wait.", EACH_MINUTE),
    JobSpec("mailboxes.audit", mailboxes.audit, "poll", "Compare the servers with the ledger.", EACH_NIGHT),
    JobSpec("jobs.count", jobs.count, "default", "Count the jobs of hours that are over.", EACH_FIVE_MINUTES),
    JobSpec("jobs.prune", jobs.prune, "default", "Delete what has been kept long enough.", BEFORE_DAWN),
    JobSpec("diagnostics.ping", diagnostics.ping, "default", "Answer with the worker's name."),
)
