"""Whom a report about a delivery speaks of, and what became of the mail: by its status fields, else by its words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from email.message import Message

from edupulse.mailboxes.classify import phrases, status, systems
from edupulse.mailboxes.classify.addresses import addresses_in, strangers
from edupulse.mailboxes.classify.causes import meaning
from edupulse.mailboxes.classify.pieces import status_blocks
from edupulse.mailboxes.classify.returned import Returned, returned_mail, signed_delivery
from edupulse.mailboxes.classify.signs import (
    FAILED_HEADER,
    MOST_WORDS,
    begin_of,
    is_built_as_report,
    is_unmistakable,
    says_so,
    why_bounce,
)
from edupulse.mailboxes.event import Report, UnifiedEvent


@dataclass(frozen=True)
class Found:
    """A bounce: what it says about whom, why it is one, and how sure that is."""

    reports: tuple[Report, ...]
    why: str
    confidence: float


def bounce(event: UnifiedEvent, message: Message, own: Collection[str]) -> Found | None:
    """Return what the message says as a bounce, None if it is none."""
    blocks = status_blocks(message)
    is_report = is_built_as_report(event, blocks)
    if not is_report and not says_so(event):
        return None
    returned = returned_mail(message, event, blocks, own)
    delivery_id = signed_delivery(event, message, blocks)
    by_status = status.reports(blocks, event.text[:MOST_WORDS])
    found = _whom(by_status, event, returned, own) or _by_words(event, returned, own)
    if not found and (is_report or delivery_id is not None or is_unmistakable(event)):
        found = [_about("", event, returned)]
    if not found:
        return None
    why = "It is built as a report about a delivery (RFC 3464)." if is_report else why_bounce(event)
    return Found(_with_original(found, returned, delivery_id, own), why, 1.0 if is_report else 0.9)


def _whom(
    by_status: list[Report], event: UnifiedEvent, returned: Returned, own: Collection[str]
) -> list[Report]:
    """Return the reports by status; one that names nobody usable is completed from the report's words."""
    if not by_status:
        return []
    people = [each.recipient for each in by_status]
    if all(people) and len(strangers(people, own)) == len(people):
        return by_status
    named = _named(event, returned, own)
    if len(by_status) == 1 and named:
        return [replace(by_status[0], recipient=named[0])]
    return [each for each in by_status if each.recipient] or by_status[:1]


def _by_words(event: UnifiedEvent, returned: Returned, own: Collection[str]) -> list[Report]:
    """Return one report for each address that the words name. Without one, nothing says whom it is about."""
    named = _named(event, returned, own)
    if not named and returned.is_enclosed and returned.to:
        named = [returned.to]
    if not named and returned.is_enclosed and returned.message_id:
        named = [""]
    return [_about(each, event, returned) for each in named]


def _named(event: UnifiedEvent, returned: Returned, own: Collection[str]) -> list[str]:
    marked = strangers(
        (each for line in event.headers.get(FAILED_HEADER, ()) for each in addresses_in(line)), own
    )
    return marked or systems.recipients(returned.own_words[: MOST_WORDS * 2], own, returned.to)[1]


def _about(address: str, event: UnifiedEvent, returned: Returned) -> Report:
    said = _reason(returned.own_words, address)
    failure = meaning(said)
    is_late = phrases.DELAYED.search(f"{event.subject}\n{begin_of(returned.own_words)}")
    is_over = phrases.GIVEN_UP.search(begin_of(returned.own_words))
    kind = "delayed" if is_late and not is_over else failure.kind
    return Report(kind, address, "", failure.status, failure.cause, said[:MOST_WORDS], found_by="rule")


def _reason(words: str, address: str) -> str:
    """Return what stands behind the address, or all that the server says where that is nothing."""
    behind = words.partition(address)[2] if address else ""
    said = behind if len(behind.strip(" \n\t.:<>")) > 12 else words
    return " ".join(said.split())[:MOST_WORDS]


def _with_original(
    found: Sequence[Report], returned: Returned, delivery_id: int | None, own: Collection[str]
) -> tuple[Report, ...]:
    """Add what the returned mail says: which mail it was, and for whom before an alias or a forwarding."""
    completed = []
    for each in found:
        original = each.original_recipient
        if not original and len(found) == 1 and returned.to.lower() != each.recipient.lower():
            original = returned.to
        by = "verp" if delivery_id is not None else each.found_by
        completed.append(
            replace(
                each,
                recipient=each.recipient or original,
                original_recipient=original if each.recipient else "",
                delivery_id=delivery_id,
                original_message_id=returned.message_id,
                found_by=by,
            )
        )
    return tuple(completed)
