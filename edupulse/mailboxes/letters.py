"""What one person has written to us, over all mailboxes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_address
from edupulse.mailboxes.models import InboundMessage

SHOWN = 20  # the newest; a search has them all


def letters_of(address: str, limit: int = SHOWN) -> Sequence[InboundMessage]:
    """Return the newest messages from an address, however it was spelled; none for what is no address."""
    spellings = {address, address.lower()}
    try:
        person = parse_address(address)
        spellings |= {person.mailbox, person.comparable}
    except Invalid:
        pass
    wanted = select(InboundMessage).options(joinedload(InboundMessage.mailbox))
    of_them = wanted.where(InboundMessage.from_address.in_(spellings), InboundMessage.state != "duplicate")
    newest = of_them.order_by(InboundMessage.stored_at.desc(), InboundMessage.id.desc())
    return db.session.scalars(newest.limit(limit)).all()
