"""The table of settings: each variable of the environment, how it is checked, its default, what it means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edupulse import values
from edupulse.values import Check


@dataclass(frozen=True)
class Variable:
    """One line of the settings table: the check turns text into a value or says what it should be."""

    name: str
    check: Check
    default: str | None
    meaning: str
    in_production: bool = False

    @property
    def attribute(self) -> str:
        return self.name.removeprefix("EDUPULSE_").lower()

    @property
    def may_be_shown(self) -> bool:
        """Say whether a bad value may stand in the message about it: an address may carry a password."""
        return self.check not in (
            values.secret,
            values.keys,
            values.backup_key,
            values.database,
            values.redis,
            values.storage,
        )


# One line per setting: name, check, embedded default, what it means and its unit, required in production.
VARIABLES = (
    Variable(
        "EDUPULSE_PROFILE",
        values.one_of("embedded", "production"),
        "embedded",
        "embedded keeps everything in the data folder",
    ),
    Variable(
        "EDUPULSE_DATA_DIR",
        lambda value: Path(value).absolute(),
        "var",
        "folder for the database, sockets, logs and the journal of sending; on a disk of this machine",
    ),
    Variable(
        "DATABASE_URL",
        values.database,
        None,
        "SQLite or PostgreSQL; embedded default: edupulse.db in the data folder",
        True,
    ),
    Variable(
        "REDIS_URL",
        values.redis,
        None,
        "Redis by TCP, TLS, Sentinels or Unix socket; embedded default: a socket in the data folder",
        True,
    ),
    Variable(
        "SECRET_KEY",
        values.secret,
        None,
        "signs sessions; embedded default: made once and kept in the data folder",
        True,
    ),
    Variable(
        "ENCRYPTION_KEYS",
        values.keys,
        None,
        "encrypt the passwords of mailboxes, the newest first; embedded default: made once and kept in the data folder",
        True,
    ),
    Variable(
        "STORAGE_URL",
        values.storage,
        None,
        "where received mails are kept, file:// or s3://; embedded default: storage in the data folder",
    ),
    Variable(
        "BASE_URL",
        values.web_address,
        None,
        "where people reach the web pages, links in mails begin with it; embedded default: 127.0.0.1",
        True,
    ),
    Variable("TIMEZONE", values.zone, "UTC", "the organisation's IANA time zone"),
    Variable("EDUPULSE_LOCALE", values.one_of("en", "zh"), "en", "the organisation's language"),
    Variable("LOG_LEVEL", values.one_of("debug", "info", "warning", "error"), "info", "how much is logged"),
    Variable(
        "EDUPULSE_LOG_FORMAT",
        values.one_of("text", "json"),
        "text",
        "one line of text or one JSON object per event",
    ),
    Variable("EDUPULSE_HOST", values.text, "127.0.0.1", "address the embedded web server listens on"),
    Variable("EDUPULSE_PORT", values.whole(1, 65535), "8080", "port the embedded web server listens on"),
    Variable("EDUPULSE_WORKERS", values.whole(1, 64), "2", "worker processes of the embedded stack"),
    Variable(
        "API_RATE_LIMIT",
        values.whole(0, 10**9 - 1),
        "100",
        "calls of the API that one token may make in a minute; 0: no limit",
    ),
    Variable("WORKER_THREADS", values.whole(1, 64), "6", "jobs that one worker process works on at once"),
    Variable("WORKER_MEMORY_MB", values.whole(64, 65536), "400", "a worker larger than this is renewed"),
    Variable(
        "WORKER_MAX_JOBS", values.whole(1, 10**9 - 1), "1000000", "a worker is renewed after so many jobs"
    ),
    Variable("WORKER_MAX_HOURS", values.whole(1, 8760), "24", "a worker is renewed after so many hours"),
    Variable(
        "WORKER_GRACE", values.seconds(0, 3600), "20", "seconds that running jobs have when a worker must end"
    ),
    Variable("JOB_HISTORY_DAYS", values.whole(1, 3650), "90", "days that job runs stay in the history"),
    Variable("SMTP_SERVER", values.text, "", "host of the mail server; empty: mail waits until it is set"),
    Variable("SMTP_PORT", values.whole(1, 65535), "587", "port of the mail server"),
    Variable("SMTP_USERNAME", values.text, "", "login at the mail server; empty: no login"),
    Variable(
        "SMTP_PASSWORD", values.secret, "", "password, app password or authorisation code of that login"
    ),
    Variable(
        "SMTP_SECURITY", values.one_of("starttls", "tls", "none"), "starttls", "encryption of the connection"
    ),
    Variable("DEFAULT_FROM_EMAIL", values.mail_address, "", "sender of our mails; empty: SMTP_USERNAME"),
    Variable("EMAIL_PROVIDER", values.text, "auto", "provider profile; auto: recognised from SMTP_SERVER"),
    Variable(
        "EMAIL_TIMEOUT", values.seconds(1, 600), "60", "seconds for connecting and for each SMTP command"
    ),
    Variable(
        "EMAIL_ACCEPT_TIMEOUT",
        values.seconds(1, 1200),
        "600",
        "seconds to wait for the answer after the final dot (RFC 5321 4.5.3.2.6)",
    ),
    Variable(
        "BULK_EMAIL_BATCH_SIZE", values.whole(1, 1000), "20", "mails of a campaign that go out in one batch"
    ),
    Variable(
        "BULK_EMAIL_BATCH_DELAY",
        values.seconds(0, 3600),
        "0.5",
        "seconds from the start of one batch to the next, counted over all workers and campaigns",
    ),
    Variable(
        "EMAIL_DAILY_QUOTA",
        values.whole(0, 10**9 - 1),
        None,
        "mails in any 24 hours in a row; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "EMAIL_PER_MINUTE",
        values.whole(0, 10**9 - 1),
        None,
        "mails in any 60 seconds; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "EMAIL_PER_SECOND",
        values.rate,
        None,
        "mails in any second, 0.5 is one in two; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "EMAIL_CONNECTIONS",
        values.whole(0, 64),
        None,
        "connections to the mail server at once, over all workers; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "BOUNCE_ADDRESS",
        values.plus_address,
        "",
        "polled mailbox that takes name+anything@domain: bounces then name the mail they are about; empty: not used",
    ),
    Variable(
        "DKIM_DOMAIN", values.domain, "", "domain that signs our mails (DKIM); empty: the mail server signs"
    ),
    Variable("DKIM_SELECTOR", values.selector, "", "name of the DKIM key in DNS, before ._domainkey"),
    Variable("DKIM_KEY_FILE", values.text, "", "file with the private RSA key of DKIM, in PEM"),
    Variable(
        "MAILBOX_POLL_INTERVAL",
        values.whole(10, 86400),
        "60",
        "seconds between two polls of a mailbox, where it says nothing else",
    ),
    Variable(
        "REMINDER_ADVANCE_MINUTES",
        values.whole(1, 40320),
        "15",
        "minutes before an event when nothing else is chosen; at most four weeks",
    ),
    Variable("CURRENCY", values.currency, "EUR", "currency of a bill that names none, by ISO 4217"),
    Variable(
        "BILL_REMINDER_DAYS",
        values.days_around,
        "7,1,0,-3,-10",
        "days before the due date on which people are reminded of a bill, those after it below zero; 0: the day itself",
    ),
    Variable(
        "BILL_REMINDER_HOUR",
        values.whole(0, 23),
        "9",
        "hour of the day, in the organisation's zone, from which reminders of bills leave",
    ),
    Variable(
        "EXPORT_KEEP_HOURS", values.whole(1, 8760), "72", "hours that a finished export can be downloaded"
    ),
    Variable("NOTIFICATION_KEEP_DAYS", values.whole(1, 3650), "90", "days that notifications are kept"),
    Variable(
        "DATA_KEEP_DAYS",
        values.classes,
        "",
        "days that classes of data are kept where it is not the default, such as letters=365,inbound=730; "
        "0: for ever; `python cli.py cleanup list` names them",
    ),
    Variable(
        "BACKUP_DIR", values.text, None, "folder for backups; embedded default: backups in the data folder"
    ),
    Variable(
        "BACKUP_KEEP_DAYS", values.whole(1, 3650), "14", "days that backups are kept; the newest always is"
    ),
    Variable(
        "BACKUP_KEY",
        values.backup_key,
        "",
        "encrypts backups; keep a copy elsewhere, nothing opens them without it; empty: they are not encrypted",
    ),
)
