"""An address as a person wrote it becomes one to write to, and one by which people are told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from edupulse.errors import Invalid

_NAMED = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>]+)>\s*")
_STEERING = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]"
)  # all control characters but the tab, and half characters


@dataclass(frozen=True)
class Address:
    """One mailbox for sending: what is before the @ as written, the domain in ASCII and lower case."""

    mailbox: str

    @property
    def comparable(self) -> str:
        """The same for two spellings of one mailbox; the key of deliveries and suppressions."""
        return comparable(self.mailbox)

    @property
    def domain(self) -> str:
        return self.mailbox.rpartition("@")[2]

    @property
    def needs_smtputf8(self) -> bool:
        """Say whether only a server that speaks SMTPUTF8 (RFC 6531) can be told this address."""
        return not self.mailbox.isascii()


def parse_address(text: str, *, field: str = "address") -> Address:
    """Check what a person wrote, e.g. `zoe@bücher.example`; no network is asked.

    Raises Invalid naming `field`. An international domain becomes its ASCII form (RFC 5891).
    """
    refuse_steering(text, field=field)
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        message = f"{field}: “{text.strip()[:100]}” is not a usable e-mail address. {error}"
        raise Invalid(message, cure="Write it as name@school.example.", field=field) from None
    return Address(f"{found.local_part}@{found.ascii_domain}")


def parse_named(text: str, *, field: str = "address") -> tuple[str, Address]:
    """Split `Art School <office@school.example>` into name and address; the name may be missing."""
    found = _NAMED.fullmatch(text)
    if found is None:
        return "", parse_address(text, field=field)
    return found["name"].strip('" '), parse_address(found["address"], field=field)


def comparable(mailbox: str) -> str:
    """Return the form by which mailboxes are compared: nobody has two that differ in case alone."""
    return mailbox.lower()


def refuse_steering(text: str, *, field: str) -> None:
    """Raise Invalid if `text` could break out of a header: CR, LF, NUL and their like."""
    if _STEERING.search(text):
        message = f"{field} must be one line of plain text; it has a line break or a control character."
        raise Invalid(message, cure="Remove it and try again.", field=field)
