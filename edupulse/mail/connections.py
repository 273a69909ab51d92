"""Warm connections: mail after mail and job after job goes over the same ones, and never over more than are allowed."""

from __future__ import annotations

import atexit
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from edupulse.logs import get_logger
from edupulse.mail.account import SmtpAccount
from edupulse.mail.notconnected import NotConnected
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.places import Places, new_token, places_of
from edupulse.mail.smtp import Session, connect
from edupulse.mail.warm import Pool, Warm

MANY = 1_000_000  # mails: no server takes so many over one connection
IDLE_MOST = 10  # kept per account: providers allow about so many at once, and each slot of a worker needs one
PATIENCE_SECONDS = (
    60.0  # to wait for a place: about a batch over a slow line; then the mails wait in the ledger
)
ASK_AGAIN_SECONDS = (
    0.2  # while waiting for a place of another worker; one of this process is heard of at once
)
CONCURRENCY = "concurrency"  # the cause where a server, or a limit, allows no further connection

log = get_logger(__name__)
_pools: dict[int, Pool] = {}  # by process: a child inherits its parent's


@contextmanager
def leased(account: SmtpAccount) -> Iterator[Session]:
    """Give a working connection to the block: a warm one if there is, else a new one.

    All workers together open no more than the account is allowed: while they have so many it waits, at most
    PATIENCE_SECONDS. An exception in the block leaves the connection in an unknown state, so it is dropped.
    Raises NotConnected, and Unavailable where a new one is needed and Redis cannot be asked.
    """
    pool = _own_pool()
    warm = pool.take(account) or _new_or_freed(pool, account)
    try:
        yield warm.session
    except BaseException:
        pool.drop(warm)
        raise
    pool.put(warm, most=IDLE_MOST)


def learn(account: SmtpAccount, session: Session, outcome: Outcome) -> None:
    """Remember what this server bears: mails per connection, or connections at once. Within `leased`."""
    pool = _own_pool()
    if outcome.verdict is Verdict.SESSION_LIMIT and outcome.cause == "session_spent" and session.mails:
        most = pool.most_mails
        most[account.server] = min(session.mails, most.get(account.server, session.mails))
        log.info(
            "server takes so many mails per connection", server=account.server, mails=most[account.server]
        )
    if outcome.cause == CONCURRENCY and (warm := pool.of(session)) is not None and not warm.must_leave:
        warm.must_leave = True
        warm.places.learn_fewer()


def room(account: SmtpAccount, session: Session) -> int:
    """Return how many more mails the session will take, as far as that was learned."""
    return _own_pool().most_mails.get(account.server, MANY) - session.mails


def close_unused() -> None:
    """Leave connections that have been idle too long, before their servers lose patience."""
    _own_pool().close_unused()


def close_all() -> None:
    """Say goodbye everywhere."""
    _own_pool().close_all()


def _new_or_freed(pool: Pool, account: SmtpAccount) -> Warm:
    places, token, until = places_of(account), new_token(), monotonic() + PATIENCE_SECONDS
    try:
        while not places.take(token):
            with pool.changed:
                pool.changed.wait(ASK_AGAIN_SECONDS * random.uniform(0.5, 1))  # noqa: S311 - spreads load
            if (freed := pool.take(account)) is not None:
                places.leave(token)
                return freed
            if monotonic() > until:
                raise _none_free(account)
    except BaseException:
        places.leave(token)
        raise
    return _opened(pool, account, places, token)


def _opened(pool: Pool, account: SmtpAccount, places: Places, token: str) -> Warm:
    try:
        warm = Warm(account, connect(account), places, token)
    except BaseException as error:
        if isinstance(error, NotConnected) and error.outcome.cause == CONCURRENCY:
            places.learn_fewer()
        places.release([token])
        raise
    pool.add(warm)
    return warm


def _none_free(account: SmtpAccount) -> NotConnected:
    said = "All connections that this account may have are in use by other workers."
    outcome = Outcome(
        Phase.CONNECT, Verdict.PACE, CONCURRENCY, text=said, server=account.server, retry_after=10.0
    )
    return NotConnected(outcome, "place", account)


def _own_pool() -> Pool:
    """Return this process's pool: a forked child must not say even goodbye over its parent's connections."""
    pid = os.getpid()
    if (known := _pools.get(pid)) is not None:
        return known
    if not _pools:
        atexit.register(close_all)
    own = _pools.setdefault(pid, Pool())  # of several threads that come at once, all get the same
    for other in [known for known in list(_pools) if known != pid]:
        if (inherited := _pools.pop(other, None)) is not None:
            inherited.forget()
    return own
