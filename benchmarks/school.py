"""EduPulse under the harness of the mail line: a campaign like any other, sent by workers started like any other."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from benchmarks.engines.environment import PROJECT
from benchmarks.mailing import HTML, SENDER, SUBJECT, TEXT, people
from benchmarks.memory import family, peak_rss_mb
from edupulse import create_app
from edupulse.campaigns import audience, drafts, lifecycle
from edupulse.config import load_settings
from edupulse.database import db
from edupulse.mail import mailings
from edupulse.mail.mailing import Mailing
from jobs.catalog import CATALOG

LOOK_SECONDS = 0.01
WEIGH_SECONDS = 2.0
END_SECONDS = 30.0
LIMIT_SECONDS = 180.0
WARM_UP = 200  # mails before a measurement: every process has opened what it needs
ACTOR = "bench"


@dataclass
class School:
    """One EduPulse on a folder, a Redis and a mail server of its own."""

    folder: Path
    redis_socket: Path
    smtp_port: int
    settings: dict[str, str] = field(default_factory=dict)  # beside those that every measurement has

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.app: Flask = create_app(load_settings(self._environment()), catalog=CATALOG)
        with self.app.app_context():
            db.create_all()

    def send(self, mails: int, *, processes: int) -> Sending:
        """Send a campaign to `mails` people with `processes` workers that are warm."""
        with self.app.app_context(), self._workers(processes) as keeper:
            self._sent(min(WARM_UP, mails), keeper)
            sending = self._sent(mails, keeper)
            db.session.remove()
        return sending

    def campaign(self, mails: int) -> int:
        """Enter a campaign to `mails` people; return its id."""
        draft = drafts.CampaignDraft(name="The new term", subject=SUBJECT, text=TEXT, html=HTML)
        campaign_id = drafts.create(draft, actor=ACTOR).id
        table = audience.read_table(as_csv(mails), "people.csv")
        audience.take_in(campaign_id, table, actor=ACTOR)
        return campaign_id

    def _sent(self, mails: int, keeper: subprocess.Popen[bytes]) -> Sending:
        campaign_id = self.campaign(mails)
        begun, scales = time.perf_counter(), _Scales(keeper.pid)
        mailing_id = lifecycle.start(campaign_id, actor=ACTOR).mailing_id
        started = time.perf_counter() - begun
        while not _is_over(mailing_id):
            scales.weigh()
            if keeper.poll() is not None or time.perf_counter() - begun > LIMIT_SECONDS:
                raise RuntimeError(f"EduPulse: {_counts(mailing_id)}\n{self._log()}")
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - begun
        counts = _counts(mailing_id)
        if counts["sent"] != sum(counts.values()):
            raise RuntimeError(f"EduPulse: not all was sent: {counts}\n{self._log()}")
        return Sending(counts["sent"], seconds, started, scales.weigh(now=True))

    @contextmanager
    def _workers(self, processes: int) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "cli.py", "worker", "--processes", str(processes)]
        with (self.folder / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env={**os.environ, **self._environment()},
                stdout=log,
                stderr=log,
                start_new_session=True,  # ended with all of its children
            )
        try:
            yield process
        finally:
            _end(process)

    def _environment(self) -> dict[str, str]:
        return {
            "EDUPULSE_DATA_DIR": str(self.folder),
            "REDIS_URL": f"unix://{self.redis_socket}",
            "SECRET_KEY": "for-this-run-only",
            "BASE_URL": "https://school.example",
            "LOG_LEVEL": "warning",
            "SMTP_SERVER": "127.0.0.1",
            "SMTP_PORT": str(self.smtp_port),
            "SMTP_SECURITY": "none",
            "DEFAULT_FROM_EMAIL": SENDER,
            "EMAIL_PROVIDER": "local",
            "BULK_EMAIL_BATCH_DELAY": "0",
            **self.settings,
        }

    def _log(self) -> str:
        return (self.folder / "workers.log").read_text(errors="replace")[-3000:]


@dataclass(frozen=True)
class Sending:
    """What came of one campaign: from the call that starts it until every outcome is in the database."""

    mails: int
    seconds: float
    start_seconds: float  # of these, the call itself: it checks every mail first
    peak_mb: float  # the most memory (RSS) that one worker ever had

    @property
    def rate(self) -> float:
        """Mails a second, from the launch: recipients are frozen, mails sent, all outcomes written."""
        return self.mails / (self.seconds - self.start_seconds)


@dataclass
class _Scales:
    """The heaviest worker below a keeper. Each process knows its own worst moment, so looking seldom is enough."""

    keeper: int
    peak_mb: float = 0.0
    looked_at: float = 0.0

    def weigh(self, *, now: bool = False) -> float:
        if now or time.monotonic() - self.looked_at > WEIGH_SECONDS:
            self.looked_at = time.monotonic()
            self.peak_mb = max([self.peak_mb, *map(peak_rss_mb, family(self.keeper)[1:])])
        return self.peak_mb


def as_csv(mails: int) -> bytes:
    """Return the audience as people bring it: a table with a header."""
    text = io.StringIO()
    rows = csv.writer(text)
    for person in people(mails):
        if person.number == 0:
            rows.writerow(["email", "name", *person.fields])
        rows.writerow([person.address, person.name, *person.fields.values()])
    return text.getvalue().encode()


def _counts(mailing_id: int) -> dict[str, int]:
    db.session.rollback()
    found = mailings.counts(mailing_id)
    db.session.rollback()
    return found


def _is_over(mailing_id: int) -> bool:
    # One row by its key: counting ten thousand again and again would slow down what is measured.
    over_at = db.session.scalar(select(Mailing.over_at).where(Mailing.id == mailing_id))
    db.session.rollback()
    return over_at is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with suppress(ProcessLookupError):  # whoever of its family is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
