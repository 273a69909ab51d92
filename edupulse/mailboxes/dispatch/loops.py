"""The guard against programs that answer each other for ever, both ways: whom we answer, and what is from ourselves.

Rules of RFC 3834 section 2 and what else programs put into their mails; a limit for each correspondent holds where
no header tells.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import cast

from sqlalchemy import Table, func, select

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.addresses import comparable, parse_named
from edupulse.mail.models import Delivery
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.models import InboundAction, InboundMessage, Mailbox

ANSWER, NOTICE = "inbound_answer", "inbound_notice"  # kinds of the mails that messages bring about
HEADER = "X-Loop"
ANSWERS_A_DAY = 3  # automatic mails to one correspondent; a person needs no more
NOTICES_A_DAY = 20  # mails to the staff about one correspondent's messages; the others are on the page
NOTICES_AN_HOUR = 200  # mails to the staff in all: a flood of strangers is to be read on the page
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A table, and made once: it is said for every message.
_mailboxes = cast(Table, Mailbox.__table__)
_ADDRESSES = select(_mailboxes.c.address, _mailboxes.c.username).where(_mailboxes.c.removed_at.is_(None))
_MARK = re.compile(r"edupulse-(?P<id>[0-9]{1,19})-(?P<mac>[0-9a-f]{20})")
_KINDS_OF_PROGRAMS = ("bounce", "complaint", "auto_reply")
_NOBODY = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|listserv|majordomo)([+-].*)?|.*-(request|owner|bounces?)"
)
_BULK = ("bulk", "list", "junk", "auto_reply")


def why_no_answer(event: UnifiedEvent, own: Collection[str]) -> str:
    """Return why nothing may be sent back by itself to who wrote `event`, "" if it may."""
    address = comparable(event.author.address)
    if not address or len(event.from_) != 1:
        return "it has no one author"
    if address in own:
        return "it comes from an address of ours"
    if event.return_path == "":
        return "it comes from the null sender, as reports do"
    if _NOBODY.fullmatch(address.partition("@")[0]):
        return "nobody reads what is sent to its author"
    if event.classification.kind in _KINDS_OF_PROGRAMS:
        return "a program wrote it"
    return _by_headers(event.headers)


def too_many_answers(address: str) -> str:
    """Return why `address` gets no automatic mail now, "" if it may."""
    answers = select(func.count()).where(
        Delivery.comparable == comparable(address),
        Delivery.kind == ANSWER,
        Delivery.accepted_at > now() - DAY,
    )
    given = db.session.scalar(answers) or 0
    return f"it got {given} automatic mails within a day" if given >= ANSWERS_A_DAY else ""


def too_many_notices(address: str) -> str:
    """Return why the staff are not mailed about a message from `address` now, "" if they may be."""
    told = (
        select(func.count())
        .select_from(InboundAction)
        .join(InboundMessage, InboundMessage.id == InboundAction.message_id)
        .where(InboundMessage.from_address == address, InboundMessage.stored_at > now() - DAY)
        .where(InboundAction.handler.in_(("staff", "reply")), InboundAction.state == "done")
    )
    number = db.session.scalar(told) or 0  # the one at hand is among them
    if number > NOTICES_A_DAY:
        return f"{number} messages of this author came within a day"
    return _too_many_in_all()


def _too_many_in_all() -> str:
    lately = (Delivery.kind == NOTICE, Delivery.accepted_at > now() - HOUR)
    number = db.session.scalar(select(func.count()).where(*lately)) or 0
    return f"{number} such mails went out within an hour" if number >= NOTICES_AN_HOUR else ""


def own_addresses() -> frozenset[str]:
    """Return every address under which this system itself writes or is written to, as addresses are compared."""
    settings = current_settings()
    rows = db.session.connection().execute(_ADDRESSES)
    found = {address or (username if "@" in username else "") for address, username in rows}
    found |= {_plain(settings.default_from_email), settings.bounce_address}
    return frozenset(comparable(each) for each in found if each)


def mark(message_id: int) -> dict[str, str]:
    """Return the header by which a mail about the message `message_id` is known when it comes back."""
    return {HEADER: f"edupulse-{message_id}-{_mac(message_id)}"}


def is_our_own(event: UnifiedEvent) -> bool:
    """Say whether we sent `event` ourselves because of another message; nobody else can make that mark."""
    marks = (_MARK.fullmatch(each.strip()) for each in event.headers.get(HEADER.lower(), ()))
    return any(found and hmac.compare_digest(_mac(int(found["id"])), found["mac"]) for found in marks)


def _by_headers(headers: Mapping[str, tuple[str, ...]]) -> str:
    if any(
        each.split(";")[0].strip().lower() not in ("", "no") for each in headers.get("auto-submitted", ())
    ):
        return "a program wrote it"
    if any(each.strip().lower() in _BULK for each in headers.get("precedence", ())):
        return "it went to many"
    if any(headers.get(name) for name in ("list-id", "list-unsubscribe", "feedback-id")):
        return "it went to a list"
    wishes = " ".join(headers.get("x-auto-response-suppress", ())).lower()
    if any(word in wishes for word in ("all", "autoreply", "oof")):
        return "it asks for no automatic answer"
    if any(headers.get(name) for name in ("x-autoreply", "x-autorespond", "x-loop", "x-failed-recipients")):
        return "a program wrote it"
    return ""


def _plain(sender: str) -> str:
    try:
        return parse_named(sender)[1].mailbox
    except Invalid:  # the account is paused until the setting is corrected
        return ""


def _mac(message_id: int) -> str:
    # A key of its own: what signs sessions signs nothing else.
    secret = current_settings().secret_key.reveal().encode()
    key = blake2b(b"inbound loop\0" + secret).digest()
    return blake2b(b"%d" % message_id, key=key, digest_size=10).hexdigest()
