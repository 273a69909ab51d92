"""The web server of the stack: its command line, and below it what gunicorn reads from this module."""

from __future__ import annotations

import http.client
import sys
from typing import Any

from edupulse.bond import die_with_parent
from edupulse.config import Settings

ANSWER_SECONDS = 2.0  # for the first page of a server that has just started

# gunicorn's settings. One process with threads: SQLite has one writer, and pages mostly wait.
workers = 1
threads = 8
worker_class = "gthread"
timeout = 60  # seconds without a sign of life after which the process is replaced
graceful_timeout = 10  # seconds for running requests to end
control_socket_disable = True  # nobody steers it but the supervisor
errorlog = "-"


def post_fork(server: Any, worker: Any) -> None:
    """Bind the life of gunicorn's worker to that of its master, whose own is bound to the supervisor."""
    die_with_parent(server.pid)()


def command(settings: Settings) -> tuple[str, ...]:
    """Return the command line that serves the pages on the address and port of `settings`."""
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    bind = f"{address}:{settings.port}"
    config = f"python:{__name__}"
    return (sys.executable, "-m", "gunicorn", "--config", config, "--bind", bind, "wsgi:app")


def is_serving(settings: Settings) -> bool:
    """Say whether a page comes back."""
    # A server bound to every address answers on the loopback one.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
