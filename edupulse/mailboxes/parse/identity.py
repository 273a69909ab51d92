"""Who a message is among others: its own id, those it answers, and when it was written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from edupulse.mailboxes.parse import clean, limits
from edupulse.mailboxes.parse.fields import Fields
from edupulse.mailboxes.parse.findings import Findings

_ID = re.compile(r"<([^<>\s]{1,996})>")
_ALONE = re.compile(r"[^<>\s@]{1,400}@[^<>\s@]{1,400}")
_DATE_CHARACTERS = 200  # longer ones are none


def message_id(fields: Fields, sha256: str, findings: Findings) -> tuple[str, bool]:
    """Return the id with its brackets and whether the message had it; else one that its bytes give."""
    if found := _ids(fields.line("message-id")):
        return found[0], True
    findings.add("unreadable Message-ID" if fields.has("message-id") else "no Message-ID")
    return f"<{sha256[:40]}@no-message-id.invalid>", False


def answered(fields: Fields) -> tuple[str, ...]:
    """Return what In-Reply-To names."""
    return tuple(_ids(fields.line("in-reply-to"))[: limits.REFERENCES])


def references(fields: Fields) -> tuple[str, ...]:
    """Return what References names, the oldest first, each once; of very many the newest."""
    return tuple(dict.fromkeys(_ids(fields.line("references"))))[-limits.REFERENCES :]


def date(fields: Fields, findings: Findings) -> str | None:
    """Return the Date in UTC as ISO 8601; -0000 and no zone are read as UTC (RFC 5322 3.3)."""
    if not (value := fields.line("date")[:_DATE_CHARACTERS]):
        findings.add("no Date")
        return None
    try:
        return _moment(value).isoformat()
    except (
        ValueError,
        OverflowError,
        IndexError,
        TypeError,
    ):  # what parsedate_tz and datetime raise on nonsense
        findings.add("unreadable Date")
        return None


def _moment(value: str) -> datetime:
    read = parsedate_tz(value)
    if read is None:
        raise ValueError(value)
    zone = timezone(timedelta(seconds=read[9] or 0))
    second = min(read[5], 59)  # a leap second has 60
    return datetime(*read[:5], second, tzinfo=zone).astimezone(UTC)


def _ids(value: str) -> list[str]:
    """Return the ids in a line; one without brackets counts where it stands alone."""
    if not value:
        return []
    if found := _ID.findall(value):
        return [f"<{clean.line(each, limits.IDENTIFIER_CHARACTERS)}>" for each in found]
    alone = _ALONE.fullmatch(value)
    return [f"<{clean.line(alone[0], limits.IDENTIFIER_CHARACTERS)}>"] if alone else []
