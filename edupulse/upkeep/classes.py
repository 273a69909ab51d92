"""Every class of data that does not stay for ever: how long it is kept, what goes then, and what stays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from edupulse.accounts.models import ApiToken, AuditEntry, SignInAttempt
from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.exports.models import Export
from edupulse.finance.models import Bill, BillReminder
from edupulse.mail.models import Attempt, Delivery, DeliveryContent
from edupulse.reports.models import Report
from edupulse.upkeep import ages
from edupulse.upkeep.amount import Old
from edupulse.upkeep.old_events import OldEvents
from edupulse.upkeep.old_messages import OldMessages
from edupulse.upkeep.old_notifications import OldNotifications
from edupulse.upkeep.old_rows import OldRows

SETTING = "DATA_KEEP_DAYS"


def n_(text: str) -> str:
    """Mark a text that pages translate where they show it."""
    return text


@dataclass(frozen=True)
class DataClass:
    """One class of data; a default of 0 days keeps it for ever."""

    key: str
    title: str
    default_days: int
    goes: str
    stays: str
    old: Old
    setting: str = SETTING  # that says for how many days

    @property
    def days(self) -> int:
        """Return for how many days it is kept here, 0 for ever."""
        settings = current_settings()
        if self.setting != SETTING:
            return int(getattr(settings, self.setting.lower()))
        return settings.data_keep_days.get(self.key, self.default_days)

    def until(self, now: datetime) -> datetime | None:
        """Return the instant before which it goes, None where it is kept for ever."""
        return now - timedelta(days=self.days) if self.days else None


CLASSES = (
    DataClass(
        "letters",
        n_("Texts of mails"),
        365,
        n_("What a mail said, with its attachments, once it is settled."),
        n_(
            "The mail's row, for ever: it is why nobody is mailed twice. The text of a mail that is open or in doubt."
        ),
        OldRows(DeliveryContent, DeliveryContent.delivery_id, ages.letters, held=Delivery),
    ),
    DataClass(
        "attempts",
        n_("Tries to send"),
        365,
        n_("Each try at a mail that is settled: server, answer, time taken."),
        n_("The mail's row with what became of it. The tries at a mail that is open or in doubt."),
        OldRows(Attempt, Attempt.id, ages.attempts, held=Delivery),
    ),
    DataClass(
        "inbound",
        n_("Received messages"),
        0,
        n_("The bytes and the text of a message that is dealt with."),
        n_(
            "That it came, from whom, its subject, what was done. Whatever waits for a person or lies in quarantine."
        ),
        OldMessages(),
    ),
    DataClass(
        "events",
        n_("Past events"),
        # A report of a month compares it with the month before: both must still be there when it is made.
        92,
        n_("Events that have ended, with their people and reminders."),
        n_("Their mails. Events of which a reminder is planned or a mail is open or in doubt."),
        OldEvents(),
    ),
    DataClass(
        "bill_reminders",
        n_("Reminders of bills"),
        0,
        n_("Which reminders went out, of bills that are paid or void."),
        n_("The bills, their payments and the mails. Reminders of unpaid bills."),
        OldRows(BillReminder, BillReminder.id, ages.bill_reminders, held=Bill),
    ),
    DataClass(
        "hourly_reports",
        n_("Hourly reports"),
        90,
        n_("Reports of single hours."),
        n_("Reports of days, weeks and months."),
        OldRows(Report, Report.id, ages.hourly_reports),
    ),
    DataClass(
        "reports",
        n_("Other reports"),
        0,
        n_("Reports of days, weeks and months."),
        n_("The mails, bills and jobs that they tell of."),
        OldRows(Report, Report.id, ages.other_reports),
    ),
    DataClass(
        "notifications",
        n_("Notifications"),
        90,
        n_("What people were told in the site, read or not."),
        n_("The mails that told them."),
        OldNotifications(),
        setting="NOTIFICATION_KEEP_DAYS",
    ),
    DataClass(
        "exports",
        n_("Past exports"),
        365,
        n_("Who asked for which file, when its file is gone."),
        n_("Files that can be downloaded: they go by EXPORT_KEEP_HOURS, each hour."),
        OldRows(Export, Export.id, ages.exports),
    ),
    DataClass(
        "audit",
        n_("Audit log"),
        730,
        n_("Who did what, and when."),
        n_("The word of a person that an address may be written to again."),
        OldRows(AuditEntry, AuditEntry.id, ages.audit_entries),
    ),
    DataClass(
        "tokens",
        n_("Dead tokens"),
        90,
        n_("Tokens of programs that were revoked or have expired."),
        n_("Tokens that can be used."),
        OldRows(ApiToken, ApiToken.id, ages.tokens),
    ),
    DataClass(
        "sign_in",
        n_("Failed sign-ins"),
        30,
        n_("Tries to sign in that did not succeed."),
        n_("Those of the last minutes, which slow down guessing."),
        OldRows(SignInAttempt, SignInAttempt.id, ages.sign_in_attempts),
    ),
)
KEYS = tuple(each.key for each in CLASSES)


def chosen(keys: Collection[str] | None = None) -> list[DataClass]:
    """Return the classes of these keys, all for None, in their order. Raises Invalid for one that there is not."""
    check_settings()
    if keys is None:
        return list(CLASSES)
    _require_known(keys, "classes")
    return [each for each in CLASSES if each.key in keys]


def check_settings() -> None:
    """Raise Invalid where DATA_KEEP_DAYS names a class that there is not: it would be thought to be in force."""
    named = current_settings().data_keep_days
    _require_known(named, SETTING)
    for each in CLASSES:
        if each.key in named and each.setting != SETTING:
            cure = f"Set {each.setting} instead."
            raise Invalid(f"{SETTING}: “{each.key}” has a setting of its own.", cure=cure, field=SETTING)


def _require_known(keys: Collection[str], field: str) -> None:
    if unknown := sorted(set(keys) - set(KEYS)):
        raise Invalid(
            f"{field}: there is no class of data “{unknown[0][:60]}”.",
            cure=f"Classes are: {', '.join(KEYS)}.",
            field=field,
        )
