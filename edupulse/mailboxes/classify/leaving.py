"""Somebody who wants no more newsletters: by a mail to the address that only our mails name, or by a bare word."""

from __future__ import annotations

import re

from edupulse.mailboxes.classify.phrases import UNSUBSCRIBES
from edupulse.mailboxes.event import UnifiedEvent

# The address of a List-Unsubscribe mailto: (RFC 2369 3.2), its token as mail/unsubscribe.py makes it.
_ADDRESS = re.compile(r"[+.]?unsubscribe[+=-](?P<token>[1-9][0-9]{0,9}\.[A-Za-z0-9_-]{22})@", re.IGNORECASE)
_AROUND = re.compile(r"[\s.!,;:'\"“”‘’。！，*_()<>-]+")
_LONGEST = 60  # characters; whoever writes more wants to be read
_GREETINGS = re.compile(
    r"\b(hi|hello|thanks?|thank you|many thanks|danke|regards|谢谢|您好|你好)\b", re.IGNORECASE
)


def why_leaving(event: UnifiedEvent) -> str:
    """Return why the message asks for no more newsletters, "" if it does not."""
    if unsubscribe_token(event):
        return "It was sent to the address for unsubscribing that a newsletter of ours names."
    text = event.reply_text or event.text
    said = _bare(text)
    if said in UNSUBSCRIBES:
        return f"All it says is “{said}”."
    if not said and not event.attachments and _bare(event.subject) in UNSUBSCRIBES:
        return f"It is empty, and its subject is “{_bare(event.subject)}”."
    return ""


def unsubscribe_token(event: UnifiedEvent) -> str:
    """Return the token of the newsletter's link that stands in an address of the message, "" if none does."""
    named = (*event.delivered_to, *(each.address for each in (*event.to, *event.cc)))
    return next((found["token"] for each in named if (found := _ADDRESS.search(each))), "")


def _bare(text: str) -> str:
    """Return a short text in lower case, without greetings and signs; a longer one is nothing bare."""
    if len(text) > 4 * _LONGEST:
        return ""
    plain = _AROUND.sub(" ", _GREETINGS.sub(" ", text)).strip().lower()
    return plain if len(plain) <= _LONGEST else "…"
