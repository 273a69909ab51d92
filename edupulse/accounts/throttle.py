"""Guessing passwords is slowed down: tries are counted by account and network address for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import ColumnElement, delete, func, select

from edupulse.accounts.models import SignInAttempt
from edupulse.database import db
from edupulse.errors import Denied
from edupulse.transaction import transaction

WINDOW = timedelta(minutes=15)
TRIES_OF_A_PAIR = 5  # one account from one address: a person who mistypes
TRIES_OF_AN_ADDRESS = 30  # one address through many accounts: a class room behind one router still fits
TRIES_OF_AN_ACCOUNT = 100  # one account from many addresses; high, so that nobody can be locked out easily


def note_attempt(account: str, address: str, moment: datetime) -> None:
    """Write one try down; raises Denied with `retry_after` in seconds when there were too many."""
    with transaction() as session:
        session.execute(delete(SignInAttempt).where(SignInAttempt.at < moment - WINDOW))
        by_account, by_address = _by(account, address)
        _limit(moment, TRIES_OF_A_PAIR, by_account, by_address)
        _limit(moment, TRIES_OF_AN_ADDRESS, by_address)
        _limit(moment, TRIES_OF_AN_ACCOUNT, by_account)
        session.add(SignInAttempt(at=moment, account=account, address=address[:64]))


def forget_attempts(account: str, address: str) -> None:
    """Start counting anew for this account from this address: its person has signed in."""
    with transaction() as session:
        session.execute(delete(SignInAttempt).where(*_by(account, address)))


def _by(account: str, address: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SignInAttempt.account == account, SignInAttempt.address == address[:64]


def _limit(moment: datetime, allowed: int, *conditions: ColumnElement[bool]) -> None:
    counted = select(func.count(), func.min(SignInAttempt.at)).where(
        SignInAttempt.at >= moment - WINDOW, *conditions
    )
    tries, oldest = db.session.execute(counted).one()
    if tries >= allowed:
        raise _too_many(ceil((oldest + WINDOW - moment).total_seconds()))


def _too_many(seconds: int) -> Denied:
    minutes = max(1, ceil(seconds / 60))
    cure = f"Wait {minutes} minute{'s' if minutes > 1 else ''} and try again."
    return Denied("Too many tries to sign in.", cure=cure, retry_after=max(1, seconds))
