"""A file's name as a stranger wrote it becomes one that is safe to show and to store."""

from __future__ import annotations

import re

from edupulse.mailboxes.parse import clean, limits

_UNSAFE = re.compile(r'[<>:"|?*]')
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_ENDINGS = {  # not from mimetypes: that one asks the machine, and a message has the same event everywhere
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "application/ics": ".ics",
    "message/rfc822": ".eml", "message/delivery-status": ".txt", "text/rfc822-headers": ".txt",
    "message/disposition-notification": ".txt", "message/feedback-report": ".txt", "application/pdf": ".pdf",
    "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/svg+xml": ".svg",
    "application/zip": ".zip", "application/ms-tnef": ".dat", "text/csv": ".csv", "text/vcard": ".vcf",
}  # fmt: skip


def safe(name: str, content_type: str, index: int) -> str:
    """Return the last part of a path without what file systems and readers trip over, or a name by its type."""
    last = re.split(r"[/\\]", name[: limits.PARAMETERS_CHARACTERS])[-1]
    kept = clean.label(_UNSAFE.sub("_", last), limits.FILENAME_CHARACTERS * 4).strip(". ")
    if not kept.strip("_"):
        return f"part-{index}{_ENDINGS.get(content_type, '')}"
    return _short(kept)


def _short(name: str) -> str:
    if len(name) <= limits.FILENAME_CHARACTERS:
        return name
    ending = found[0] if (found := _EXTENSION.search(name)) else ""
    return name[: limits.FILENAME_CHARACTERS - len(ending)].rstrip(". ") + ending
