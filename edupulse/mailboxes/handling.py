"""What a handler of messages is, and which there are: a new one is one file and a line where it is made known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from edupulse.errors import NotFound
from edupulse.mailboxes.event import UnifiedEvent


@dataclass(frozen=True)
class Inbound:
    """One message as a handler gets it."""

    id: int  # of its row
    mailbox_id: int
    event: UnifiedEvent
    own_address: str  # of the mailbox
    read_raw: Callable[[], bytes]  # the whole message, from storage
    read_attachment: Callable[[int], bytes]  # by Attachment.index
    delivery_id: int | None = None  # our mail that it answers
    is_verified: bool = False  # it comes from whom that mail went to
    staff: tuple[str, ...] = ()  # who is mailed about what nobody else deals with
    is_old: bool = False  # it came to the mailbox before the mailbox was entered here

    @property
    def source(self) -> str:
        """Where its effects say that they come from."""
        return f"inbound:{self.id}"


@dataclass(frozen=True)
class Done:
    """What a handler did, in words, and what it made. With `attention` a person should look at the message."""

    words: str
    detail: dict[str, Any] = field(default_factory=dict)
    attention: str = ""  # why


class Handler(Protocol):
    """Deals with one kind of message. It runs in a transaction of its own, which is repeated if it fails."""

    name: str
    summary: str

    def wants(self, message: Inbound) -> str:
        """Return why this message is for it, "" if it is not."""
        ...

    def handle(self, message: Inbound) -> Done:
        """Deal with it; done twice it has one effect. Raises what makes it worth another try later."""
        ...


def register_handler(handler: Handler, *, before: str = "reply") -> None:
    """Make a handler known; it is asked before the built-in one named `before`. Registered again it is replaced."""
    if handler.name in _handlers:
        _handlers[handler.name] = handler
        return
    items = list(_handlers.items())
    names = [name for name, _ in items]
    place = names.index(before) if before in names else len(items)
    items.insert(place, (handler.name, handler))
    _handlers.clear()
    _handlers.update(items)


def handlers() -> list[Handler]:
    """Return all handlers in the order in which they are asked."""
    return list(_handlers.values())


def handler_named(name: str) -> Handler:
    """Return a handler; raises NotFound with the known names."""
    if found := _handlers.get(name):
        return found
    raise NotFound(f"There is no handler {name!r}.", cure=f"Known: {', '.join(_handlers)}.")


_handlers: dict[str, Handler] = {}
