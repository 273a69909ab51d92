"""A signed return address in the envelope of each mail: whatever comes back to it names the mail it is about.

With BOUNCE_ADDRESS bounces@school.example the mail 123 leaves as bounces+123-MAC@school.example (a variable envelope
return path). Nobody but us can make the MAC, so a report that comes to such an address is about a mail of ours.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from hashlib import blake2b

from edupulse.config import current_settings
from edupulse.mail.addresses import parse_named

_MAC_BYTES = 10  # 80 bits; more would not leave room in the 64 characters before the @ (RFC 5321 4.5.3.1.1)
_LARGEST_ID = 2**31 - 1  # of a row in PostgreSQL
# In hexadecimal, because some servers give an address back in capitals.
_SIGNED = re.compile(r"\+(?P<id>[1-9][0-9]{0,9})-(?P<mac>[0-9a-f]{20})@", re.IGNORECASE)


class ReturnPaths:
    """Makes and reads the return addresses of one application; cheap enough to be asked for every mail."""

    def __init__(self, bounce_address: str, secret_key: str) -> None:
        address = parse_named(bounce_address, field="BOUNCE_ADDRESS")[1].mailbox if bounce_address else ""
        self._local, _, self._domain = address.rpartition("@")
        # A key of its own: what signs sessions signs nothing else. Keyed BLAKE2b is a MAC by itself (RFC 7693 2.9),
        # and keyed once, it costs half a microsecond.
        key = blake2b(b"return path\0" + secret_key.encode()).digest()
        self._signer = blake2b(key=key, digest_size=_MAC_BYTES)

    @property
    def are_used(self) -> bool:
        """Tell whether mails leave with such an address."""
        return bool(self._domain)

    def mail_from(self, delivery_id: int) -> str:
        """Return the envelope sender of a mail."""
        return f"{self._local}+{delivery_id}-{self._mac(delivery_id)}@{self._domain}"

    def delivery_of(self, address: str) -> int | None:
        """Return the mail whose return address this is; None for one that we did not make.

        Whatever stands around it does not matter: the address may have changed since, or a forwarding server
        may have wrapped it up (SRS).
        """
        found = _SIGNED.search(address)
        if found is None or int(found["id"]) > _LARGEST_ID:
            return None
        delivery_id = int(found["id"])
        is_ours = hmac.compare_digest(self._mac(delivery_id), found["mac"].lower())
        return delivery_id if is_ours else None

    def _mac(self, delivery_id: int) -> str:
        signer = self._signer.copy()
        signer.update(b"%d" % delivery_id)
        return signer.hexdigest()


def return_paths() -> ReturnPaths:
    """Return the maker of return addresses by the settings."""
    settings = current_settings()
    return _return_paths(settings.bounce_address, settings.secret_key.reveal())


def mail_from(delivery_id: int, usual: str) -> str:
    """Return the envelope sender of a mail: the signed one, or `usual` where BOUNCE_ADDRESS is not set."""
    paths = return_paths()
    return paths.mail_from(delivery_id) if paths.are_used else usual


def delivery_of(address: str) -> int | None:
    """Return the mail that a signed return address belongs to; None for one that we did not make."""
    return return_paths().delivery_of(address) if _SIGNED.search(address) else None


@lru_cache(maxsize=4)
def _return_paths(bounce_address: str, secret_key: str) -> ReturnPaths:
    return ReturnPaths(bounce_address, secret_key)
