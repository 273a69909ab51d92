"""The staff are mailed about a message, each of them once, and never about mail that we caused ourselves."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.mail.addresses import comparable
from edupulse.mail.compose import Mail, render_mail
from edupulse.mail.outbox import Posting, accept_many
from edupulse.mailboxes.dispatch.loops import NOTICE, is_our_own, mark, own_addresses, too_many_notices
from edupulse.mailboxes.handling import Done, Inbound

LONGEST_EXCERPT = 1500  # characters; the whole is on the page
OUR_OWN = "Our own mail about another message came back."


def said_at_once(message: Inbound, words: str) -> Done | None:
    """Return the outcome where nobody is to be mailed, None where `tell` must work."""
    if is_our_own(message.event):
        return Done(OUR_OWN)
    return None if message.staff else Done(words, attention=words)


def tell(message: Inbound, words: str) -> Done:
    """Put the message on the staff's list, and mail each of them once; twice is harmless."""
    if is_our_own(message.event):
        return Done(OUR_OWN)
    if why := _why_no_mail(message):
        return Done(f"{words} No mail was sent about it: {why}.", attention=words)
    deliveries = accept_many([_posting(message, words, address) for address in message.staff])
    told = f"{words} {len(deliveries)} of the staff {'are' if len(deliveries) > 1 else 'is'} told by mail."
    return Done(told, {"notices": [each.id for each in deliveries]}, attention=words)


def _why_no_mail(message: Inbound) -> str:
    if not message.staff:
        return "this mailbox names nobody for that"
    if message.is_old:
        return "it came before this mailbox was read here"
    author = comparable(message.event.author.address)
    if author in own_addresses():
        return "it comes from an address of ours"
    return too_many_notices(author)


def _posting(message: Inbound, words: str, address: str) -> Posting:
    moment, subject_id = now(), f"message:{message.id}"
    return Posting(_mail(message, words, address), NOTICE, subject_id, "", due_at=moment)


def _mail(message: Inbound, words: str, address: str) -> Mail:
    event, settings = message.event, current_settings()
    author = event.author
    subject, text, html = render_mail(
        "inbound_notice",
        settings.locale,
        words=words,
        author=f"{author.name} <{author.address}>" if author.name else author.address,
        about=_line(event.subject),
        mailbox=message.own_address,
        excerpt=(event.reply_text or event.text).strip()[:LONGEST_EXCERPT],
        files=[each.filename for each in event.attachments if not each.inline][:20],
        url=f"{settings.base_url}/messages/{message.id}",
    )
    return Mail(address, "", _line(subject)[:300], text, html, settings.locale, headers=mark(message.id))


def _line(text: str) -> str:
    """Return what a stranger wrote as one line without control characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
