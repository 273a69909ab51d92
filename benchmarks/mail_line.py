"""What one mail costs above the wire: composing, bookkeeping, and mails a second to a local server.

`python -m benchmarks.mail_line [MAILS]` prints one JSON object a line: figure, value, unit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import fakeredis
from flask import Flask

from edupulse import clock, create_app
from edupulse.config import load_settings
from edupulse.database import db
from edupulse.mail import connections
from edupulse.mail.compose import Attachment, Mail, build_message, render_mail
from edupulse.mail.deliver import deliver
from edupulse.mail.outbox import BATCH, Posting, accept_many
from edupulse.mail.outcome import Outcome, Phase, Verdict
from jobs.catalog import CATALOG

SENT = Outcome(Phase.ACCEPTED, Verdict.SENT, "accepted", 250, "2.0.0", "ok", "sink:25", 1)
FACTS = {
    "address": "ann@example.org",
    "server": "mail.example.org:587",
    "asked_at": "now",
    "base_url": "https://x.example",
}
CALENDAR = (
    b"BEGIN:VCALENDAR\r\n" + b"DESCRIPTION:each line of it is like this\r\n" * 45 + b"END:VCALENDAR\r\n"
)


class Sink:
    """A session that takes every mail at once, so that only our own work is measured."""

    mails = 0

    def send(self, envelope: Any, before_dot: Callable[[], bool]) -> Outcome:
        """Take the mail."""
        assert before_dot()
        return SENT

    def usable(self) -> bool:
        """Be there."""
        return True

    def close(self) -> None:
        """Go."""

    drop = close


def measure(mails: int = 1000) -> Iterator[tuple[str, float, str]]:
    """Measure on SQLite in a temporary folder, or on the PostgreSQL of TEST_POSTGRES_URL; yield figures."""
    with tempfile.TemporaryDirectory() as folder, _app(folder).app_context() as context:
        db.drop_all()
        db.create_all()
        yield "rendering", _each(lambda: render_mail("test", "en", **FACTS), mails), "ms/mail"
        ids, seconds = _accepted(mails)
        yield "accepting", 1000 * seconds / mails, "ms/mail"
        yield "composing 10 kB HTML, text, calendar", _composing(), "ms/mail"
        yield "composing and bookkeeping", 1000 * _to_a_sink(ids) / mails, "ms/mail"
        ids, _ = _accepted(mails)
        with _double(Path(folder), context.app):
            yield "to a local server, one connection", mails / _delivering(ids), "mails/s"
            connections.close_all()


def _app(folder: str) -> Flask:
    settings = {"EDUPULSE_DATA_DIR": folder, "SECRET_KEY": "for-this-run-only", "SMTP_SECURITY": "none"}
    settings |= {"SMTP_SERVER": "127.0.0.1", "DEFAULT_FROM_EMAIL": "Art School <office@school.example>"}
    if url := os.environ.get("TEST_POSTGRES_URL"):
        settings["DATABASE_URL"] = url
    app = create_app(load_settings(settings), catalog=CATALOG)
    app.extensions["edupulse"].redis = fakeredis.FakeRedis()
    return app


def _accepted(mails: int) -> tuple[list[int], float]:
    subject, text, html = render_mail("test", "en", **FACTS)
    now = clock.now()
    postings = [
        Posting(
            Mail(f"p{n}@example.org", "Zoë Ann", subject, text, html), "reminder", "1", now.isoformat(), now
        )
        for n in range(mails)
    ]
    started = perf_counter()
    ids = [row.id for row in accept_many(postings)]
    seconds = perf_counter() - started
    db.session.remove()
    return ids, seconds


def _composing() -> float:
    from types import SimpleNamespace

    html = render_mail("test", "en", **FACTS)[2]
    calendar = Attachment("invite.ics", "text/calendar; method=REQUEST; charset=utf-8", CALENDAR).stored()
    content = SimpleNamespace(
        text="Hello\n" * 40, html=html.ljust(10_000), headers={}, attachments=[calendar]
    )
    to = SimpleNamespace(
        message_id="<0123@school.example>", accepted_at=clock.now(), address="ann@example.org",
        recipient_name="Zoë Ann", subject="钢琴课提醒 tomorrow at nine",
    )  # fmt: skip
    return _each(lambda: build_message(to, content, "Art School <office@school.example>"), 2000)


def _to_a_sink(ids: list[int]) -> float:
    real, connections.connect = connections.connect, lambda account: Sink()  # type: ignore[assignment,return-value]
    try:
        return _delivering(ids)
    finally:
        connections.close_all()
        connections.connect = real


def _delivering(ids: list[int]) -> float:
    started = perf_counter()
    for start in range(0, len(ids), BATCH):
        deliver(ids[start : start + BATCH])
    return perf_counter() - started


@contextmanager
def _double(folder: Path, app: Flask) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.doubles.smtp_double", "--log", str(folder / "accepted.jsonl")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    runtime = app.extensions["edupulse"]
    runtime.settings = replace(runtime.settings, smtp_port=json.loads(process.stdout.readline())["port"])
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _each(act: Callable[[], Any], times: int) -> float:
    act()
    started = perf_counter()
    for _ in range(times):
        act()
    return 1000 * (perf_counter() - started) / times


def main() -> None:
    """Print the figures."""
    for figure, value, unit in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(json.dumps({"bench": "mail_line", "figure": figure, "value": round(value, 3), "unit": unit}))


if __name__ == "__main__":
    main()
