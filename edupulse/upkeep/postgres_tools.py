"""PostgreSQL's own programs are started here, told where the database is without a password on their command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

from sqlalchemy import URL

from edupulse.errors import Unavailable

INSTALL = "Install it: sudo apt install postgresql-client (of the server's version or later)."
FIRST_WORDS = 300  # characters of what a program said when it failed: later ones follow from the first
# What a URL may say besides, by the names that libpq reads from the environment.
_OPTIONS = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
}


def environment(url: URL) -> dict[str, str]:
    """Return the environment that leads to the database of `url` (PostgreSQL manual, "Environment Variables")."""
    host = url.host or url.query.get("host") or ""
    host = host if isinstance(host, str) else ",".join(host)
    told: Mapping[str, object] = {
        "PGHOST": host,
        "PGPORT": url.port or url.query.get("port") or "",
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
        "PGAPPNAME": "edupulse backup",
        "PGCLIENTENCODING": "UTF8",
        **{name: url.query.get(option, "") for option, name in _OPTIONS.items()},
    }
    # What the URL leaves out, our own connections take from the environment, too.
    return {**os.environ, "LC_ALL": "C", **{name: str(value) for name, value in told.items() if value}}


def require(program: str) -> str:
    """Return where `program` is; raises Unavailable when it is not installed."""
    found = shutil.which(program)
    if found is None:
        raise Unavailable(f"{program} is not installed on this machine.", cure=INSTALL)
    return found


def version(program: str) -> int:
    """Return the major version of `program`."""
    said = subprocess.run([require(program), "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)[.\d]*", said)
    return int(found[1]) if found else 0


def run(words: Sequence[str], url: URL | None = None) -> None:
    """Run a program to its end; raises Unavailable with its first words when it fails."""
    command, told = [require(words[0]), *words[1:]], _told(url)
    done = subprocess.run(command, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise failed(words[0], done.stderr)


def reading(words: Sequence[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program whose output we read."""
    command = [require(words[0]), *words[1:]]
    return subprocess.Popen(command, env=_told(None), stdout=subprocess.PIPE, stderr=errors)


def writing(words: Sequence[str], url: URL, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program at the database of `url` whose input we write."""
    command, told = [require(words[0]), *words[1:]], _told(url)
    return subprocess.Popen(
        command, env=told, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
    )


def failed(program: str, said: bytes) -> Unavailable:
    """Return the refusal of a program that failed."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    words = " ".join(lines)[:FIRST_WORDS] or "it did not say why"
    return Unavailable(f"{program} failed: {words}", cure="Nothing was changed. Mend that, then try again.")


def _told(url: URL | None) -> dict[str, str]:
    return environment(url) if url is not None else {**os.environ, "LC_ALL": "C"}
