"""Every setting passes through here once: read from the environment, checked, frozen."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from secrets import token_bytes, token_urlsafe
from typing import Any
from urllib.parse import quote

from dotenv import dotenv_values
from flask import current_app

from edupulse.errors import Invalid
from edupulse.secret import Secret
from edupulse.sentinel_url import password_of
from edupulse.sockets import socket_path
from edupulse.variables import VARIABLES, Variable

__all__ = ["VARIABLES", "Secret", "Settings", "current_settings", "load_settings"]


@dataclass(frozen=True)
class Settings:
    """What the operator decided; the names are those of the environment in lower case."""

    profile: str
    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: Secret
    encryption_keys: tuple[Secret, ...]
    storage_url: str
    base_url: str
    timezone: str
    locale: str
    log_level: str
    log_format: str
    host: str
    port: int
    api_rate_limit: int
    workers: int
    worker_threads: int
    worker_memory_mb: int
    worker_max_jobs: int
    worker_max_hours: int
    worker_grace: float
    job_history_days: int
    smtp_server: str
    smtp_port: int
    smtp_username: str
    smtp_password: Secret
    smtp_security: str
    default_from_email: str
    email_provider: str
    email_timeout: float
    email_accept_timeout: float
    bulk_email_batch_size: int
    bulk_email_batch_delay: float
    email_daily_quota: int | None
    email_per_minute: int | None
    email_per_second: float | None
    email_connections: int | None
    bounce_address: str
    dkim_domain: str
    dkim_selector: str
    dkim_key_file: str
    mailbox_poll_interval: int
    reminder_advance_minutes: int
    currency: str
    bill_reminder_days: tuple[int, ...]
    bill_reminder_hour: int
    export_keep_hours: int
    notification_keep_days: int
    data_keep_days: dict[str, int]
    backup_dir: str
    backup_keep_days: int
    backup_key: Secret

    def secrets(self) -> list[str]:
        """Return the values that must never be written anywhere."""
        values = [
            value.reveal() for field in fields(self) if isinstance(value := getattr(self, field.name), Secret)
        ]
        keys = (key.reveal() for key in self.encryption_keys)
        return [value for value in (*values, *keys, password_of(self.redis_url)) if value]


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
        shown = f" ({text[:60]!r})" if variable.may_be_shown else ""
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
    checked["storage_url"] = checked["storage_url"] or f"file://{folder / 'storage'}"
    checked["backup_dir"] = checked["backup_dir"] or str(folder / "backups")
    checked["secret_key"] = checked["secret_key"] or _kept_secret(folder / "secret_key", token_urlsafe(48))
    checked["encryption_keys"] = checked["encryption_keys"] or (
        _kept_secret(folder / "encryption_key", urlsafe_b64encode(token_bytes(32)).decode()),
    )
    checked["default_from_email"] = checked["default_from_email"] or _address_of(checked["smtp_username"])
    return checked


def _address_of(username: str) -> str:
    return username if "@" in username else "edupulse@localhost.localdomain"


def _kept_secret(path: Path, new: str) -> Secret:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Secret(path.read_text().strip())
    with os.fdopen(handle, "w") as file:
        file.write(new)
    return Secret(new)
