"""One field of a mailbox, as a person typed it, becomes its value or a refusal that says what it should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from edupulse.errors import Invalid
from edupulse.mail.addresses import refuse_steering
from edupulse.secret import Secret

if TYPE_CHECKING:
    from edupulse.mailboxes.drafts import MailboxDraft

LONGEST_NAME = 100  # characters
LONGEST_SECRET = 20_000  # characters; Microsoft's refresh tokens have about 1,500
LARGEST = 1_000_000_000  # bytes; no provider takes a mail of a tenth of that
MOST_STAFF = 20  # people; more of them share an address
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_IDENTIFIER = re.compile(r"[A-Za-z0-9._~@-]{0,200}")
_ANY_TENANT = ("", "common", "organizations", "consumers")


def host(text: str) -> str:
    """Return the name or the numeric address of a server, in lower case and ASCII."""
    written = text.strip().lower().strip("[]")
    if not written:
        raise Invalid("The server is missing.", cure="Enter its name, such as imap.example.org.")
    if is_ip(written):
        return written
    try:
        name = written.encode("idna").decode()
    except UnicodeError:
        name = ""
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise Invalid(
            f"{written[:80]!r} is not the name of a server.",
            cure="Enter it without https:// and without a port, such as imap.example.org.",
        )
    return name.rstrip(".")


def line(name: str, what: str, *, most: int, least: int = 1) -> Callable[[str], str]:
    """Return a check for one line of `least` to `most` characters."""

    def check(text: str) -> str:
        written = text.strip()
        refuse_steering(written, field=name)
        if not least <= len(written) <= most:
            raise Invalid(
                f"{what} is {'too long' if written else 'missing'}.", cure=f"Enter 1 to {most} characters."
            )
        return written

    return check


def secret(entered: Secret) -> str | None:
    """Return a password or token without the line break that pasting leaves; nothing typed means None."""
    if not _is_one_line(entered):
        raise Invalid(
            "This secret has a line break or a control character, or is too long.", cure="Copy it again."
        )
    return entered.reveal().strip("\r\n") or None


def _is_one_line(entered: Secret) -> bool:
    written = entered.reveal().strip("\r\n")
    return len(written) <= LONGEST_SECRET and not _UNSTORABLE.search(written)


def identifier(what: str) -> Callable[[str], str]:
    """Return a check for an id that stands in a web address or a form."""

    def check(text: str) -> str:
        if not _IDENTIFIER.fullmatch(written := text.strip()):
            raise Invalid(
                f"{what} has a character that none has.", cure="Copy it again from the provider's page."
            )
        return written

    return check


def whole(what: str, low: int, high: int) -> Callable[[Any], int]:
    """Return a check for a whole number from `low` to `high`."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Invalid(
                f"{what} cannot be {str(value)[:30]}.", cure=f"Enter a whole number from {low:,} to {high:,}."
            )
        return value

    return check


def one_of(what: str, allowed: Collection[str]) -> Callable[[str], str]:
    """Return a check for one of some words."""

    def check(text: str) -> str:
        if text not in allowed:
            raise Invalid(f"{what} cannot be {text[:30]!r}.", cure=f"Choose {', '.join(allowed)}.")
        return text

    return check


def optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `check` for a value that may be None."""
    return lambda value: None if value is None else check(value)


def lacking(draft: MailboxDraft, kept: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what signing in needs and neither was entered nor is among the stored secrets `kept`."""
    there = {*draft.secrets, *kept}
    if draft.auth == "password" and "password" not in there:
        yield "password", "Enter the password, app password or authorisation code."
    if draft.auth in ("google", "microsoft") and not draft.client_id:
        yield "client_id", "Enter the client id of the application that you registered with the provider."
    if draft.auth == "google":
        for name in ("client_secret", "refresh_token"):
            if name not in there:
                yield name, f"Google needs the {name.replace('_', ' ')}."
    if draft.auth == "microsoft" and not there & {"client_secret", "refresh_token"}:
        yield "client_secret", "Enter the client secret of the application, or a refresh token of a person."
    if draft.auth == "microsoft" and "refresh_token" not in there and draft.tenant in _ANY_TENANT:
        yield "tenant", "Enter the tenant: a client secret alone lets the application into one organisation."


def is_ip(text: str) -> bool:
    """Say whether `text` is a numeric address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_this_machine(host: str) -> bool:
    """Say whether a connection to `host` never leaves this machine."""
    return host == "localhost" or (is_ip(host) and ip_address(host).is_loopback)


def same_folder(one: str, other: str) -> bool:
    """Say whether two names mean one folder: only INBOX has no case (RFC 3501 5.1)."""
    return one == other or one.upper() == other.upper() == "INBOX"
