"""Addresses in what servers write: found in running text, and told apart from those of daemons and our own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from edupulse.mail.addresses import comparable

# Narrower than the standard allows: what surrounds an address in prose (quotes, brackets) is never part of it.
ADDRESS = r"[A-Za-z0-9_][A-Za-z0-9.!#$%&*+_=^~-]{0,80}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
_ADDRESS = re.compile(ADDRESS)
_DAEMON = re.compile(
    r"(mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|daemon|postmaster|post[-_.]?office|postoffice|mailsystem"
    r"|mail[-_.]?delivery([-_.](sub)?system)?|delivery[-_.]?status|microsoftexchange[0-9a-f]{8,}|bounces?"
    r"|mail[-_.]?(admin|administrator|system|agent|robot)|system[-_.]?administrator|maildelivery"
    r"|non[-_.]?delivery|ndr|dsn)(\+.*)?",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(er)?[- ]?(delivery|daemon)|delivery (sub)?system|^system administrator$|^mail administrator$"
    r"|^microsoft (outlook|exchange)$|^postmaster$|^courier mail server|退信|系统邮件",
    re.IGNORECASE,
)


def addresses_in(text: str) -> list[str]:
    """Return the addresses in a text, each once, in their order."""
    return list(dict.fromkeys(each.rstrip(".-") for each in _ADDRESS.findall(text)))


def only_address(value: str) -> str:
    """Return the address of a report's field such as `rfc822;zoe@school.example`, "" if there is none."""
    plain = value.partition(";")[2] or value
    found = addresses_in(plain)
    if found:
        return found[0]
    bare = plain.strip().strip("<>\"'")
    return bare if re.fullmatch(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", bare) else ""


def is_daemon(address: str, name: str = "") -> bool:
    """Tell whether a mail system writes under this address, as far as its name says."""
    local = address.rpartition("@")[0] if "@" in address else address
    return bool(_DAEMON.fullmatch(local.strip() or "-")) or bool(name and _DAEMON_NAME.search(name.strip()))


def strangers(found: Iterable[str], own: Collection[str]) -> list[str]:
    """Leave out our own addresses, also with a +tag, and those of mail systems."""
    return [each for each in found if not is_daemon(each) and untagged(each) not in own]


def untagged(address: str) -> str:
    """Return an address as it is compared, without what stands behind a plus."""
    local, _, domain = comparable(address).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
