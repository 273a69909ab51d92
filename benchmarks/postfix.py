"""Postfix's test programs: smtp-sink takes every mail and forgets it, smtp-source sends as fast as C can.

Only these two are used; the daemon is never installed nor started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import debian
from benchmarks.engines.environment import FOLDER
from edupulse.embedded.ports import free_port, is_listening

HOST = "127.0.0.1"
BACKLOG = "1000"  # connections that may wait at the sink
START_SECONDS = 10.0
UNPACKED = FOLDER.with_name("bench-postfix")
PACKAGE = "postfix"


@dataclass(frozen=True)
class Tools:
    """Where the two programs are, and what they need in their environment."""

    sink: str
    source: str
    libraries: str = ""  # a folder for LD_LIBRARY_PATH; empty: installed by the system

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LD_LIBRARY_PATH": self.libraries} if self.libraries else dict(os.environ)


def tools() -> Tools:
    """Return the programs of this machine, else those of the distribution's package, unpacked below var/."""
    return _installed() or _unpacked() or _fetched()


def _installed() -> Tools | None:
    where = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/postfix/sbin"))
    sink, source = (shutil.which(name, path=where) for name in ("smtp-sink", "smtp-source"))
    return Tools(sink, source) if sink and source else None


def _unpacked() -> Tools | None:
    sink = next(UNPACKED.glob("usr/**/smtp-sink"), None)
    if sink is None:
        return None
    libraries = next(UNPACKED.glob("usr/lib/**/libpostfix-util.so*"), sink).parent
    return Tools(str(sink), str(sink.with_name("smtp-source")), str(libraries))


def _fetched() -> Tools:
    debian.unpack(PACKAGE, UNPACKED)
    found = _unpacked()
    if found is None:
        raise debian.missing("smtp-sink", PACKAGE)
    return found


@contextmanager
def sink(with_tools: Tools) -> Iterator[int]:
    """Run smtp-sink on loopback and yield its port."""
    port = free_port(HOST)
    as_nobody = ("-u", "nobody") if os.getuid() == 0 else ()  # it refuses to be run by root
    command = [with_tools.sink, *as_nobody, f"{HOST}:{port}", BACKLOG]
    process = subprocess.Popen(command, cwd="/", env=with_tools.environment, stdout=subprocess.DEVNULL)
    try:
        _wait_until_listening(process, port)
        yield port
    finally:
        process.terminate()
        process.wait()


def source_seconds(
    with_tools: Tools, port: int, *, mails: int, size: int, sessions: int, reused: bool
) -> float:
    """Return the seconds that smtp-source takes for `mails` of `size` bytes over `sessions` at once."""
    many = ["-s", str(sessions), "-m", str(mails), "-l", str(size), *(["-d"] if reused else [])]
    command = [with_tools.source, *many, "-t", "person@school.example", f"{HOST}:{port}"]
    started = time.perf_counter()
    subprocess.run(command, check=True, env=with_tools.environment, cwd="/")
    return time.perf_counter() - started


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_listening(HOST, port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args[0]} did not come up")  # type: ignore[index]
        time.sleep(0.02)
