"""Which processes make up EduPulse on one machine, in the order in which they need each other."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

from edupulse.config import Settings
from edupulse.embedded import redis_server, web
from edupulse.embedded.mishaps import Mishaps
from edupulse.embedded.ports import is_listening
from edupulse.embedded.program import PROJECT, Program
from edupulse.sockets import socket_path

BEYOND_GRACE_SECONDS = (
    20.0  # for the workers to end after the grace of their jobs: their keeper gives them ten
)
REDIS_STOP_SECONDS = 20.0  # to write its file to the disk


def programs(settings: Settings) -> list[Program]:
    """Return what `./run up` starts; Redis is among them unless REDIS_URL names one that runs elsewhere."""
    return [*embedded_redis(settings), web_server(settings), workers(settings), scheduler()]


def embedded_redis(settings: Settings) -> list[Program]:
    """Return our own Redis, or nothing when the operator has one."""
    own = socket_path(settings.data_dir, "redis.sock")
    if redis_server.socket_of(settings.redis_url) != own:
        return []
    folder = settings.data_dir / "redis"
    redis_server.make_private(own.parent)
    redis_server.make_private(folder)
    ready = partial(redis_server.is_answering, own)
    command = redis_server.command(own, folder)
    return [Program("redis", "redis", command, ready, others_wait=True, stop_seconds=REDIS_STOP_SECONDS)]


def tidy(settings: Settings) -> None:
    """Remove the folder of our socket where it is not the data folder itself."""
    folder = socket_path(settings.data_dir, "redis.sock").parent
    if folder != settings.data_dir:
        shutil.rmtree(folder, ignore_errors=True)


def web_server(settings: Settings) -> Program:
    return Program("web", "web", web.command(settings), partial(web.is_serving, settings), stop_seconds=15)


def workers(settings: Settings) -> Program:
    """Return the keeper, who has as many workers as the pools want, and starts again what dies."""
    return Program(
        "workers", "worker", _cli("worker"), stop_seconds=settings.worker_grace + BEYOND_GRACE_SECONDS
    )


def scheduler() -> Program:
    return Program("scheduler", "scheduler", _cli("scheduler"))


def mail_capture(port: int, folder: Path, mishaps: Mishaps) -> Program:
    """Return the mail server of the demo: it sends nothing on, and refuses only where `mishaps` says so."""
    module = ("-m", "edupulse.embedded.smtp_server", "--port", str(port), "--folder", str(folder))
    command = (sys.executable, *module, *mishaps.arguments())
    return Program("smtp", "smtp", command, partial(is_listening, "127.0.0.1", port))


def mail_store(port: int, folder: Path, *, user: str, password_file: Path) -> Program:
    """Return the IMAP server of the demo, which puts what lies in `folder` into the mailbox of `user`."""
    module = ("-m", "edupulse.embedded.imap_server", "--port", str(port), "--folder", str(folder))
    command = (sys.executable, *module, "--user", user, "--password-file", str(password_file))
    return Program("imap", "imap", command, partial(is_listening, "127.0.0.1", port))


def _cli(*words: str) -> tuple[str, ...]:
    return (sys.executable, str(PROJECT / "cli.py"), *words)
