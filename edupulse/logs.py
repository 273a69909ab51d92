"""One line per event, as text or JSON, with the job and request it belongs to and no secret in it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from edupulse.config import Settings

_context: ContextVar[dict[str, object]] = ContextVar("log_context", default={})  # noqa: B039 - never mutated


class Logger:
    """A thin face over the standard logger that takes facts as keywords."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, **facts: object) -> None:
        self._write(logging.DEBUG, message, facts)

    def info(self, message: str, **facts: object) -> None:
        self._write(logging.INFO, message, facts)

    def warning(self, message: str, **facts: object) -> None:
        self._write(logging.WARNING, message, facts)

    def error(self, message: str, **facts: object) -> None:
        self._write(logging.ERROR, message, facts)

    def exception(self, message: str, **facts: object) -> None:
        self._write(logging.ERROR, message, facts, traceback=True)

    def _write(self, level: int, message: str, facts: dict[str, object], traceback: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, message, exc_info=traceback, extra={"facts": facts})


def get_logger(name: str) -> Logger:
    """Return the logger of a module."""
    return Logger(name)


@contextmanager
def log_context(**facts: object) -> Iterator[None]:
    """Add `facts` (job_id, request_id) to every line written while the block runs."""
    token = _context.set({**_context.get(), **facts})
    try:
        yield
    finally:
        _context.reset(token)


def current_request_id() -> str | None:
    """Return the request in which we are, if any."""
    value = _context.get().get("request_id")
    return str(value) if value else None


def configure_logging(settings: Settings) -> None:
    """Send every log line to stderr in the chosen format, with the secrets of `settings` masked."""
    handler = logging.StreamHandler(sys.stderr)
    form = JsonFormatter if settings.log_format == "json" else TextFormatter
    handler.setFormatter(form(settings.secrets()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("rq.worker", "rq.job", "rq_scheduler", "alembic", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """Time in UTC, level, message, then facts as key=value."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        # A secret may also appear as JSON writes it, with quotes and backslashes escaped.
        self._secrets = sorted(
            {*secrets, *(json.dumps(secret)[1:-1] for secret in secrets)}, key=len, reverse=True
        )

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {key}={_shown(value)}" for key, value in _facts(record).items())
        line = f"{_time(record)} {record.levelname.lower():7} {record.name}: {record.getMessage()}{facts}"
        return masked(line + self._trace(record), self._secrets)

    def _trace(self, record: logging.LogRecord) -> str:
        has_trace = record.exc_info and record.exc_info[0]
        return "\n" + self.formatException(record.exc_info) if has_trace and record.exc_info else ""


class JsonFormatter(TextFormatter):
    """The same facts, one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        entry |= {"message": record.getMessage(), **_facts(record)}
        if trace := self._trace(record):
            entry["traceback"] = trace.strip()
        return masked(json.dumps(entry, default=str, ensure_ascii=False), self._secrets)


def masked(text: str, secrets: list[str]) -> str:
    """Return `text` with every secret replaced by stars."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {**_context.get(), **getattr(record, "facts", {})}


def _time(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _shown(value: object) -> str:
    text = str(value).replace("\r", "\\r").replace("\n", "\\n")
    return f'"{text}"' if " " in text else text
