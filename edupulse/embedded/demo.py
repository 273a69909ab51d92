"""`./run demo`: the whole stack on sample data; one watches reminders and a campaign leave, and answers come back."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path

from flask import Flask

from edupulse import schema, sealing
from edupulse.accounts.users import create_user
from edupulse.clock import now
from edupulse.config import VARIABLES, Settings, current_settings
from edupulse.control.monitor import live_processes
from edupulse.database import db
from edupulse.embedded import sample, sample_office, stack
from edupulse.embedded.acts import LOOK_SECONDS, Acts
from edupulse.embedded.inbound import Account
from edupulse.embedded.lock import LOCK, only_stack
from edupulse.embedded.ports import free_port, require_free
from edupulse.embedded.program import Program
from edupulse.embedded.sample_campaign import MISHAPS
from edupulse.embedded.sample_inbound import OFFICE
from edupulse.embedded.screen import Screen
from edupulse.embedded.supervisor import Supervisor
from edupulse.errors import Invalid, Unavailable
from edupulse.reminders.events import create_event

HOST = "127.0.0.1"
FIRST_PORT = 8080
AT_WORK_SECONDS = 20.0  # for workers and scheduler to say that they live
BATCH_DELAY = "1"  # seconds between two batches of 20: two hundred people take some ten seconds
ADMIN = f"admin@{sample.DOMAIN}"


def folder() -> Path:
    """Return the demo's own data folder, which it may empty."""
    return Path("var/demo").absolute()


def environment(port: int | None) -> dict[str, str]:
    """Return the demo's settings: a value for every variable, so that none of the operator's counts."""
    chosen = port or free_port(HOST, first=FIRST_PORT)
    own = {
        "EDUPULSE_DATA_DIR": str(folder()),
        "EDUPULSE_HOST": HOST,
        "EDUPULSE_PORT": str(chosen),
        "BASE_URL": f"http://{HOST}:{chosen}",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": sealing.new_key(),
        "TIMEZONE": sample.ZONE,
        "CURRENCY": sample_office.CURRENCY,
        "SMTP_SERVER": HOST,
        "SMTP_PORT": str(free_port(HOST)),
        "SMTP_SECURITY": "none",
        "DEFAULT_FROM_EMAIL": f"{sample.SCHOOL} <{OFFICE}>",
        "EMAIL_TIMEOUT": "10",
        "EMAIL_ACCEPT_TIMEOUT": "10",
        "BULK_EMAIL_BATCH_DELAY": BATCH_DELAY,
    }
    return {variable.name: own.get(variable.name, "") for variable in VARIABLES}


def run(app: Flask, *, leave: bool) -> int:
    """Show the demo; return 0 only if all went as it should. With `leave` stop after the summary."""
    with app.app_context():
        settings = current_settings()
        if settings.data_dir != folder():
            raise Invalid("This application runs on other data.", cure="Start the demo with: ./run demo")
        with only_stack(settings.data_dir):
            require_free(settings.host, settings.port, setting="--port")
            _begin_anew(settings.data_dir)
            return _Demo(settings).show(leave=leave)


class _Demo:
    """One showing, step by step in the order of its methods."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mailbox = settings.data_dir / "mailbox"
        self._screen = Screen(settings.timezone)

    def show(self, *, leave: bool) -> int:
        screen = self._screen
        screen.heading(f"{sample.SCHOOL}: starting Redis, mail server, web, workers and scheduler ...")
        schema.upgrade()
        password, self._account = self._fill(), _account(self._settings.data_dir)
        with Supervisor(self._programs(), self._settings.data_dir / "log", screen.say) as processes:
            self._wait_for_workers(processes)
            acts = Acts(self._settings, processes, screen)
            is_good = (
                acts.reminders(ADMIN, self._owner_id)
                and acts.campaign(ADMIN)
                and acts.mailbox(self._account, ADMIN)
            )
            if not leave and not processes.is_told_to_stop:
                self._stay(processes, password)
        stack.tidy(self._settings)
        screen.say(
            f"Stopped. Nothing is left running; the mails stay in {self._mailbox} until the next demo."
        )
        return 0 if is_good else 1

    def _fill(self) -> str:
        password = secrets.token_urlsafe(9)
        owner = create_user(ADMIN, "Demo Admin", "admin", password)
        for draft in sample.later_events(now()):
            create_event(draft, ADMIN, owner.id)
        sample_office.enter(now(), ADMIN)
        self._owner_id = owner.id
        return password

    def _programs(self) -> list[Program]:
        settings = self._settings
        capture = stack.mail_capture(settings.smtp_port, self._mailbox, MISHAPS)
        account = self._account
        store = stack.mail_store(
            account.port, account.folder, user=OFFICE, password_file=account.password_file
        )
        redis, *others = stack.programs(settings)
        return [redis, capture, store, *others]

    def _wait_for_workers(self, processes: Supervisor) -> None:
        wanted, started = self._settings.workers + 1, time.monotonic()
        while not processes.is_told_to_stop and self._at_work() < wanted:
            processes.watch()
            if time.monotonic() - started > AT_WORK_SECONDS:
                log = self._settings.data_dir / "log"
                raise Unavailable("Workers and scheduler did not start in time.", cure=f"Their logs: {log}")
            time.sleep(LOOK_SECONDS)
        if not processes.is_told_to_stop:
            self._screen.say(
                f"Everything is up: {self._settings.workers} workers, the clock, {self._settings.base_url}"
            )

    def _at_work(self) -> int:
        alive = sum(each.kind != "keeper" for each in live_processes(now()))
        db.session.rollback()
        return alive

    def _stay(self, processes: Supervisor, password: str) -> None:
        self._screen.heading(f"Look around at {self._settings.base_url}")
        self._screen.say(f"Sign in as {ADMIN} with the password {password} (shown only here).")
        self._screen.say("Ctrl-C stops everything.")
        processes.run()


def _account(data_dir: Path) -> Account:
    """Make a password for the school's mailbox, for this showing only, and find its server a port."""
    password_file = data_dir / "imap_password"
    password_file.touch(mode=0o600)
    password_file.write_text(secrets.token_urlsafe(18))
    return Account(HOST, free_port(HOST), password_file, data_dir / "to_the_school")


def _begin_anew(data_dir: Path) -> None:
    # Only ever the folder named above, and only under its lock.
    for entry in data_dir.iterdir():
        if entry.name == LOCK:
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
