"""The built-in handlers, in the order in which they are asked; the first that wants a message gets it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from edupulse.errors import NotFound
from edupulse.mailboxes.handlers.auto_reply import AutoReply
from edupulse.mailboxes.handlers.bounce import Bounced
from edupulse.mailboxes.handlers.complaint import Complaint
from edupulse.mailboxes.handlers.reply import Reply
from edupulse.mailboxes.handlers.staff import Staff
from edupulse.mailboxes.handlers.unsubscribe import Unsubscribe
from edupulse.mailboxes.handling import Done, Inbound, handler_named, register_handler


@runtime_checkable
class Light(Protocol):
    """A handler that for some messages has nothing to do but to say so: that costs no transaction of its own."""

    def at_once(self, message: Inbound) -> Done | None:
        """Return the outcome if there is no effect beyond it, None where `handle` must work. Touches nothing."""
        ...


def register() -> None:
    """Make the built-in handlers known; `calendar`, which a domain above registers, stands between them."""
    for handler in (Bounced(), Complaint(), AutoReply(), Unsubscribe()):
        register_handler(handler, before="calendar")
    register_handler(Reply(), before="staff")
    register_handler(Staff(), before="")


def at_once(name: str, message: Inbound) -> Done | None:
    """Return what the handler `name` can say without any effect, None if it must work or does not exist."""
    try:
        handler = handler_named(name)
    except NotFound:  # a job, or a handler that a release took away: found out where it is carried out
        return None
    return handler.at_once(message) if isinstance(handler, Light) else None
