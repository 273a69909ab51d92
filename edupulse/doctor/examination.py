"""All checks in the order in which one needs the other; a check that fails is itself a finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask, has_app_context

from edupulse.database import db
from edupulse.doctor import (
    addresses,
    backups,
    clocks,
    database,
    folder,
    installation,
    keeping,
    keys,
    machine,
    mail,
    mailboxes,
    people,
    processes,
    redis,
    redis_access,
    settings,
    units,
    work,
)
from edupulse.doctor.finding import Check, Finding, problem
from edupulse.errors import EduPulseError
from edupulse.logs import get_logger

Step = tuple[Check, tuple[str, ...]]

# Each check, and the findings without which it would only repeat what they say.
WITHOUT_APPLICATION: tuple[Step, ...] = (
    (installation.python, ()),
    (installation.modules, ()),
    (settings.values, ()),
    (settings.file, ()),
)
WITH_APPLICATION: tuple[Step, ...] = (
    (machine.disk, ()),
    (machine.memory, ()),
    (machine.open_files, ()),
    (machine.port, ()),
    (folder.writable, ()),
    (folder.owner, ()),
    (folder.readers, ()),
    (folder.disk_kind, ()),
    (folder.logs, ()),
    (keys.secret_key, ()),
    (keys.shared, ()),
    (addresses.base_url, ()),
    (addresses.web_host, ()),
    (units.units, ()),
    (clocks.synchronised, ()),
    (clocks.zone, ()),
    (database.reachable, ()),
    (database.sound, ("database",)),
    (database.schema_step, ("database", "database_sound")),
    (database.writable, ("database", "database_sound")),
    (database.connections, ("database", "schema")),
    (redis.reachable, ()),
    (redis.version, ("redis",)),
    (redis.writable, ("redis",)),
    (redis_access.access, ("redis",)),
    (redis.eviction, ("redis",)),
    (redis.persistence, ("redis",)),
    (redis.memory, ("redis",)),
    (clocks.redis, ("redis",)),
    (clocks.database, ("database",)),
    (mail.sender, ("database", "schema")),
    (mail.signature, ()),
    (mail.journal, ()),
    (mail.server, ()),
    (mailboxes.place, ()),
    (mailboxes.keys, ("database", "schema")),
    (mailboxes.polls, ("database", "schema")),
    (people.admin, ("database", "schema")),
    (processes.workers, ("database", "schema")),
    (processes.pools, ("database", "schema", "workers")),
    (processes.scheduler, ("database", "schema")),
    (processes.version, ("database", "schema")),
    (processes.program, ("database", "schema")),
    (backups.writable, ()),
    (backups.recent, ("database", "schema")),
    (backups.programs, ("database",)),
    (backups.key, ()),
    (keeping.classes, ()),
    (keeping.cleanups, ("database", "schema")),
    (work.paused, ("database", "schema")),
    (work.schedules, ("database", "schema")),
    (work.late, ("database", "schema", "workers", "scheduler")),
)

log = get_logger(__name__)


def examine(load: Callable[[], Flask]) -> list[Finding]:
    """Return every finding; without usable settings only those that need no application."""
    found = _walk(WITHOUT_APPLICATION)
    if _is_problem("settings", found):
        return found
    try:
        app = load()
    except (EduPulseError, ImportError) as error:
        cure = f"Run: {installation.INSTALL}" if isinstance(error, ImportError) else "Mend the above first."
        return [*found, problem("application", f"The application does not start: {error}", cure)]
    with app.app_context():
        return [*found, *_walk(WITH_APPLICATION)]


def _walk(steps: Sequence[Step]) -> list[Finding]:
    found: list[Finding] = []
    for check, needs in steps:
        if not any(_is_problem(needed, found) for needed in needs):
            found += _checked(check)
    return found


def _checked(check: Check) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:  # one check that breaks must not hide what the others find
        name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
        log.exception("a check failed", check=name)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return [problem(name, f"Could not be checked: {reason}", "The log on stderr says more.")]
    finally:
        if has_app_context():
            db.session.rollback()  # a failed query must not fail the next check's


def _is_problem(id: str, found: Sequence[Finding]) -> bool:
    return any(finding.id == id and finding.state == "problem" for finding in found)
