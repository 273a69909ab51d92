"""The capture box: every mail the demo's mail server accepted, one file each, with an index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path

INDEX = "index.jsonl"


@dataclass(frozen=True)
class Captured:
    """One line of the index."""

    at: str  # ISO, UTC
    message_id: str
    sender: str
    recipients: list[str]
    subject: str
    file: str
    size: int  # bytes


def store(folder: Path, raw: bytes, *, sender: str, recipients: Sequence[str], at: datetime) -> Captured:
    """Keep `raw` exactly as it came; it is complete in its file before the index names it."""
    headers = BytesHeaderParser().parsebytes(raw)
    message_id = str(headers.get("Message-ID", "")).strip()
    path = _free_name(folder, message_id or hashlib.sha256(raw).hexdigest())
    _write_whole(path, raw)
    entry = Captured(
        at.isoformat(), message_id, sender, list(recipients), _subject(headers), path.name, len(raw)
    )
    with (folder / INDEX).open("a", encoding="utf-8") as index:
        index.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
    return entry


def arrived(folder: Path, message_id: str) -> Path | None:
    """Return the file of the mail with this Message-ID, if it arrived."""
    path = folder / _file_name(message_id, copy=1)
    return path if path.is_file() else None


def copies(folder: Path, message_id: str) -> int:
    """Return how many times a mail with this Message-ID arrived; more than one is a duplicate."""
    return sum(1 for _ in folder.glob(_file_name(message_id, copy="*")))


def captured(folder: Path) -> Iterator[Captured]:
    """Yield what arrived, oldest first; a line that is still being written is left for next time."""
    path = folder / INDEX
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as index:
        for line in index:
            if line.endswith("\n"):
                yield Captured(**json.loads(line))


def _free_name(folder: Path, identity: str) -> Path:
    copy = copies(folder, identity) + 1
    return folder / _file_name(identity, copy=copy)


def _file_name(identity: str, *, copy: int | str) -> str:
    # The hash makes any Message-ID a safe name, and finding one mail a single look.
    return f"{hashlib.sha256(identity.strip().encode()).hexdigest()[:32]}-{copy}.eml"


def _write_whole(path: Path, raw: bytes) -> None:
    # No fsync: the box shows what a demo did and need not survive a power cut.
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(raw)
    unfinished.rename(path)


def _subject(headers: Message) -> str:
    try:
        return str(make_header(decode_header(str(headers.get("Subject", "")))))
    except (LookupError, ValueError):
        return str(headers.get("Subject", ""))
