"""What a failed poll leads to: when it is tried again, and when a person has to hear of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

# A person has to mend it; asking again only locks the account.
FOR_A_PERSON = ("auth", "permission", "setting")
TRIES_BEFORE_STOP = 3
WAITS_OF_A_PERSONS = (timedelta(minutes=1), timedelta(minutes=5))
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = {"quota": timedelta(hours=1)}  # allowances come back by the hour
USUAL_LONGEST_WAIT = timedelta(minutes=15)
ALERT_AFTER = timedelta(minutes=30)  # of trouble that time should mend
JITTER = 0.25


@dataclass(frozen=True)
class Next:
    """When the mailbox is polled again; never by itself where it is `stopped`."""

    at: datetime | None
    stopped: bool
    alert: bool  # people are to be told, if they were not yet


def after_failure(
    error_class: str, *, failures: int, since: datetime | None, moment: datetime, chance: float | None = None
) -> Next:
    """Decide what follows the failure number `failures` in a row; the last success was `since`.

    Trouble with the network, the server or our storage never ends the polling; only the waits grow.
    """
    if error_class in FOR_A_PERSON:
        if failures >= TRIES_BEFORE_STOP:
            return Next(None, stopped=True, alert=True)
        return Next(moment + WAITS_OF_A_PERSONS[failures - 1], stopped=False, alert=False)
    longest = LONGEST_WAIT.get(error_class, USUAL_LONGEST_WAIT)
    wait = min(longest, FIRST_WAIT * 2 ** min(failures - 1, 10))
    spread = 1 + JITTER * (2 * (random.random() if chance is None else chance) - 1)  # noqa: S311 - no secret
    lasts = since is not None and moment - since > ALERT_AFTER
    return Next(moment + wait * spread, stopped=False, alert=lasts)
