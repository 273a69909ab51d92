"""Every job there is: its queue, its limits, its schedule, in one table."""

from __future__ import annotations

from edupulse.control.catalog import JobSpec, Timing
from jobs import (
    campaigns,
    diagnostics,
    exports,
    finance,
    jobs,
    mail,
    mailboxes,
    notifications,
    reminders,
    reports,
    upkeep,
)

# Each minute is the net under the exact wake-ups; one run for all missed minutes is enough.
EACH_MINUTE = Timing(cron="* * * * *", misfire="once", max_lateness_seconds=3600)
EACH_NIGHT = Timing(cron="40 3 * * *", misfire="once", max_lateness_seconds=86_400)
BEFORE_DAWN = Timing(cron="30 3 * * *", misfire="once", max_lateness_seconds=86_400)
EACH_FIVE_MINUTES = Timing(cron="*/5 * * * *", misfire="once", max_lateness_seconds=3600)
AT_TWO = Timing(cron="0 2 * * *", misfire="once", max_lateness_seconds=86_400)
HALF_PAST_TWO = Timing(cron="30 2 * * *", misfire="once", max_lateness_seconds=86_400)
AT_FOUR = Timing(cron="0 4 * * *", misfire="once", max_lateness_seconds=86_400)
AFTER_FOUR = Timing(cron="20 4 * * *", misfire="once", max_lateness_seconds=86_400)
AFTER_MIDNIGHT = Timing(cron="10 0 * * *", misfire="once", max_lateness_seconds=86_400)
MONDAYS_AT_TEN = Timing(cron="0 10 * * 1", misfire="once", max_lateness_seconds=7 * 86_400)
EACH_FIRST = Timing(cron="0 0 1 * *", misfire="once", max_lateness_seconds=31 * 86_400)
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
    JobSpec(
        "finance.check_pending_bills",
        finance.check_pending_bills,
        "finance",
        "Mark overdue bills, plan and send the reminders whose time has come.",
        EACH_MINUTE,
    ),
    JobSpec(
        "finance.send_bill_reminders",
        finance.send_bill_reminders,
        "finance",
        "Send planned reminders of bills.",
    ),
    JobSpec(
        "finance.calculate_monthly_revenue",
        finance.calculate_monthly_revenue,
        "finance",
        "Add up what came in during a month; kept for an hour.",
    ),
    JobSpec("reports.hourly", reports.hourly, "reports", "Make the report of the last hour.", HOURLY),
    JobSpec("reports.daily", reports.daily, "reports", "Make the report of the last day.", AFTER_MIDNIGHT),
    JobSpec("reports.weekly", reports.weekly, "reports", "Make the report of the last week.", MONDAYS_AT_TEN),
    JobSpec("reports.monthly", reports.monthly, "reports", "Make the report of the last month.", EACH_FIRST),
    JobSpec(
        "notifications.watch", notifications.watch, "default", "Tell people of what went wrong.", EACH_MINUTE
    ),
    JobSpec(
        "notifications.send_notification_email",
        notifications.send_notification_email,
        "email",
        "Write the mail of one notification.",
    ),
    JobSpec(
        "notifications.cleanup_old_notifications",
        notifications.cleanup_old_notifications,
        "default",
        "Delete what people were told long ago.",
        AT_TWO,
    ),
    JobSpec("jobs.count", jobs.count, "default", "Count the jobs of hours that are over.", EACH_FIVE_MINUTES),
    JobSpec("jobs.prune", jobs.prune, "default", "Delete what has been kept long enough.", BEFORE_DAWN),
    # Read, packed and read again, a large database takes its time; nothing else may take that long.
    JobSpec(
        "upkeep.backup_database",
        upkeep.backup_database,
        "default",
        "Back up database, storage and Redis, and verify it.",
        HALF_PAST_TWO,
        soft_limit_seconds=14_040,
        hard_limit_seconds=14_400,
        retries=1,
        isolation="fork",
    ),
    JobSpec(
        "upkeep.cleanup_cache",
        upkeep.cleanup_cache,
        "default",
        "Empty the caches, remove leftovers.",
        AT_FOUR,
    ),
    # The first night after a change of DATA_KEEP_DAYS may have years to go through.
    JobSpec(
        "upkeep.cleanup_expired_data",
        upkeep.cleanup_expired_data,
        "default",
        "Delete data that has been kept long enough.",
        AFTER_FOUR,
        soft_limit_seconds=14_000,
        hard_limit_seconds=14_400,
    ),
    JobSpec("diagnostics.ping", diagnostics.ping, "default", "Answer with the worker's name."),
    JobSpec(
        "diagnostics.long_running",
        diagnostics.long_running,
        "default",
        "Take some seconds in steps, with progress; fail at one of them if asked to.",
    ),
    JobSpec(
        "exports.export_data",
        exports.export_data,
        "reports",
        "Write a table into the file that somebody asked for.",
        isolation="fork",
        soft_limit_seconds=14_000,
        hard_limit_seconds=14_400,
    ),
    JobSpec("exports.expire", exports.expire, "reports", "Delete exported files whose time is over.", HOURLY),
)
