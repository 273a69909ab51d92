"""What the text of a variable has to be, and the value it becomes; a check raises ValueError: "should be ..."."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from edupulse.secret import Secret
from edupulse.sentinel_url import is_sentinel_url, parse_sentinel_url

Check = Callable[[str], Any]


def text(value: str) -> str:
    """Take any text."""
    return value


def secret(value: str) -> Secret:
    """Take a text that is never shown."""
    return Secret(value)


def whole(low: int, high: int) -> Check:
    """Return the check of a whole number from `low` to `high`."""

    def check(value: str) -> int:
        if not re.fullmatch(r"-?\d{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"should be a whole number from {low} to {high}")
        return int(value)

    return check


def seconds(low: float, high: float) -> Check:
    """Return the check of a number of seconds from `low` to `high`."""

    def check(value: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value) or not low <= float(value) <= high:
            raise ValueError(f"should be a number of seconds from {low:g} to {high:g}")
        return float(value)

    return check


def rate(value: str) -> float:
    """Read a number of mails."""
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", value):
        raise ValueError("should be a number of mails such as 14 or 0.5")
    return float(value)


def one_of(*allowed: str) -> Check:
    """Return the check of one of these words."""

    def check(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError(f"should be one of {', '.join(allowed)}")
        return value.lower()

    return check


def zone(value: str) -> str:
    """Read an IANA time zone."""
    if value not in _zones():
        raise ValueError("should be an IANA time zone such as Europe/Berlin or Asia/Shanghai")
    return value


_zones = cache(available_timezones)  # it reads the disk, and settings are read often


def web_address(value: str) -> str:
    """Read a web address; it ends without a slash."""
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValueError("should be a web address such as https://edupulse.example.org")
    return value.rstrip("/")


def database(value: str) -> str:
    """Read the URL of a database."""
    if value.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + value.split("://", 1)[1]
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("should begin with sqlite:/// or postgresql://")
    return value


def redis(value: str) -> str:
    """Read the URL of a Redis."""
    if is_sentinel_url(value):
        parse_sentinel_url(value)
    elif not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(
            "should begin with redis://, rediss://, redis+sentinel://, rediss+sentinel:// or unix://"
        )
    return value


def keys(value: str) -> tuple[Secret, ...]:
    """Read the keys that seal secrets, the newest first."""
    keys = [key.strip() for key in value.split(",") if key.strip()]
    for key in keys:
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):
            raise ValueError(
                "should be one or more keys, the newest first, separated by commas; "
                "`python cli.py mailboxes key` makes one"
            )
    return tuple(map(Secret, keys))


def backup_key(value: str) -> Secret:
    """Read the key of backups, empty for none."""
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{43}=", value):
        raise ValueError("should be a key; `python cli.py backup key` makes one")
    return Secret(value)


def storage(value: str) -> str:
    """Read the URL of a storage."""
    if value and not re.fullmatch(r"(file|s3|memory)://.*", value):
        raise ValueError("should begin with file://, s3:// or memory://")
    return value.rstrip("/") if value != "memory://" else value


def mail_address(value: str) -> str:
    """Read an e-mail address, with a name or without."""
    if value and not re.fullmatch(r"[^@\r\n\0]*[^\s@<]@[^\s@>.]+(\.[^\s@>.]+)+>?", value):
        raise ValueError(
            "should be an e-mail address such as office@school.example or School <office@school.example>"
        )
    return value


def plus_address(value: str) -> str:
    """Read a plain address to which something can be added behind a plus."""
    local = mail_address(value).partition("@")[0]
    if len(local) > 32 or not re.fullmatch(r"[A-Za-z0-9._-]*", local):
        raise ValueError(
            "should be a plain address such as bounces@school.example, at most 32 characters before the @"
        )
    return value


def domain(value: str) -> str:
    """Read a domain."""
    if value and not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", value.lower()):
        raise ValueError("should be a domain such as school.example")
    return value.lower()


def currency(value: str) -> str:
    """Read a currency by ISO 4217."""
    if not re.fullmatch(r"[A-Za-z]{3}", value) or value.upper() not in _currencies():
        raise ValueError("should be a currency by ISO 4217 such as EUR, CNY or USD")
    return value.upper()


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def days_around(value: str) -> tuple[int, ...]:
    """Read days before the due date, the earliest first."""
    days = [day.strip() for day in value.split(",") if day.strip()]
    if any(not re.fullmatch(r"-?\d{1,3}", day) for day in days) or len(days) > 20:
        raise ValueError(
            "should be days before the due date, parted by commas, those after it below zero: 7,1,0,-3,-10"
        )
    return tuple(sorted({int(day) for day in days}, reverse=True))


def classes(value: str) -> dict[str, int]:
    """Read days by class of data."""
    pairs = [pair.strip() for pair in value.split(",") if pair.strip()]
    if any(not re.fullmatch(r"[a-z_]+=\d{1,5}", pair) for pair in pairs):
        raise ValueError(
            "should be classes with their days, such as letters=365,inbound=730; 0 keeps for ever"
        )
    return {name: int(days) for name, _, days in (pair.partition("=") for pair in pairs)}


def selector(value: str) -> str:
    """Read the name of a DKIM key."""
    if value and not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", value):
        raise ValueError("should be the name before ._domainkey in DNS, such as mail2026")
    return value
