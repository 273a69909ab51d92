"""Has the machine room: disk, memory, and the port of the pages?"""

from __future__ import annotations

import resource
from collections.abc import Iterator

import psutil

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.embedded.lock import is_held
from edupulse.embedded.ports import require_free
from edupulse.errors import EduPulseError

FEW_FILES, HARDLY_ANY_FILES = 512, 128  # a worker with six slots and warm mail connections opens about sixty
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
        return
    try:
        require_free(settings.host, settings.port, setting="EDUPULSE_PORT")
    except EduPulseError as error:
        if settings.profile == "production":
            yield ok("port", f"Port {settings.port} is in use, as it should be when the web service is up.")
        else:
            yield problem("port", error.message, error.cure)
    else:
        yield ok("port", f"Port {settings.port} is free.")


def open_files() -> Iterator[Finding]:
    """Check that a process started here may open enough files and connections."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = resource.RLIM_INFINITY
    cure = "Before ./run up: ulimit -n 4096; under systemd: LimitNOFILE=4096"
    if most != endless and most < FEW_FILES:
        cure = "Let root raise it (nofile in /etc/security/limits.conf), or under systemd: LimitNOFILE=4096"
    if allowed == endless or allowed >= FEW_FILES:
        yield ok("open_files", "A process may open enough files and connections.")
    else:
        judged = problem if allowed < HARDLY_ANY_FILES else warning
        yield judged("open_files", f"A process may open only {allowed} files and connections.", cure)


def _room(id: str, finding: str, free: int, little: int, hardly_any: int, cure: str) -> Finding:
    if free < hardly_any:
        return problem(id, f"Only {finding}", cure)
    return warning(id, f"Only {finding}", cure) if free < little else ok(id, finding)
