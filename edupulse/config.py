"""Every setting passes through here once: read from the environment, checked, frozen."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import available_timezones

from dotenv import dotenv_values
from flask import current_app

from edupulse.errors import Invalid
from edupulse.sockets import socket_path


class Secret:
    """A value that never shows itself in a repr, a log or a traceback."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(empty)"


@dataclass(frozen=True)
class Settings:
    """What the operator decided; the names are those of the environment in lower case."""

    profile: str
    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: Secret
    base_url: str
    timezone: str
    locale: str
    log_level: str
    log_format: str
    host: str
    port: int
    workers: int
    smtp_server: str
    smtp_port: int
    smtp_username: str
    smtp_password: Secret
    smtp_security: str
    default_from_email: str
    email_provider: str
    email_timeout: float
    email_accept_timeout: float
    reminder_advance_minutes: int

    def secrets(self) -> list[str]:
        """Return the values that must never be written anywhere."""
        values = [
            value.reveal() for field in fields(self) if isinstance(value := getattr(self, field.name), Secret)
        ]
        return [value for value in values if value]


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


def _one_of(*allowed: str) -> Check:
    def check(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError(f"should be one of {', '.join(allowed)}")
        return value.lower()

    return check


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("should be an IANA time zone such as Europe/Berlin or Asia/Shanghai")
    return value


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
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("should begin with redis://, rediss:// or unix://")
    return value


def _mail_address(value: str) -> str:
    if value and not re.fullmatch(r"[^@\r\n\0]*[^\s@<]@[^\s@>.]+(\.[^\s@>.]+)+>?", value):
        raise ValueError(
            "should be an e-mail address such as office@school.example or School <office@school.example>"
        )
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
        "folder for the database, sockets and logs",
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
        "Redis by TCP, TLS or Unix socket; embedded default: a socket in the data folder",
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
    Variable(
        "REMINDER_ADVANCE_MINUTES",
        _whole(1, 40320),
        "15",
        "minutes before an event when nothing else is chosen; at most four weeks",
    ),
)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the checked settings of `environ`, by default `.env` overlaid by the process environment.

    Raises Invalid with every bad variable named at once, so that one correction round is enough.
    """
    values = _environment() if environ is None else environ
    problems: list[str] = []
    checked = {variable.attribute: _read(variable, values, problems) for variable in VARIABLES}
    _require(checked, problems)
    if problems:
        raise Invalid(
            "Settings cannot be used: " + "; ".join(problems) + ".",
            cure="Correct them in .env or the environment.",
        )
    return Settings(**_with_embedded_defaults(checked))


def current_settings() -> Settings:
    """Return the settings of the application in whose context we are."""
    settings = current_app.extensions["edupulse"].settings
    assert isinstance(settings, Settings)  # noqa: S101 - narrows the type, never fails in a made app
    return settings


def _environment() -> dict[str, str]:
    from_file = {name: value or "" for name, value in dotenv_values(".env").items()}
    return {**from_file, **os.environ}


def _read(variable: Variable, values: Mapping[str, str], problems: list[str]) -> Any:
    text = values.get(variable.name, "").strip() or variable.default
    if text is None:
        return None
    try:
        return variable.check(text)
    except ValueError as error:
        shown = "" if variable.check is _secret else f" ({text[:60]!r})"
        problems.append(f"{variable.name}{shown} {error}")
        return None


def _require(checked: dict[str, Any], problems: list[str]) -> None:
    if checked["profile"] != "production":
        return
    missing = [
        variable.name for variable in VARIABLES if variable.in_production and not checked[variable.attribute]
    ]
    problems.extend(f"{name} must be set in production" for name in missing)


def _with_embedded_defaults(checked: dict[str, Any]) -> dict[str, Any]:
    folder: Path = checked["data_dir"]
    checked["database_url"] = checked["database_url"] or f"sqlite:///{folder / 'edupulse.db'}"
    checked["redis_url"] = checked["redis_url"] or f"unix://{quote(str(socket_path(folder, 'redis.sock')))}"
    checked["base_url"] = checked["base_url"] or f"http://127.0.0.1:{checked['port']}"
    checked["secret_key"] = checked["secret_key"] or _kept_secret(folder / "secret_key")
    checked["default_from_email"] = checked["default_from_email"] or _address_of(checked["smtp_username"])
    return checked


def _address_of(username: str) -> str:
    return username if "@" in username else "edupulse@localhost.localdomain"


def _kept_secret(path: Path) -> Secret:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Secret(path.read_text().strip())
    with os.fdopen(handle, "w") as file:
        value = secrets.token_urlsafe(48)
        file.write(value)
    return Secret(value)
