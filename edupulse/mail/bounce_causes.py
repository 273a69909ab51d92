"""Why a mail came back, as stable words: what each means to a person, and what follows for the address."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Follows(StrEnum):
    """What a permanent failure for this cause says about writing to the address again."""

    STOP = "stop"  # it will never work: not written to again
    COUNT = "count"  # it may work again: enough of them in a short time stop it
    NOTHING = "nothing"  # it is about us or about this one mail; the person is not to blame


class Cause(NamedTuple):
    """One cause: what it means, and what follows from it."""

    words: str
    follows: Follows


CAUSES: Mapping[str, Cause] = MappingProxyType(
    {
        "mailbox_unknown": Cause("There is no such mailbox.", Follows.STOP),
        "mailbox_disabled": Cause("The mailbox is closed.", Follows.STOP),
        "moved": Cause("The person has another address now.", Follows.STOP),
        "domain_unknown": Cause("The domain does not exist or takes no mail.", Follows.STOP),
        "mailbox_full": Cause("The mailbox is full.", Follows.COUNT),
        "unreachable": Cause("The mail server of the address could not be reached.", Follows.COUNT),
        "expired": Cause("It could not be delivered for so long that it was given up.", Follows.COUNT),
        "loop": Cause("Mail to the address goes round in circles.", Follows.COUNT),
        "relay": Cause("The server says that it is not responsible for the address.", Follows.COUNT),
        "later": Cause("The server could not take it.", Follows.COUNT),
        "refused": Cause("The server refused it and did not say why.", Follows.COUNT),
        "restricted": Cause("The mailbox takes mail from chosen senders only.", Follows.NOTHING),
        "blocked": Cause("Our mail server or address is blocked there.", Follows.NOTHING),
        "spam": Cause("It was taken for spam.", Follows.NOTHING),
        "domain_auth": Cause("It could not be proven to come from our domain.", Follows.NOTHING),
        "policy": Cause("The rules of the other side do not allow it.", Follows.NOTHING),
        "too_fast": Cause("The other side got too much mail from us at once.", Follows.NOTHING),
        "too_large": Cause("It was too large.", Follows.NOTHING),
        "content": Cause("The other side could not take what is in it.", Follows.NOTHING),
    }
)
UNSAID = "refused"  # where nobody says why


def cause(name: str) -> Cause:
    """Return what is known of a cause; one that nobody knows is like one that nobody said."""
    return CAUSES.get(name, CAUSES[UNSAID])
