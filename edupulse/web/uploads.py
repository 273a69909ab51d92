"""A file that somebody sent waits on disk between its report and their word: theirs alone, and not for long."""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from edupulse import clock
from edupulse.config import current_settings
from edupulse.errors import Conflict

LIFETIME = timedelta(hours=1)  # long enough to read a report and to ask somebody about it
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


@dataclass(frozen=True)
class Upload:
    """What was sent, under the name it had."""

    token: str
    filename: str
    data: bytes


def keep(data: bytes, filename: str, *, owner: int, subject: str) -> Upload:
    """Keep `data` for the person `owner` and one thing, e.g. "campaign:7"; forget what has expired."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_expired(folder)
    token = secrets.token_urlsafe(24)
    until = clock.now() + LIFETIME
    facts = {"owner": owner, "subject": subject, "filename": filename, "until": until.isoformat()}
    handle = os.open(folder / token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(json.dumps(facts).encode() + b"\n" + data)
    return Upload(token, filename, data)


def fetch(token: str, *, owner: int, subject: str) -> Upload:
    """Return what `owner` sent for `subject`; raises Conflict when it is not kept, or is somebody else's."""
    try:
        head, _, data = _path(token).read_bytes().partition(b"\n")
    except FileNotFoundError:
        raise _gone() from None
    facts = json.loads(head)
    if (facts["owner"], facts["subject"]) != (owner, subject) or _is_over(facts["until"]):
        raise _gone()
    return Upload(token, facts["filename"], data)


def drop(token: str) -> None:
    """Forget what is kept under `token`."""
    _path(token).unlink(missing_ok=True)


def _folder() -> Path:
    return current_settings().data_dir / "uploads"


def _path(token: str) -> Path:
    if not _TOKEN.fullmatch(token):
        raise _gone()
    return _folder() / token


def _forget_expired(folder: Path) -> None:
    for path in folder.iterdir():
        try:
            with path.open("rb") as file:
                facts = json.loads(file.readline())
        except FileNotFoundError:
            continue  # somebody else forgot it just now
        except ValueError:
            facts = {"until": ""}  # its writer died within the first line
        if not facts["until"] or _is_over(facts["until"]):
            path.unlink(missing_ok=True)


def _is_over(until: str) -> bool:
    return datetime.fromisoformat(until) <= clock.now()


def _gone() -> Conflict:
    return Conflict(
        "This file is not kept any more, so nothing was taken in.",
        cure="Choose it again: what was sent waits for an hour, for the person who sent it.",
    )
