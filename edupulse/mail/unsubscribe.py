"""The way out that every newsletter carries: a link only we can make, a press that acts, another that takes it back."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256

from edupulse.accounts.audit import record
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail import suppressions
from edupulse.mail.addresses import comparable
from edupulse.mail.models import Delivery
from edupulse.transaction import transaction

SCOPE = "newsletter"
TEST_TOKEN = "test"  # noqa: S105 - stands in the links of test mails and opens nothing
RECIPIENT = "recipient"  # the actor of these acts: whoever holds the mail
REASON = "Asked not to get newsletters any more."
_MAC_BYTES = 16  # 128 bits: nobody guesses one (RFC 8058 section 3.1 asks for that)
_LARGEST_ID = 2**31 - 1  # of a row in PostgreSQL
_TOKEN = re.compile(r"(?P<id>[1-9][0-9]{0,9})\.(?P<mac>[A-Za-z0-9_-]{22})")


class Links:
    """Makes the links of one application's mails; cheap enough to be asked for every mail."""

    def __init__(self, base_url: str, secret_key: str, mailbox: str = "") -> None:
        self._begin = f"{base_url}/unsubscribe/"
        # The token in the subject is enough, whatever a mail program makes of the rest (RFC 2369 3.2).
        self._mailto = f",\r\n <mailto:{mailbox}?subject=unsubscribe%20" if mailbox else ""
        # A key of its own: what signs sessions signs nothing else.
        self._key = sha256(b"unsubscribe\0" + secret_key.encode()).digest()

    def link(self, delivery_id: int, address: str) -> str:
        """Return the link in the mail `delivery_id` to `address`."""
        return f"{self._begin}{delivery_id}.{self.mac(delivery_id, address)}"

    def header(self, link: str) -> str:
        """Return the value of List-Unsubscribe: the link, and an address where mailboxes are polled (RFC 8058 3.1)."""
        mailto = f"{self._mailto}{link.removeprefix(self._begin)}>" if self._mailto else ""
        return f"<{link}>{mailto}"

    def test_link(self) -> str:
        """Return a link that takes nobody off the list."""
        return self._begin + TEST_TOKEN

    def mac(self, delivery_id: int, address: str) -> str:
        message = f"{delivery_id}:{comparable(address)}".encode(errors="surrogatepass")
        digest = hmac.digest(self._key, message, "sha256")
        return urlsafe_b64encode(digest[:_MAC_BYTES])[:-2].decode()  # without its padding


def links() -> Links:
    """Return the maker of links by the settings."""
    settings = current_settings()
    return _links(settings.base_url, settings.secret_key.reveal(), settings.bounce_address)


def link(to_id: int, address: str) -> str:
    """Return the unsubscribe link in the mail `to_id` to `address`."""
    return links().link(to_id, address)


def read(token: str) -> Delivery:
    """Return the mail that a link came with; raises NotFound for any that we did not make."""
    if token == TEST_TOKEN:
        raise NotFound("This link came with a test mail: it takes nobody off the list.")
    found = _TOKEN.fullmatch(token)
    if found and int(found["id"]) <= _LARGEST_ID:
        delivery = db.session.get(Delivery, int(found["id"]))
        if delivery and hmac.compare_digest(links().mac(delivery.id, delivery.address), found["mac"]):
            return delivery
    raise NotFound(
        "This link is not one of ours, or a part of it is missing.", cure="Copy the whole link from the mail."
    )


def act(token: str, source: str) -> bool:
    """Stop newsletters to whom the mail went; False if something has stopped them already.

    `source` says how it was asked for, e.g. "page" or "one-click"; twice is harmless. Raises NotFound.
    """
    delivery = read(token)
    with transaction():
        is_new = suppressions.suppress(
            delivery.address, scope=SCOPE, reason=REASON, source=_source_of(delivery)
        )
        if is_new:
            record(RECIPIENT, "suppression.add", _subject_of(delivery), scope=SCOPE, by=source)
    return is_new


def undo(token: str) -> bool:
    """Take back what this mail's link has stopped, and nothing else; False if that is nothing."""
    delivery = read(token)
    return suppressions.lift_from(delivery.address, scope=SCOPE, source=_source_of(delivery), actor=RECIPIENT)


def is_out(delivery: Delivery) -> bool:
    """Say whether newsletters to this mail's recipient are stopped, by whatever."""
    return suppressions.stops_for([delivery.address]).reason(delivery.address, SCOPE) is not None


def _source_of(delivery: Delivery) -> str:
    return f"unsubscribe:{delivery.id}"


def _subject_of(delivery: Delivery) -> str:
    return f"address:{comparable(delivery.address)}"


@lru_cache(maxsize=4)
def _links(base_url: str, secret_key: str, mailbox: str) -> Links:
    return Links(base_url, secret_key, mailbox)
