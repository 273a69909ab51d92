"""A delivery status report as RFC 3464 has it: one block per recipient becomes one report each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from edupulse.mailboxes.classify.addresses import only_address
from edupulse.mailboxes.classify.causes import meaning
from edupulse.mailboxes.classify.pieces import Fields, first
from edupulse.mailboxes.event import Report

MOST_REPORTS = 250  # of one message; each of our mails goes to one person
_DONE = ("delivered", "relayed", "expanded")  # section 2.3.3
_FINAL = ("final-recipient", "x-actual-recipient", "original-recipient", "recipient")
_SAID = ("diagnostic-code", "x-diagnostic", "smtp-remote-answer", "x-supplementary-info", "x-display-name")


def reports(blocks: Iterable[Fields], words: str = "") -> list[Report]:
    """Return what a report's blocks say; `words` are the report's own, for servers that put the reason there alone."""
    found = (_report(block, words) for block in islice(filter(_is_of_a_recipient, blocks), MOST_REPORTS))
    return list(dict.fromkeys(found))


def _is_of_a_recipient(block: Fields) -> bool:
    return bool(block.get("action") or (first(block, _FINAL) and block.get("status")))


def _report(block: Fields, words: str) -> Report:
    final, original = only_address(first(block, _FINAL)), only_address(block.get("original-recipient", ""))
    said = _unlabelled(first(block, _SAID))
    failure = meaning(said or words[:1500], block.get("status", ""))
    return Report(
        kind=_kind(block.get("action", "").lower().split(" ")[0], failure.kind),
        recipient=final,
        original_recipient=original if original.lower() != final.lower() else "",
        status=failure.status,
        cause=failure.cause,
        text=said or block.get("status", ""),
        found_by="dsn",
    )


def _kind(action: str, failure: str) -> str:
    if action in _DONE:
        return "delivered"
    return "delayed" if action in ("delayed", "delay") else failure


def _unlabelled(said: str) -> str:
    """Leave out the kind of a Diagnostic-Code: `smtp; 550 No such user`."""
    label, _, rest = said.partition(";")
    return (
        rest.strip() if label.strip().lower() in ("smtp", "x-postfix", "x-unix", "x400", "x-notes") else said
    )
