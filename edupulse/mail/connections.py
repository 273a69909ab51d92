"""Warm connections: as many as jobs of this process send at once, used again by mail after mail and job after job."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edupulse.logs import get_logger
from edupulse.mail.account import SmtpAccount
from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.smtp import Session, connect

IDLE_MOST = 10  # kept per account: providers allow about so many at once, and each slot of a worker needs one

log = get_logger(__name__)


class _Pool:
    """The idle connections of one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: dict[SmtpAccount, list[Session]] = {}  # the warmest last
        self.places: dict[SmtpAccount, threading.BoundedSemaphore] = {}
        self.most_mails: dict[str, int] = {}  # server -> mails after which it closes a connection, as learned

    def place(self, account: SmtpAccount) -> threading.BoundedSemaphore:
        """Return what lets as many mails go at once as the provider accepts connections from one account."""
        with self.lock:
            return self.places.setdefault(account, threading.BoundedSemaphore(account.provider.connections))

    def take(self, account: SmtpAccount) -> Session | None:
        """Return the warmest connection that is still fit."""
        self._leave_all_but(account)
        while (found := self._pop(account)) is not None:
            if self._fit(found, account):
                return found
            found.close()
        return None

    def put(self, account: SmtpAccount, session: Session) -> None:
        """Keep the connection for the next mail, unless there are enough."""
        with self.lock:
            idle = self.idle.setdefault(account, [])
            if len(idle) < IDLE_MOST:
                idle.append(session)
                return
        session.close()

    def unused(self) -> list[Session]:
        """Remove and return what has been idle too long."""
        with self.lock:
            stale = [session for idle in self.idle.values() for session in idle if not session.usable()]
            self.idle = {
                account: [session for session in idle if session not in stale]
                for account, idle in self.idle.items()
            }
        return stale

    def empty(self) -> list[Session]:
        """Remove and return everything."""
        with self.lock:
            held, self.idle = self.idle, {}
        return [session for idle in held.values() for session in idle]

    def forget(self) -> None:
        """Close our copies of a parent's sockets and say nothing; its lock may be held for ever here."""
        for session in (session for idle in self.idle.values() for session in idle):
            session.drop()

    def _leave_all_but(self, account: SmtpAccount) -> None:
        with self.lock:
            strangers = [self.idle.pop(other) for other in list(self.idle) if other != account]
        for session in (session for idle in strangers for session in idle):
            session.close()  # the settings have changed

    def _pop(self, account: SmtpAccount) -> Session | None:
        with self.lock:
            idle = self.idle.get(account)
            return idle.pop() if idle else None

    def _fit(self, session: Session, account: SmtpAccount) -> bool:
        return session.usable() and session.mails < self.most_mails.get(account.server, session.mails + 1)


_pools: dict[int, _Pool] = {}  # by process: a child inherits its parent's


@contextmanager
def leased(account: SmtpAccount) -> Iterator[Session]:
    """Give a working connection to the block: a warm one if there is, else a new one. Raises NotConnected.

    It waits while this process has as many as the provider accepts. An exception in the block leaves the connection
    in an unknown state, so it is dropped.
    """
    pool = _own_pool()
    with pool.place(account):
        session = pool.take(account) or connect(account)
        try:
            yield session
        except BaseException:
            session.drop()
            raise
        pool.put(account, session)


def learn(account: SmtpAccount, session: Session, outcome: Outcome) -> None:
    """Remember after how many mails this server ends a connection, so that the next one is left in time."""
    if outcome.verdict is Verdict.SESSION_LIMIT and outcome.cause == "session_spent" and session.mails:
        most = _own_pool().most_mails
        most[account.server] = min(session.mails, most.get(account.server, session.mails))
        log.info(
            "server takes so many mails per connection", server=account.server, mails=most[account.server]
        )


def close_unused() -> None:
    """Leave connections that have been idle too long, before their servers lose patience."""
    for session in _own_pool().unused():
        session.close()


def close_all() -> None:
    """Say goodbye everywhere."""
    for session in _own_pool().empty():
        session.close()


def _own_pool() -> _Pool:
    """Return this process's pool: a forked child must not say even goodbye over its parent's connections."""
    pid = os.getpid()
    if (known := _pools.get(pid)) is not None:
        return known
    if not _pools:
        atexit.register(close_all)
    own = _pools.setdefault(pid, _Pool())  # of several threads that come at once, all get the same
    for other in [known for known in list(_pools) if known != pid]:
        if (inherited := _pools.pop(other, None)) is not None:
            inherited.forget()
    return own
