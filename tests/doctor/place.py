"""An installation of its own for each test, with everything as it should be until the test breaks it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo
from redis import Redis
from sqlalchemy import update

from edupulse import create_app, schema
from edupulse.accounts.users import create_user
from edupulse.cli import PLACES
from edupulse.cli.command import Root
from edupulse.clock import now
from edupulse.config import load_settings
from edupulse.control import schedule
from edupulse.control.models import Schedule, Worker
from edupulse.database import db
from edupulse.transaction import transaction
from edupulse.version import VERSION
from jobs.catalog import CATALOG
from tests.rows import EVERY_QUEUE

Fact = dict[str, str]
Steps = Generator[None, Fact, None]
MACHINE = {"disk", "memory", "data_disk", "clock_sync"}  # findings that no setting of ours can change
NAMES = {"worker": "worker-1", "scheduler": "clock-1", "keeper": "keeper-1"}


@dataclass(frozen=True)
class Broken:
    """A set-up that is broken on purpose: what the doctor must find, in which state, and what its cure says."""

    id: str
    state: str
    cure: str
    steps: Callable[[Place], Steps]  # breaks it; gets the finding; mends it as the cure says


def broken(id: str, state: str, *, cure: str) -> Callable[[Callable[[Place], Steps]], Broken]:
    """Make a set-up of a function that breaks the place, yields, and then does what the cure says."""
    return lambda steps: Broken(id, state, cure, steps)


class Place:
    """A folder with `.env`, data and database, a Redis, a mail server, live processes."""

    def __init__(self, folder: Path, redis: Redis, **environment: str) -> None:
        self.folder, self.redis, self.environment = folder, redis, environment
        self.data = Path(environment["EDUPULSE_DATA_DIR"])
        self.path = folder / "bin"  # first on PATH
        self.path.mkdir(parents=True)
        self.of_this_machine: set[str] = set()

    def set(self, **values: str) -> None:
        """Change the operator's settings, as an editor would."""
        self.environment |= values
        file = self.folder / ".env"
        file.write_text("".join(f"{name}={value}\n" for name, value in self.environment.items() if value))
        file.chmod(0o600)

    def put_program(self, name: str, script: str) -> None:
        """Put an executable first on PATH."""
        program = self.path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    @contextmanager
    def app(self) -> Iterator[Flask]:
        """Make the application from the settings as they are now, as each command does."""
        app = create_app(load_settings(), catalog=CATALOG)
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()
                if (redis := app.extensions["edupulse"].redis) is not None:
                    redis.close()

    def type_in(self, *words: str) -> tuple[int, str]:
        """Run `python cli.py WORDS`; return its exit code and what it printed."""
        made: list[Any] = []

        def load() -> Flask:
            made.append(self.app())
            app: Flask = made[-1].__enter__()
            return app

        root = Root("edupulse", PLACES)
        try:
            result = CliRunner().invoke(root, list(words), obj=ScriptInfo(create_app=load))
        finally:
            for context in made:
                context.__exit__(None, None, None)
        return result.exit_code, result.stdout

    def doctor(self) -> tuple[int, dict[str, Fact]]:
        """Run `doctor --json`; return its exit code and the findings by id."""
        code, printed = self.type_in("doctor", "--json")
        return code, {fact["id"]: fact for fact in json.loads(printed)}

    def complaints(self) -> dict[str, str]:
        """Return what the doctor finds wrong, but for what this machine itself is like: a small disk, say."""
        _, found = self.doctor()
        wrong = {id: fact["finding"] for id, fact in found.items() if fact["state"] != "ok"}
        return {id: finding for id, finding in wrong.items() if id not in self.of_this_machine}

    def follow(self, cure: str) -> None:
        """Run the command that the cure names."""
        command = cure[cure.index("Run: ") + len("Run: ") :] if "Run: " in cure else cure
        if "python cli.py " in command:
            words = command.partition("python cli.py ")[2].split()
            assert self.type_in(*words)[0] == 0
        else:
            subprocess.run(["sh", "-c", command], cwd=self.folder, check=True)

    def begin(self, *kinds: str, **values: Any) -> None:
        """Let a process of each kind live, as its heartbeat says."""
        with self.app(), transaction() as session:
            for kind in kinds:
                session.merge(Worker(**{**_process(kind), **values}))
            session.execute(update(Schedule).values(next_at=now() + timedelta(hours=1)))


def _process(kind: str) -> dict[str, Any]:
    moment = now()
    return {
        "name": NAMES[kind],
        "kind": kind,
        "host": "here",
        "pid": os.getpid(),
        "queues": EVERY_QUEUE if kind == "worker" else [],
        "pool": "main" if kind == "worker" else None,
        "state": "running",
        "version": VERSION,
        "started_at": moment,
        "heartbeat_at": moment,
        "last_tick_at": moment,
    }


def furnish(place: Place) -> None:
    """Make the database, the clock's schedules, an administrator and the processes."""
    place.set()
    with place.app():
        schema.upgrade()
        schedule.sync(now())
        create_user("ada@school.example", "Ada", "admin", "correct horse battery staple")
    place.begin(*NAMES)
    place.of_this_machine = MACHINE & place.complaints().keys()


def copy_of(template: Place, folder: Path) -> Place:
    """Return the same place in another folder."""
    shutil.copytree(template.data, folder / "data")
    environment = {**template.environment, "EDUPULSE_DATA_DIR": str(folder / "data")}
    place = Place(folder, template.redis, **environment)
    place.of_this_machine = template.of_this_machine
    place.set()
    return place
