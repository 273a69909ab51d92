"""The people who sign in: made, given a role, verified by password."""

from __future__ import annotations

import secrets

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.accounts.models import ROLES, User
from edupulse.accounts.passwords import check_policy, hashed
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.transaction import transaction

LONGEST_NAME = 200  # characters
LOCALES = ("en", "zh")  # the languages that we speak; an empty one: as the browser asks


def create_user(email: str, name: str, role: str, password: str, *, actor: str = "system") -> User:
    """Make a person who may sign in; raises Invalid naming the field, Conflict when the address is taken."""
    email, name = _address(email), name.strip() or email.strip()
    _check_role(role)
    check_policy(password, email, name)
    fresh = User(
        email=email,
        name=name[:LONGEST_NAME],
        role=role,
        password_hash=hashed(password),
        session_key=_session_key(),
        created_at=now(),
    )
    with transaction() as session:
        if session.scalar(select(User.id).where(User.email == email)):
            raise _taken(email)
        session.add(fresh)
        _flush(session, email)
        record(actor, "users.create", f"user:{fresh.id}", email=email, role=role)
    return fresh


def find_user(email: str) -> User:
    """Return the person with that address; raises NotFound."""
    found: User | None = db.session.scalar(select(User).where(User.email == account_of(email)))
    if found is None:
        raise NotFound(
            f"Nobody signs in as {email[:320]}.", cure="See `python cli.py users list`.", email=email[:320]
        )
    return found


def all_users() -> list[User]:
    """Return everybody who was ever made, by address."""
    return list(db.session.scalars(select(User).order_by(User.email)))


def anyone_exists() -> bool:
    """Say whether anybody can sign in at all."""
    return db.session.scalar(select(User.id).where(User.active).limit(1)) is not None


def user_of_session(session_key: str) -> User | None:
    """Return the active person whose session this is."""
    return db.session.scalar(select(User).where(User.session_key == session_key, User.active))


def change_user(
    email: str,
    *,
    name: str | None = None,
    role: str | None = None,
    active: bool | None = None,
    password: str | None = None,
    actor: str = "system",
) -> User:
    """Change what is named about a person, all of it or nothing. Raises what each change alone raises."""
    with transaction():
        if name is not None:
            set_name(email, name, actor=actor)
        if password is not None:
            set_password(email, password, actor=actor)
        if role is not None:
            set_role(email, role, actor=actor)
        if active is not None:
            set_active(email, active, actor=actor)
        return find_user(email)


def set_name(email: str, name: str, *, actor: str = "system") -> User:
    """Call a person otherwise; an empty name is the address."""
    with transaction():
        person = find_user(email)
        wanted = name.strip()[:LONGEST_NAME] or person.email
        if wanted != person.name:
            record(actor, "users.set_name", f"user:{person.id}", before=person.name, after=wanted)
            person.name = wanted
    return person


def set_locale(email: str, locale: str, *, actor: str = "system") -> User:
    """Speak to a person in another language; raises Invalid for one that we do not speak."""
    if locale not in ("", *LOCALES):
        raise Invalid(
            f"We do not speak {locale[:40]!r}.", cure=f"Choose one of {', '.join(LOCALES)}.", field="locale"
        )
    with transaction():
        person = find_user(email)
        if locale != person.locale:
            record(actor, "users.set_locale", f"user:{person.id}", before=person.locale, after=locale)
            person.locale = locale
    return person


def set_password(email: str, password: str, *, actor: str = "system") -> User:
    """Give a person a new password and end all their sessions."""
    person = find_user(email)
    check_policy(password, person.email, person.name)
    new_hash = hashed(password)
    with transaction():
        person = find_user(email)
        person.password_hash, person.session_key = new_hash, _session_key()
        record(actor, "users.set_password", f"user:{person.id}")
    return person


def set_role(email: str, role: str, *, actor: str = "system") -> User:
    """Give a person another role; raises Conflict for the last administrator."""
    _check_role(role)
    with transaction() as session:
        person = find_user(email)
        if role != person.role:
            _keep_an_admin(session, person)
            record(actor, "users.set_role", f"user:{person.id}", before=person.role, after=role)
            person.role = role
    return person


def set_active(email: str, active: bool, *, actor: str = "system") -> User:
    """Let a person sign in or not; switching off ends their sessions. Raises Conflict for the last administrator."""
    action = "users.activate" if active else "users.deactivate"
    with transaction() as session:
        person = find_user(email)
        if active != person.active:
            _keep_an_admin(session, person)
            record(actor, action, f"user:{person.id}", before=person.active, after=active)
            person.active, person.session_key = active, _session_key()
    return person


def _keep_an_admin(session: Session, person: User) -> None:
    """Refuse to take away the last administrator; two at a time wait for each other at these rows."""
    admins = select(User.id).where(User.role == "admin", User.active).order_by(User.id).with_for_update()
    if session.scalars(admins).all() == [person.id]:
        raise Conflict(
            f"{person.email} is the only administrator.", cure="Make somebody else administrator first."
        )


def _flush(session: Session, email: str) -> None:
    """Write the row; two who make the same person at the same moment are told apart by the database."""
    try:
        session.flush()
    except IntegrityError:
        raise _taken(email) from None


def _taken(email: str) -> Conflict:
    cure = "Change the role or the password instead."
    return Conflict(f"{email} can already sign in.", cure=cure, field="email")


def _address(email: str) -> str:
    try:
        return validate_email(
            account_of(email), check_deliverability=False, globally_deliverable=False
        ).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(f"{email[:320]!r} is not an e-mail address: {error}", field="email") from None


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(
            f"There is no role {role[:40]!r}.", cure=f"Choose one of {', '.join(ROLES)}.", field="role"
        )


def account_of(email: str) -> str:
    """Return an address as accounts are told apart, whatever was typed."""
    return email.strip().lower()[:320]


def _session_key() -> str:
    return secrets.token_urlsafe(32)
