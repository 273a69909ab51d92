"""The connections of one process: which are in use, which wait for the next mail, and that their places are kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from edupulse.logs import get_logger
from edupulse.mail.account import SmtpAccount
from edupulse.mail.places import Places
from edupulse.mail.session import Session

RENEW_SECONDS = 1.0  # between two renewals of the places; as soon is heard that another worker waits
FAIR_SECONDS = 3.0  # a connection that others wait for is used at least so long: opening one is dear

log = get_logger(__name__)


@dataclass(eq=False)
class Warm:
    """A connection of an account, and the place it has."""

    account: SmtpAccount
    session: Session
    places: Places
    token: str
    opened: float = field(default_factory=monotonic)
    must_leave: bool = False  # the server bears fewer


class Pool:
    """All connections of a process. Only its keeper, and the opening and closing of a connection, ask Redis."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.idle: dict[SmtpAccount, list[Warm]] = {}  # the warmest last
        self.most_mails: dict[str, int] = {}  # server -> mails after which it closes a connection, as learned
        self._open: dict[Session, Warm] = {}  # in use or idle
        self._asked_back = 0  # how many connections others wait for
        self._keeper: threading.Thread | None = None

    def add(self, warm: Warm) -> None:
        """Take in a connection that was just opened, in use."""
        with self.changed:
            self._open[warm.session] = warm
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="connections", daemon=True)
                self._keeper.start()

    def take(self, account: SmtpAccount) -> Warm | None:
        """Return the warmest connection that is still fit."""
        self._leave_all_but(account)
        while (warm := self._pop(account)) is not None:
            if self._is_fit(warm):
                return warm
            self.close(warm)
        return None

    def put(self, warm: Warm, *, most: int) -> None:
        """Keep a connection for the next mail, unless `most` are idle already or somebody else needs its place."""
        with self.changed:
            idle = self.idle.setdefault(warm.account, [])
            keep = len(idle) < most and not warm.must_leave and not self._is_asked_back(warm)
            if keep:
                idle.append(warm)
                self.changed.notify_all()
        if not keep:
            self.close(warm)

    def of(self, session: Session) -> Warm | None:
        """Return what is known of a connection."""
        return self._open.get(session)

    def close(self, warm: Warm) -> None:
        """Say goodbye over a connection that is not idle, and give its place back."""
        warm.session.close()
        self._vacate(warm)

    def drop(self, warm: Warm) -> None:
        """Hang up a connection of which nobody knows in what state it is, and give its place back."""
        warm.session.drop()
        self._vacate(warm)

    def close_unused(self) -> None:
        """Leave what has been idle too long, or has been left by its server."""
        with self.changed:
            stale = [warm for idle in self.idle.values() for warm in idle if not warm.session.usable()]
            self._remove(stale)
        self._close_each(stale)

    def close_all(self) -> None:
        """Leave everything that is idle."""
        with self.changed:
            held = [warm for idle in self.idle.values() for warm in idle]
            self.idle = {}
        self._close_each(held)

    def forget(self) -> None:
        """Close our copies of a parent's sockets and say nothing; its lock may be held for ever here."""
        for session in self._open:
            session.drop()

    def _leave_all_but(self, account: SmtpAccount) -> None:
        if self.idle.keys() <= {account}:
            return
        with self.changed:
            strangers = [
                warm for other in list(self.idle) if other != account for warm in self.idle.pop(other)
            ]
        self._close_each(strangers)  # the settings have changed

    def _pop(self, account: SmtpAccount) -> Warm | None:
        with self.changed:
            idle = self.idle.get(account)
            return idle.pop() if idle else None

    def _is_fit(self, warm: Warm) -> bool:
        session, most = warm.session, self.most_mails.get(warm.account.server)
        return session.usable() and (most is None or session.mails < most)

    def _is_asked_back(self, warm: Warm) -> bool:
        if not self._asked_back or monotonic() - warm.opened < FAIR_SECONDS:
            return False
        self._asked_back -= 1
        return True

    def _remove(self, some: Sequence[Warm]) -> None:
        for warm in some:
            self.idle[warm.account].remove(warm)

    def _close_each(self, some: Sequence[Warm]) -> None:
        for warm in some:
            self.close(warm)

    def _vacate(self, warm: Warm) -> None:
        with self.changed:
            self._open.pop(warm.session, None)
        warm.places.release([warm.token])
        with self.changed:
            self.changed.notify_all()

    def _keep(self) -> None:
        """Renew the places of all connections for as long as there are any; make room where others wait."""
        while held := self._by_account():
            asked_back = sum(self._renew(some) for some in held)
            with self.changed:
                self._asked_back = asked_back
            self.close_unused()
            self._make_room()
            with self.changed:
                self.changed.wait_for(lambda: not self._open, RENEW_SECONDS)

    def _renew(self, some: Sequence[Warm]) -> int:
        asked_back = some[0].places.renew([warm.token for warm in some])
        # One that was closed meanwhile has its place again by now, and nobody to give it back.
        if ghosts := [warm.token for warm in some if warm.session not in self._open]:
            some[0].places.release(ghosts)
        return asked_back

    def _by_account(self) -> list[list[Warm]]:
        with self.changed:
            found: dict[SmtpAccount, list[Warm]] = {}
            for warm in self._open.values():
                found.setdefault(warm.account, []).append(warm)
            if not found:
                self._keeper = None  # under the lock: the next connection starts another
        return list(found.values())

    def _make_room(self) -> None:
        """Leave idle connections whose places others wait for, the coldest first."""
        with self.changed:
            idle = [warm for some in self.idle.values() for warm in some][: self._asked_back]
            self._remove(idle)
            self._asked_back -= len(idle)
        self._close_each(idle)
