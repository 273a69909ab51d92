"""The stepwise test of a mailbox: each step's finding or failure, so that a person sees where it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

from edupulse.errors import EduPulseError
from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.opening import Opening
from edupulse.mailboxes.imap.session import Session

STEPS = ("dns", "tcp", "tls", "login", "id", "select", "count")


@dataclass(frozen=True)
class Step:
    """One step: what it found, or what failed and what to do; `ms` is how long it took."""

    name: str
    ok: bool
    words: str
    cure: str = ""
    ms: int = 0


def steps(account: ImapAccount, folder: str) -> Iterator[Step]:
    """Try a mailbox without changing anything in it; the first step that fails is the last."""
    opening = Opening(account)
    visit = _Visit(opening, folder)
    acts = (opening.dns, opening.tcp, opening.tls, opening.login, visit.id, visit.select, visit.count)
    try:
        for name, act in zip(STEPS, acts, strict=True):
            step = _taken(name, act)
            yield step
            if not step.ok:
                return
    finally:
        opening.abandon()


class _Visit:
    """What is done once we are signed in."""

    def __init__(self, opening: Opening, folder: str) -> None:
        self._opening = opening
        self._folder = folder

    def id(self) -> str:
        opening = self._opening
        self._session = Session(opening.talk, opening.account, opening.capabilities)
        if "ID" not in opening.capabilities and not opening.account.provider.needs_id:
            return "the server does not ask"
        return self._session.identify() or "told"

    def select(self) -> str:
        self._session.examine(self._folder)
        return f"{self._folder} can be read"

    def count(self) -> str:
        uids = self._session.all_uids()
        return f"{len(uids)} message{'' if len(uids) == 1 else 's'}"


def _taken(name: str, act: Callable[[], str]) -> Step:
    started = monotonic()
    try:
        ok, words, cure = True, act(), ""
    except EduPulseError as failure:
        ok, words, cure = False, failure.message, failure.cure
    return Step(name, ok, words, cure, round((monotonic() - started) * 1000))
