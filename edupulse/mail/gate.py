"""What the account's limits let through now: asked before mails are claimed, told afterwards how many went."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edupulse.config import current_settings
from edupulse.mail.limits import Limits, limits_of
from edupulse.mail.round import Round
from edupulse.mail.turnstile import Grant, Turnstile

AT_ONCE = 200  # mails claimed at once where nothing limits: a claim's own cost is then hardly felt


PERIODS = {"per_second": "second", "per_minute": "minute", "per_day": "day"}


def words(binding: str, limits: Limits) -> str:
    """Say which limit a mail waits for."""
    if binding not in PERIODS:
        return "This account sends no faster; this mail waits for its turn."
    most = getattr(limits, binding)
    return f"This account may send {most:g} mails a {PERIODS[binding]}; this one waits for its turn."


class Gate:
    """The limits of the account that a round sends through."""

    def __init__(self, work: Round) -> None:
        self.limits: Limits = limits_of(work.account.provider, current_settings())
        self._work = work
        self._turnstile = Turnstile(work.sender_id, self.limits)

    def still_open(self, token: str) -> bool:
        """Say whether the leave given to the claim still counts; ask when its mails are claimed.

        Should Redis lose it later, the claimed rows tell whoever counts anew.
        """
        return self._turnstile.holds(token)

    @contextmanager
    def passage(self, wanted: int, token: str, *, bulk: bool) -> Iterator[Grant]:
        """Give the block leave for some mails; what it has not sent at its end is given back."""
        if not self._is_needed(bulk):
            yield Grant(wanted if not bulk else max(wanted, AT_ONCE), 0.0, "")
            return
        before = self._work.reached
        grant = self._turnstile.ask(wanted, token, bulk=bulk)
        try:
            yield grant
        finally:
            if grant.count:
                self._turnstile.finish(token, self._work.reached - before)

    def _is_needed(self, bulk: bool) -> bool:
        limits = self.limits
        return bool(limits.per_second or limits.per_minute or limits.per_day or (bulk and limits.batch_delay))
