"""People are told that a mailbox cannot be read, once for each trouble, and that it can be read again."""

from __future__ import annotations

from datetime import datetime, timedelta

from markupsafe import escape

from edupulse.accounts.users import all_users
from edupulse.config import current_settings
from edupulse.mail.compose import Mail
from edupulse.mail.outbox import Posting, accept_many
from edupulse.mailboxes.models import Mailbox

KIND = "alert"
OF_USE = timedelta(days=1)  # an older alert says nothing any more


def in_trouble(mailbox: Mailbox, words: str, cure: str, moment: datetime, *, stopped: bool) -> None:
    """Tell the mailbox's staff and the administrators what is wrong and what to do, in the running transaction."""
    what = (
        "It is not polled any more until somebody has mended this."
        if stopped
        else "It is tried again by itself, now and then."
    )
    lines = [f"The mailbox “{mailbox.name}” cannot be read since {_since(mailbox)}.", words, cure, what]
    _tell(mailbox, f"Mailbox “{mailbox.name}” cannot be read", lines, moment)


def recovered(mailbox: Mailbox, moment: datetime) -> None:
    """Tell the same people that it works again."""
    lines = [f"The mailbox “{mailbox.name}” can be read again. Nothing that came in meanwhile is lost."]
    _tell(mailbox, f"Mailbox “{mailbox.name}” works again", lines, moment)


def untold(mailbox: Mailbox, words: str, cure: str, moment: datetime) -> None:
    """Tell them, once for each setting, that messages are fetched but cannot be moved or marked on the server."""
    what = "moved" if mailbox.after_action == "move" else "marked as seen"
    lines = [
        f"All messages of the mailbox “{mailbox.name}” are fetched, but cannot be {what} on the server.",
        words,
        cure,
    ]
    subject = f"Mailbox “{mailbox.name}”: messages cannot be {what}"
    _tell(mailbox, subject, lines, moment, about=f"after-{mailbox.revision}")


def withheld(mailbox: Mailbox, uid: int, moment: datetime) -> None:
    """Tell them, once, of a message that the server has and does not give; each night it is asked for again."""
    lines = [
        f"The mail server of the mailbox “{mailbox.name}” has a message that it does not hand over (UID {uid}).",
        "Look for it in the mailbox itself. All other messages were fetched.",
    ]
    _tell(
        mailbox, f"Mailbox “{mailbox.name}”: one message cannot be fetched", lines, moment, about=f"uid-{uid}"
    )


def _tell(mailbox: Mailbox, subject: str, lines: list[str], moment: datetime, about: str = "") -> None:
    settings = current_settings()
    page = f"{settings.base_url}/mailboxes/{mailbox.id}"
    text = "\n\n".join([*filter(None, lines), page, ""])
    html = "".join(f"<p>{escape(line)}</p>" for line in [*filter(None, lines), page])
    accept_many(
        [
            Posting(
                Mail(address, "", subject, text, html, settings.locale),
                kind=KIND,
                subject_id=str(mailbox.id),
                occurrence=about or f"{moment:%Y%m%dT%H%M%S}",
                due_at=moment,
                expires_at=moment + OF_USE,
            )
            for address in _whom(mailbox)
        ]
    )


def _whom(mailbox: Mailbox) -> list[str]:
    """Return the staff of the mailbox and all administrators, but nobody who reads their mail in it."""
    admins = [user.email for user in all_users() if user.role == "admin" and user.active]
    own = mailbox.own_address.lower()
    return [address for address in dict.fromkeys([*mailbox.staff, *admins]) if address.lower() != own]


def _since(mailbox: Mailbox) -> str:
    since = mailbox.succeeded_at or mailbox.created_at
    return f"{since:%Y-%m-%d %H:%M} UTC"
