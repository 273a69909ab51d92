"""Has the machine room: disk, memory, and the port of the pages?"""

from __future__ import annotations

from collections.abc import Iterator

import psutil

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.embedded.lock import is_held
from edupulse.embedded.ports import is_free

LITTLE_DISK, HARDLY_ANY_DISK = 2_000_000_000, 200_000_000  # bytes; a busy week of mail is a few hundred MB
LITTLE_MEMORY, HARDLY_ANY_MEMORY = 300_000_000, 100_000_000  # bytes; the whole stack uses about 400 MB


def disk() -> Iterator[Finding]:
    """Check the space where the data is."""
    folder = current_settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    free = psutil.disk_usage(str(folder)).free
    yield _room(
        "disk",
        f"{free / 1e9:.1f} GB free for {folder}.",
        free,
        LITTLE_DISK,
        HARDLY_ANY_DISK,
        "Make room there.",
    )


def memory() -> Iterator[Finding]:
    """Check the memory that is left."""
    free = psutil.virtual_memory().available
    cure = "Stop what is not needed, or set EDUPULSE_WORKERS lower."
    yield _room(
        "memory", f"{free / 1e6:.0f} MB of memory free.", free, LITTLE_MEMORY, HARDLY_ANY_MEMORY, cure
    )


def port() -> Iterator[Finding]:
    """Check that the port of the pages is ours or free."""
    settings = current_settings()
    if is_held(settings.data_dir):
        yield ok("port", f"EduPulse is up and holds port {settings.port}.")
    elif is_free(settings.host, settings.port):
        yield ok("port", f"Port {settings.port} is free.")
    elif settings.profile == "production":
        yield ok("port", f"Port {settings.port} is in use, as it should be when the web service is up.")
    else:
        cure = "Stop the program that has it, or set EDUPULSE_PORT to another port."
        yield problem("port", f"Port {settings.port} is taken by another program.", cure)


def _room(id: str, finding: str, free: int, little: int, hardly_any: int, cure: str) -> Finding:
    if free < hardly_any:
        return problem(id, f"Only {finding}", cure)
    return warning(id, f"Only {finding}", cure) if free < little else ok(id, finding)
