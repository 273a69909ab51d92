"""Can mail come in: can its passwords be opened, can what arrives be kept, are the mailboxes polled?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.errors import EduPulseError
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.monitor import Listed, listing
from edupulse.sealing import key_id, sealed_with
from edupulse.storage import storage

# Written and read back where nothing can be taken away again: the same few bytes each time.
PROBE = b"Written by `python cli.py doctor` to see whether received mails can be kept here.\r\n"
ROTATE = "Run: python cli.py mailboxes rotate-keys"


def keys() -> Iterator[Finding]:
    """Check that every stored secret was sealed with a key that we have; nothing is opened."""
    known = [key_id(key) for key in current_settings().encryption_keys]
    names = _names_by_key()
    if missing := {key: names[key] for key in names if key not in known}:
        yield problem("mailbox_keys", *_without_key(missing))
        return
    older = sorted({name for key in known[1:] for name in names.get(key, ())})
    if older:
        finding = f"Not sealed with the first key of ENCRYPTION_KEYS yet: {_some(older)}."
        yield warning("mailbox_keys", finding, ROTATE)
    else:
        yield ok("mailbox_keys", "Every stored secret of a mailbox can be opened.")


def place() -> Iterator[Finding]:
    """Check that what is received can be kept, and read again."""
    url = current_settings().storage_url
    try:
        _try_folder(Path(url.removeprefix("file://"))) if url.startswith("file://") else _try_store()
    except EduPulseError as error:
        yield problem("storage", error.message, error.cure)
    except OSError as error:
        cure = "Make it a folder that the user of the workers may write to, with room, or set STORAGE_URL."
        yield problem("storage", f"Received mails cannot be kept: {error.strerror or error}, {url}.", cure)
    else:
        if url.startswith("memory://"):
            yield warning(
                "storage",
                "Received mails are forgotten at a restart.",
                "Set STORAGE_URL to file:// or s3://.",
            )
        else:
            yield ok("storage", "Received mails can be kept.")


def polls() -> Iterator[Finding]:
    """Check that every mailbox is polled, when it should be, and lets us in."""
    listed = listing()
    found = [finding for each in listed if (finding := _of(each))]
    yield from found
    if not found:
        polled = sum(each.mailbox.enabled for each in listed)
        yield ok("mailboxes", f"Mailboxes that are polled: {polled}." if listed else "There is no mailbox.")


def _names_by_key() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = db.session.execute(
        select(Mailbox.name, Mailbox.password_sealed, Mailbox.oauth_sealed).where(
            Mailbox.removed_at.is_(None)
        )
    )
    for name, *sealed in rows:
        for each in filter(None, sealed):
            found.setdefault(sealed_with(each), set()).add(name)
    return found


def _without_key(missing: dict[str, set[str]]) -> tuple[str, str]:
    said = "; ".join(f"key {key}: {_some(sorted(names))}" for key, names in sorted(missing.items()))
    cure = (
        "Add the key at the end of ENCRYPTION_KEYS and restart; if it is lost, enter the secrets again: "
        "python cli.py mailboxes edit NAME --ask"
    )
    return f"Secrets were sealed with keys that are not in ENCRYPTION_KEYS ({said}).", cure


def _some(names: list[str], most: int = 5) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _try_folder(folder: Path) -> None:
    """Write into the folder, or into the one in which it will be made; nothing is left."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(PROBE)


def _try_store() -> None:
    kept = storage().put(PROBE)
    if storage().read(kept.key) != PROBE:
        raise OSError("what was written came back changed")


def _of(listed: Listed) -> Finding | None:
    mailbox, health = listed.mailbox, listed.health
    if health.state not in ("stopped", "late", "retrying"):
        return None
    judged = problem if health.state == "stopped" else warning
    cure = health.cure or f"See: python cli.py mailboxes test {mailbox.id}"
    if health.state == "stopped":
        cure = f"{cure} Then: python cli.py mailboxes enable {mailbox.id}"
    return judged(f"mailbox_{mailbox.id}", f"“{mailbox.name}” ({health.state}): {health.words}", cure)
