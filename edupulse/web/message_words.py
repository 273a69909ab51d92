"""What a message carries and led to, made ready for the eye: its files, what servers report, what handlers made."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import url_for

from edupulse.campaigns.checks.sizes import size_words
from edupulse.mailboxes.event import Attachment, Report, UnifiedEvent
from edupulse.mailboxes.models import InboundAction

LONGEST_NAME = 80  # characters: also in Chinese below the 255 bytes that file systems take
MOST_LINKS = 12  # of one act: a report may speak of many
# Turns the reading direction, so that "gpj.exe" would look like "exe.jpg"; and what no file name may have.
UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\\/:*?"<>|]')
# Types that say no more than "bytes", so that they contradict nothing.
ANYTHING = ("", "application/octet-stream", "application/x-download", "application/force-download")
REPORTS = {
    "hard": ("bad", "Does not arrive"),
    "soft": ("wait", "Did not arrive this time"),
    "delayed": ("wait", "Delayed"),
    "delivered": ("ok", "Arrived"),
    "complaint": ("bad", "Called it spam"),
}
FOUND_BY = {
    "verp": "our signed return path",
    "message_id": "our Message-ID",
    "dsn": "the fields of the report",
    "rule": "the words of the server",
    "arf": "the fields of the complaint",
}
# What a handler notes that it made or found: its page, the name of its number there, what the link says.
LINKS = {
    "event_id": ("events.show", "event_id", "The event"),
    "delivery_id": ("deliveries.show", "delivery_id", "Our mail"),
    "run_id": ("jobs.show", "run_id", "Its job"),
    "address": ("people.show", "address", "All about the person"),
    "suppressed": ("people.show", "address", "All about the person"),
}


@dataclass(frozen=True)
class File:
    """One attachment; `doubt` says where its bytes are something else than it claims."""

    index: int
    name: str
    type: str
    size: str
    inline: bool
    doubt: str


@dataclass(frozen=True)
class Told:
    """What a server says about one recipient, with its tone."""

    report: Report
    tone: str
    words: str


def file_rows(event: UnifiedEvent) -> list[File]:
    """Return the attachments of a message, those shown inside its text last."""
    rows = [
        File(
            each.index,
            download_name(each),
            each.sniffed_type or each.content_type,
            size_words(each.size),
            each.inline,
            _doubt(each),
        )
        for each in event.attachments
    ]
    return sorted(rows, key=lambda row: row.inline)


def report_rows(event: UnifiedEvent) -> list[Told]:
    """Return what servers report."""
    return [Told(each, *REPORTS.get(each.kind, ("mute", each.kind))) for each in event.reports]


def links_of(action: InboundAction) -> list[tuple[str, str]]:
    """Return the pages of what a handler made, as addresses with a word each."""
    several = action.detail.get("reports")
    facts = [action.detail, *(each for each in several or () if isinstance(each, dict))]
    found = ((LINKS[name], each[name]) for each in facts for name in LINKS if each.get(name))
    links = [(url_for(page, **{part: value}), word) for (page, part, word), value in found]
    return list(dict.fromkeys(links))[:MOST_LINKS]


def download_name(attachment: Attachment) -> str:
    """Return a name under which a file may be saved anywhere: no path, nothing that deceives the eye."""
    name = UNSAFE.sub("_", attachment.filename).strip(" .")
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: LONGEST_NAME - 20]}{dot}{ending[:19]}" if dot and stem else name[:LONGEST_NAME]
    return name or f"attachment-{attachment.index}"


def _doubt(attachment: Attachment) -> str:
    said, found = attachment.content_type.lower(), attachment.sniffed_type.lower()
    if said in ANYTHING or found in ANYTHING or said == found or said.split("/")[0] == found.split("/")[0]:
        return ""
    return f"says {said}, its bytes are {found}"
