"""Warm connections: one per account and process, used again by mail after mail and job after job."""

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

log = get_logger(__name__)


class _Pool:
    """The idle connections of one process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.lock = threading.Lock()
        self.idle: dict[SmtpAccount, Session] = {}
        self.most_mails: dict[str, int] = {}  # server -> mails after which it closes a connection, as learned

    def take(self, account: SmtpAccount) -> Session | None:
        with self.lock:
            strangers = [self.idle.pop(other) for other in list(self.idle) if other != account]
            found = self.idle.pop(account, None)
        for session in strangers:
            session.close()  # the settings have changed
        if found is not None and not self._fit(found, account):
            found.close()
            return None
        return found

    def put(self, account: SmtpAccount, session: Session) -> None:
        with self.lock:
            surplus = self.idle.get(account)
            if surplus is None:
                self.idle[account] = session
                return
        session.close()

    def _fit(self, session: Session, account: SmtpAccount) -> bool:
        return session.usable() and session.mails < self.most_mails.get(account.server, session.mails + 1)


_pool: _Pool | None = None


@contextmanager
def leased(account: SmtpAccount) -> Iterator[Session]:
    """Give a working connection to the block: a warm one if there is, else a new one. Raises NotConnected.

    An exception in the block leaves the connection in an unknown state, so it is dropped.
    """
    pool = _own_pool()
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
    pool = _own_pool()
    with pool.lock:
        stale = [
            pool.idle.pop(account) for account, session in list(pool.idle.items()) if not session.usable()
        ]
    for session in stale:
        session.close()


def close_all() -> None:
    """Say goodbye everywhere."""
    pool = _own_pool()
    with pool.lock:
        sessions, pool.idle = list(pool.idle.values()), {}
    for session in sessions:
        session.close()


def _own_pool() -> _Pool:
    """Return this process's pool: a forked child must not say even goodbye over its parent's connections."""
    global _pool
    if _pool is None:
        atexit.register(_close_own)
    if _pool is not None and _pool.pid != os.getpid():
        for inherited in _pool.idle.values():
            inherited.drop()  # closes our copy of the socket and says nothing
        _pool = None
    _pool = _pool or _Pool(os.getpid())
    return _pool


def _close_own() -> None:
    if _pool is not None and _pool.pid == os.getpid():
        close_all()
