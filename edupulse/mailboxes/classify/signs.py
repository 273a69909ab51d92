"""The signs of a report about a mail that did not arrive.

One that is built as a report (RFC 3462, RFC 3464) is believed to be one. Everything else needs several signs at once:
a mail system that writes, words that say so, and somebody it is about. A person who answers or forwards a report is
none of these.
"""

from __future__ import annotations

from collections.abc import Sequence

from edupulse.mailboxes.classify import phrases
from edupulse.mailboxes.classify.addresses import is_daemon
from edupulse.mailboxes.classify.causes import names_a_cause
from edupulse.mailboxes.classify.pieces import Fields
from edupulse.mailboxes.event import UnifiedEvent

FAILED_HEADER = "x-failed-recipients"
MOST_WORDS = 2_000  # characters of a report's own words in which a reason is looked for


def may_be_bounce(event: UnifiedEvent) -> bool:
    """Tell by the headers alone whether a closer look is worth its time: ordinary mail ends here."""
    return (
        "report" in _content_type(event)
        or FAILED_HEADER in event.headers
        or _is_from_system(event)
        or phrases.FAILED_SUBJECT.search(event.subject) is not None
    )


def is_built_as_report(event: UnifiedEvent, blocks: Sequence[Fields]) -> bool:
    """Tell whether it is a report by its form (RFC 3462, RFC 3464); `blocks` are its status fields.

    A person's program may pass the parts of a report on: then the whole is none. A report whose fields are lost, or
    of which only the head was read, is known by what its head says.
    """
    kind = _content_type(event)
    if "multipart/report" in kind and blocks:
        return True
    is_system = _is_from_system(event) and not phrases.ANSWER_OR_FORWARD.match(event.subject)
    return is_system and (bool(blocks) or ("multipart/report" in kind and "delivery-status" in kind))


def says_so(event: UnifiedEvent) -> bool:
    """Tell whether a mail system says in words that a mail failed or is late."""
    if phrases.AWAY_SUBJECT.match(event.subject) or not _is_from_system(event):
        return False
    is_daemon_itself = any(is_daemon(each.address, each.name) for each in event.from_)
    is_answer = phrases.ANSWER_OR_FORWARD.match(event.subject) is not None
    if is_answer and not (is_daemon_itself and event.return_path == ""):
        return False
    begin = begin_of(event.text)
    in_text = phrases.FAILED_TEXT.search(begin) is not None
    if phrases.FAILED_SUBJECT.search(event.subject) and (in_text or names_a_cause(begin)):
        return True
    return FAILED_HEADER in event.headers or (in_text and is_daemon_itself)


def is_unmistakable(event: UnifiedEvent) -> bool:
    """Tell whether everything but a name speaks for a bounce."""
    says = phrases.FAILED_SUBJECT.search(event.subject) and phrases.FAILED_TEXT.search(begin_of(event.text))
    return bool(says) and event.return_path == "" and _is_from_system(event)


def begin_of(text: str) -> str:
    """Return how a text begins, in one line: what systems say is folded anywhere."""
    return " ".join(text[:MOST_WORDS].split())


def why_bounce(event: UnifiedEvent) -> str:
    """Return by which words it was recognised."""
    said = phrases.FAILED_SUBJECT.search(event.subject) or phrases.FAILED_TEXT.search(begin_of(event.text))
    words = said[0] if said else FAILED_HEADER
    return f"A mail system writes it, and says “{words[:60]}”."


def _is_from_system(event: UnifiedEvent) -> bool:
    return event.return_path == "" or any(
        is_daemon(each.address, each.name) for each in (*event.from_, *event.sender)
    )


def _content_type(event: UnifiedEvent) -> str:
    return next(iter(event.headers.get("content-type", ())), "").lower()
