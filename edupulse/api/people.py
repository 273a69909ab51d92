"""`/people/<address>`: everything that was ever sent to one address, and why something was not."""

from __future__ import annotations

from flask import Response

from edupulse.api.answers import answer
from edupulse.api.noun import Noun
from edupulse.api.words import page_wanted
from edupulse.mail.timeline import timeline

noun = Noun("people", __name__, url_prefix="/people")


@noun.get("/<address>/")
def show(address: str) -> Response:
    """Return the mails to an address, newest first, each with its tries, and what is suppressed."""
    found = timeline(address, **page_wanted())
    return answer({
        "address": found.address,
        "suppressions": found.suppressions,
        "counts": found.counts,
        "items": found.entries.items,
        "previous": found.entries.previous,
        "next": found.entries.next,
    })  # fmt: skip
