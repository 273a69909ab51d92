"""The table of settings: each variable of the environment, how it is checked, its default, what it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from edupulse.secret import Secret
from edupulse.sentinel_url import is_sentinel_url, parse_sentinel_url

Check = Callable[[str], Any]


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
        return self.check not in (_secret, _keys, _backup_key, _database, _redis, _storage)


def _text(value: str) -> str:
    return value


def _secret(value: str) -> Secret:
    return Secret(value)


def _whole(low: int, high: int) -> Check:
    def check(value: str) -> int:
        if not re.fullmatch(r"-?\d{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"should be a whole number from {low} to {high}")
        return int(value)

    return check


def _seconds(low: float, high: float) -> Check:
    def check(value: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value) or not low <= float(value) <= high:
            raise ValueError(f"should be a number of seconds from {low:g} to {high:g}")
        return float(value)

    return check


def _rate(value: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", value):
        raise ValueError("should be a number of mails such as 14 or 0.5")
    return float(value)


def _one_of(*allowed: str) -> Check:
    def check(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError(f"should be one of {', '.join(allowed)}")
        return value.lower()

    return check


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("should be an IANA time zone such as Europe/Berlin or Asia/Shanghai")
    return value


_zones = cache(available_timezones)  # it reads the disk, and settings are read often


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValueError("should be a web address such as https://edupulse.example.org")
    return value.rstrip("/")


def _database(value: str) -> str:
    if value.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + value.split("://", 1)[1]
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("should begin with sqlite:/// or postgresql://")
    return value


def _redis(value: str) -> str:
    if is_sentinel_url(value):
        parse_sentinel_url(value)
    elif not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(
            "should begin with redis://, rediss://, redis+sentinel://, rediss+sentinel:// or unix://"
        )
    return value


def _keys(value: str) -> tuple[Secret, ...]:
    keys = [key.strip() for key in value.split(",") if key.strip()]
    for key in keys:
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):
            raise ValueError(
                "should be one or more keys, the newest first, separated by commas; "
                "`python cli.py mailboxes key` makes one"
            )
    return tuple(map(Secret, keys))


def _backup_key(value: str) -> Secret:
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{43}=", value):
        raise ValueError("should be a key; `python cli.py backup key` makes one")
    return Secret(value)


def _storage(value: str) -> str:
    if value and not re.fullmatch(r"(file|s3|memory)://.*", value):
        raise ValueError("should begin with file://, s3:// or memory://")
    return value.rstrip("/") if value != "memory://" else value


def _mail_address(value: str) -> str:
    if value and not re.fullmatch(r"[^@\r\n\0]*[^\s@<]@[^\s@>.]+(\.[^\s@>.]+)+>?", value):
        raise ValueError(
            "should be an e-mail address such as office@school.example or School <office@school.example>"
        )
    return value


def _plus_address(value: str) -> str:
    local = _mail_address(value).partition("@")[0]
    if len(local) > 32 or not re.fullmatch(r"[A-Za-z0-9._-]*", local):
        raise ValueError(
            "should be a plain address such as bounces@school.example, at most 32 characters before the @"
        )
    return value


def _domain(value: str) -> str:
    if value and not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", value.lower()):
        raise ValueError("should be a domain such as school.example")
    return value.lower()


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", value) or value.upper() not in _currencies():
        raise ValueError("should be a currency by ISO 4217 such as EUR, CNY or USD")
    return value.upper()


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def _days_around(value: str) -> tuple[int, ...]:
    days = [day.strip() for day in value.split(",") if day.strip()]
    if any(not re.fullmatch(r"-?\d{1,3}", day) for day in days) or len(days) > 20:
        raise ValueError(
            "should be days before the due date, parted by commas, those after it below zero: 7,1,0,-3,-10"
        )
    return tuple(sorted({int(day) for day in days}, reverse=True))


def _classes(value: str) -> dict[str, int]:
    pairs = [pair.strip() for pair in value.split(",") if pair.strip()]
    if any(not re.fullmatch(r"[a-z_]+=\d{1,5}", pair) for pair in pairs):
        raise ValueError(
            "should be classes with their days, such as letters=365,inbound=730; 0 keeps for ever"
        )
    return {name: int(days) for name, _, days in (pair.partition("=") for pair in pairs)}


def _selector(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", value):
        raise ValueError("should be the name before ._domainkey in DNS, such as mail2026")
    return value


# One line per setting: name, check, embedded default, what it means and its unit, required in production.
VARIABLES = (
    Variable(
        "EDUPULSE_PROFILE",
        _one_of("embedded", "production"),
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
        _database,
        None,
        "SQLite or PostgreSQL; embedded default: edupulse.db in the data folder",
        True,
    ),
    Variable(
        "REDIS_URL",
        _redis,
        None,
        "Redis by TCP, TLS, Sentinels or Unix socket; embedded default: a socket in the data folder",
        True,
    ),
    Variable(
        "SECRET_KEY",
        _secret,
        None,
        "signs sessions; embedded default: made once and kept in the data folder",
        True,
    ),
    Variable(
        "ENCRYPTION_KEYS",
        _keys,
        None,
        "encrypt the passwords of mailboxes, the newest first; embedded default: made once and kept in the data folder",
        True,
    ),
    Variable(
        "STORAGE_URL",
        _storage,
        None,
        "where received mails are kept, file:// or s3://; embedded default: storage in the data folder",
    ),
    Variable(
        "BASE_URL",
        _web_address,
        None,
        "where people reach the web pages, links in mails begin with it; embedded default: 127.0.0.1",
        True,
    ),
    Variable("TIMEZONE", _zone, "UTC", "the organisation's IANA time zone"),
    Variable("EDUPULSE_LOCALE", _one_of("en", "zh"), "en", "the organisation's language"),
    Variable("LOG_LEVEL", _one_of("debug", "info", "warning", "error"), "info", "how much is logged"),
    Variable(
        "EDUPULSE_LOG_FORMAT",
        _one_of("text", "json"),
        "text",
        "one line of text or one JSON object per event",
    ),
    Variable("EDUPULSE_HOST", _text, "127.0.0.1", "address the embedded web server listens on"),
    Variable("EDUPULSE_PORT", _whole(1, 65535), "8080", "port the embedded web server listens on"),
    Variable("EDUPULSE_WORKERS", _whole(1, 64), "2", "worker processes of the embedded stack"),
    Variable(
        "API_RATE_LIMIT",
        _whole(0, 10**9 - 1),
        "100",
        "calls of the API that one token may make in a minute; 0: no limit",
    ),
    Variable("WORKER_THREADS", _whole(1, 64), "6", "jobs that one worker process works on at once"),
    Variable("WORKER_MEMORY_MB", _whole(64, 65536), "400", "a worker larger than this is renewed"),
    Variable("WORKER_MAX_JOBS", _whole(1, 10**9 - 1), "1000000", "a worker is renewed after so many jobs"),
    Variable("WORKER_MAX_HOURS", _whole(1, 8760), "24", "a worker is renewed after so many hours"),
    Variable(
        "WORKER_GRACE", _seconds(0, 3600), "20", "seconds that running jobs have when a worker must end"
    ),
    Variable("JOB_HISTORY_DAYS", _whole(1, 3650), "90", "days that job runs stay in the history"),
    Variable("SMTP_SERVER", _text, "", "host of the mail server; empty: mail waits until it is set"),
    Variable("SMTP_PORT", _whole(1, 65535), "587", "port of the mail server"),
    Variable("SMTP_USERNAME", _text, "", "login at the mail server; empty: no login"),
    Variable("SMTP_PASSWORD", _secret, "", "password, app password or authorisation code of that login"),
    Variable("SMTP_SECURITY", _one_of("starttls", "tls", "none"), "starttls", "encryption of the connection"),
    Variable("DEFAULT_FROM_EMAIL", _mail_address, "", "sender of our mails; empty: SMTP_USERNAME"),
    Variable("EMAIL_PROVIDER", _text, "auto", "provider profile; auto: recognised from SMTP_SERVER"),
    Variable("EMAIL_TIMEOUT", _seconds(1, 600), "60", "seconds for connecting and for each SMTP command"),
    Variable(
        "EMAIL_ACCEPT_TIMEOUT",
        _seconds(1, 1200),
        "600",
        "seconds to wait for the answer after the final dot (RFC 5321 4.5.3.2.6)",
    ),
    Variable("BULK_EMAIL_BATCH_SIZE", _whole(1, 1000), "20", "mails of a campaign that go out in one batch"),
    Variable(
        "BULK_EMAIL_BATCH_DELAY",
        _seconds(0, 3600),
        "0.5",
        "seconds from the start of one batch to the next, counted over all workers and campaigns",
    ),
    Variable(
        "EMAIL_DAILY_QUOTA",
        _whole(0, 10**9 - 1),
        None,
        "mails in any 24 hours in a row; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "EMAIL_PER_MINUTE",
        _whole(0, 10**9 - 1),
        None,
        "mails in any 60 seconds; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "EMAIL_PER_SECOND",
        _rate,
        None,
        "mails in any second, 0.5 is one in two; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "EMAIL_CONNECTIONS",
        _whole(0, 64),
        None,
        "connections to the mail server at once, over all workers; empty: as the provider allows; 0: no limit",
    ),
    Variable(
        "BOUNCE_ADDRESS",
        _plus_address,
        "",
        "polled mailbox that takes name+anything@domain: bounces then name the mail they are about; empty: not used",
    ),
    Variable("DKIM_DOMAIN", _domain, "", "domain that signs our mails (DKIM); empty: the mail server signs"),
    Variable("DKIM_SELECTOR", _selector, "", "name of the DKIM key in DNS, before ._domainkey"),
    Variable("DKIM_KEY_FILE", _text, "", "file with the private RSA key of DKIM, in PEM"),
    Variable(
        "MAILBOX_POLL_INTERVAL",
        _whole(10, 86400),
        "60",
        "seconds between two polls of a mailbox, where it says nothing else",
    ),
    Variable(
        "REMINDER_ADVANCE_MINUTES",
        _whole(1, 40320),
        "15",
        "minutes before an event when nothing else is chosen; at most four weeks",
    ),
    Variable("CURRENCY", _currency, "EUR", "currency of a bill that names none, by ISO 4217"),
    Variable(
        "BILL_REMINDER_DAYS",
        _days_around,
        "7,1,0,-3,-10",
        "days before the due date on which people are reminded of a bill, those after it below zero; 0: the day itself",
    ),
    Variable(
        "BILL_REMINDER_HOUR",
        _whole(0, 23),
        "9",
        "hour of the day, in the organisation's zone, from which reminders of bills leave",
    ),
    Variable("EXPORT_KEEP_HOURS", _whole(1, 8760), "72", "hours that a finished export can be downloaded"),
    Variable("NOTIFICATION_KEEP_DAYS", _whole(1, 3650), "90", "days that notifications are kept"),
    Variable(
        "DATA_KEEP_DAYS",
        _classes,
        "",
        "days that classes of data are kept where it is not the default, such as letters=365,inbound=730; "
        "0: for ever; `python cli.py cleanup list` names them",
    ),
    Variable("BACKUP_DIR", _text, None, "folder for backups; embedded default: backups in the data folder"),
    Variable("BACKUP_KEEP_DAYS", _whole(1, 3650), "14", "days that backups are kept; the newest always is"),
    Variable(
        "BACKUP_KEY",
        _backup_key,
        "",
        "encrypts backups; keep a copy elsewhere, nothing opens them without it; empty: they are not encrypted",
    ),
)
