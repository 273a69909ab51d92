"""Where our Unix sockets lie: in the data folder, unless its path is not one that a socket can have."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

LONGEST_PATH = 107  # bytes that fit into sockaddr_un on Linux, without the closing zero
# The path stands in the answer of Redis' CLIENT LIST, which clients split at spaces and equals signs.
PLAIN = re.compile(r"[A-Za-z0-9._/+@~-]+")


def socket_path(folder: Path, name: str) -> Path:
    """Return the path of the socket `name` of the data folder `folder`: the same one in every process."""
    path = folder / name
    if len(os.fsencode(path)) <= LONGEST_PATH and PLAIN.fullmatch(str(path)):
        return path
    # Not $XDG_RUNTIME_DIR: it differs between a login and a service, and both must find the same socket.
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path("/tmp") / f"edupulse-{os.getuid()}-{digest}" / name  # noqa: S108 - made private by its server
