"""Who asks by mail to get no more mail, and what proves that the person asks: a token of ours, or being the recipient.

A token in the address or the subject is enough, because only the mail itself carries it. A bare word counts as the
whole of what somebody wrote, quotes left out, and only from the address that our mail went to: a newsletter that was
forwarded with its links in it takes nobody off the list.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail import unsubscribe
from edupulse.mail.addresses import comparable
from edupulse.mail.models import Delivery
from edupulse.mail.suppressions import SCOPES
from edupulse.mailboxes.classify import unsubscribe_token
from edupulse.mailboxes.classify.phrases import UNSUBSCRIBES
from edupulse.mailboxes.dispatch.threads import is_from
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.handling import Inbound

_TOKEN = re.compile(r"(?<![A-Za-z0-9_.-])([1-9][0-9]{0,9}\.[A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])")
_SIGNATURE = re.compile(
    r"^(--|_{5,}|sent from my .*|von meinem .* gesendet|发自我的.*|發自我的.*)$", re.IGNORECASE
)
_NOISE = re.compile(r"[\s\W_]+")
LONGEST_WISH = 60  # characters; whoever writes more has something to say
# What our own mails offer as a subject, and what people write besides the words that make it an `unsubscribe`.
_WORDS = UNSUBSCRIBES | {
    "no reminders please",
    "no reminders",
    "unsubscribe please",
    "我要退订",
    "请退訂",
    "不要再发",
}


@dataclass(frozen=True)
class Wish:
    """Which of our mails somebody has enough of, and what proves that it is the recipient who asks."""

    delivery: Delivery
    proof: str


def wish_of(message: Inbound) -> Wish | None:
    """Return the wish of a message that proves who asks, None for any other."""
    return _by_token(message.event) or _by_word(message)


def why_wish(event: UnifiedEvent) -> str:
    """Return why `event` asks for no more mails, "" if it does not; what proves it is looked at later."""
    if next(_tokens(event), None) is not None:
        return "It carries a token of one of our mails."
    return "It asks for no more mails, and says nothing else." if _is_bare(event) else ""


def _is_bare(event: UnifiedEvent) -> bool:
    """Say whether the wish is all that somebody wrote; the subject counts where there is no text."""
    written = _written(event.reply_text) or (event.subject if not _written(event.text) else "")
    return len(written) <= LONGEST_WISH and " ".join(_NOISE.split(written.casefold())).strip() in _WORDS


def _tokens(event: UnifiedEvent) -> Iterator[str]:
    """Yield what stands where only our own mails put a token: in the address written to, and in the subject."""
    if token := unsubscribe_token(event):
        yield token
    yield from _TOKEN.findall(event.subject)


def _by_token(event: UnifiedEvent) -> Wish | None:
    for token in _tokens(event):
        with contextlib.suppress(NotFound):
            return Wish(unsubscribe.read(token), "our signed token")
    return None


def _by_word(message: Inbound) -> Wish | None:
    if not _is_bare(message.event):
        return None
    if message.delivery_id is not None:
        delivery = db.session.get(Delivery, message.delivery_id) if message.is_verified else None
    else:
        delivery = _last_mail_to(message.event)
    return Wish(delivery, "it comes from the address that our mail went to") if delivery else None


def _last_mail_to(event: UnifiedEvent) -> Delivery | None:
    """Return the last mail to the author that one may refuse, for who wrote anew instead of answering."""
    author = comparable(event.author.address)
    if not author or not is_from(event, author):
        return None
    kinds = Delivery.kind.in_(sorted(SCOPES))
    wanted = (
        select(Delivery).where(Delivery.comparable == author, kinds).order_by(Delivery.id.desc()).limit(1)
    )
    found: Delivery | None = db.session.scalar(wanted)
    return found


def _written(text: str) -> str:
    """Return what somebody wrote, without the signature that a program adds."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if _SIGNATURE.match(line.strip()):
            break
        lines.append(line)
    return "\n".join(lines).strip()
