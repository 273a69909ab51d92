"""Who signs in is who they say: their password is compared, and wrong tries are counted before they are judged."""

from __future__ import annotations

from sqlalchemy import select

from edupulse.accounts.models import User
from edupulse.accounts.passwords import matches
from edupulse.accounts.throttle import forget_attempts, note_attempt
from edupulse.accounts.users import account_of, set_password
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.transaction import transaction


def verify(email: str, password: str, *, address: str = "cli") -> User | None:
    """Return the person whose password this is, else None; raises Denied(retry_after) after many tries.

    The try is written before it is judged, so that parallel guesses are counted too.
    """
    account, moment = account_of(email), now()
    note_attempt(account, address, moment)
    person: User | None = db.session.scalar(select(User).where(User.email == account, User.active))
    if not matches(person.password_hash if person else None, password) or person is None:
        return None
    with transaction() as session:
        forget_attempts(account, address)
        session.get_one(User, person.id).last_seen_at = moment
    return person


def change_own_password(email: str, current: str, new: str, *, address: str) -> User:
    """Give somebody who knows their password another one, and end all their sessions.

    Raises Invalid naming `current` or `password`, Denied with `retry_after` after many wrong tries from `address`.
    """
    if verify(email, current, address=address) is None:
        raise Invalid(
            "The current password is another one.",
            cure="An administrator can set a new one.",
            field="current",
        )
    return set_password(email, new, actor=email)
