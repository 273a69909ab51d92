"""What programs sign in with: made and shown once, kept as a hash, never worth more than the person behind it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from edupulse.accounts.audit import record
from edupulse.accounts.models import ROLES, ApiToken
from edupulse.accounts.users import find_user
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Denied, Invalid, NotFound, Unavailable
from edupulse.logs import get_logger
from edupulse.transaction import transaction

PREFIX = "edu_"  # by which a leaked one is recognised
RANDOM_BYTES = 32  # 43 characters; nobody guesses it, so a plain hash without salt is enough
SHOWN = 8  # first characters that are kept, to tell tokens apart
LONGEST_NAME = 100  # characters
LOWER = "Choose a lower role."
NOTED_EVERY = timedelta(hours=1)  # the use of a token is written down no more often

log = get_logger(__name__)


@dataclass(frozen=True)
class Bearer:
    """Who calls: the person's address, and the lower of the token's and the person's role."""

    email: str
    role: str
    token_id: int
    token_name: str
    expires_at: datetime | None = None

    def may(self, role: str) -> bool:
        """Say whether the caller has at least `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


def make_token(
    email: str, name: str, role: str, *, actor: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for the programs of a person and return it with its secret, which is shown only now.

    Raises NotFound, Invalid naming the field, Denied for a role above the person's own.
    """
    title = " ".join(name.split())
    if not title or len(title) > LONGEST_NAME:
        cure = "Say what the token is for, e.g. “school portal”."
        raise Invalid(f"A token needs a name of at most {LONGEST_NAME} characters.", cure=cure, field="name")
    if role not in ROLES:
        raise Invalid(
            f"There is no role {role[:40]!r}.", cure=f"Choose one of {', '.join(ROLES)}.", field="role"
        )
    if expires_at is not None and expires_at <= now():
        raise Invalid("A token cannot have expired already.", cure="Choose a later time.", field="expires_at")
    secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    with transaction() as session:
        person = find_user(email)
        if not person.may(role):
            raise Denied(f"{person.email} is {person.role}; a token cannot be more.", cure=LOWER)
        token = ApiToken(
            user=person, name=title, role=role, token_hash=_hashed(secret), hint=secret[:SHOWN],
            created_at=now(), expires_at=expires_at,
        )  # fmt: skip
        session.add(token)
        session.flush()
        record(
            actor,
            "tokens.make",
            f"token:{token.id}",
            email=person.email,
            name=title,
            role=role,
            expires_at=expires_at,
        )
    return token, secret


def make_token_with(
    bearer: Bearer, name: str, role: str, *, email: str = "", expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token as somebody who shows one: for themselves, or as an administrator for anybody.

    It can do no more and lives no longer than the one that was shown, so that a stolen one begets nothing worse.
    Raises as `make_token` does, and Denied.
    """
    owner = email or bearer.email
    if owner.strip().lower() != bearer.email and not bearer.may("admin"):
        raise Denied("Only an administrator makes tokens for others.", cure="Leave the address away.")
    if role in ROLES and not bearer.may(role):
        raise Denied(f"The token that makes it is {bearer.role}; a new one cannot be more.", cure=LOWER)
    ends = min((at for at in (expires_at, bearer.expires_at) if at is not None), default=None)
    return make_token(owner, name, role, actor=bearer.email, expires_at=ends)


def list_tokens(email: str = "") -> Sequence[ApiToken]:
    """Return the tokens of a person, or all, newest first. Raises NotFound for nobody."""
    wanted = select(ApiToken).order_by(ApiToken.id.desc())
    if email:
        wanted = wanted.where(ApiToken.user_id == find_user(email).id)
    return db.session.scalars(wanted).all()


def revoke_token(token_id: int, *, actor: str, email: str = "") -> ApiToken:
    """End a token at once; ended already it stays so. With `email` only one of that person.

    Raises NotFound, also for a token of somebody else: who may not end it need not know that it exists.
    """
    with transaction() as session:
        token = session.get(ApiToken, token_id)
        if token is None or (email and token.user.email != email):
            cure = "See `python cli.py users token list`."
            raise NotFound(f"There is no token {token_id}.", cure=cure, token_id=token_id)
        if token.revoked_at is None:
            token.revoked_at = now()
            record(actor, "tokens.revoke", f"token:{token_id}", email=token.user.email, name=token.name)
    return token


def revoke_token_with(bearer: Bearer, token_id: int) -> ApiToken:
    """End a token as somebody who shows one: of their own, or as an administrator anybody's.

    A token that may more than the one that was shown stays, so that one which may only look stops nobody's work.
    Raises NotFound as `revoke_token` does, and Denied.
    """
    if bearer.may("admin"):
        return revoke_token(token_id, actor=bearer.email)
    with transaction():
        token = revoke_token(token_id, actor=bearer.email, email=bearer.email)
        if not bearer.may(_worth(token)):
            raise Denied(
                f"Token {token_id} may more than the one of this call, which is {bearer.role}.",
                cure="End it with one that may as much, or on the page of your account.",
            )
    return token


def bearer_of(secret: str) -> Bearer | None:
    """Return who calls with this secret; None for one that is unknown, ended, expired, or of nobody active."""
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    token = db.session.scalar(select(ApiToken).where(ApiToken.token_hash == _hashed(secret)))
    if token is None or not is_valid(token):
        return None
    _note_use(token)
    return Bearer(token.user.email, _worth(token), token.id, token.name, token.expires_at)


def is_valid(token: ApiToken) -> bool:
    """Say whether a program may sign in with `token` now."""
    has_expired = token.expires_at is not None and token.expires_at <= now()
    return token.revoked_at is None and not has_expired and token.user.active


def _worth(token: ApiToken) -> str:
    return min(token.role, token.user.role, key=ROLES.index)


def _note_use(token: ApiToken) -> None:
    earlier = now() - NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > earlier:
        return
    unnoted = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= earlier)
    noted = update(ApiToken).where(ApiToken.id == token.id, unnoted).values(last_used_at=now())
    try:
        with transaction(durable=False) as session:
            session.execute(noted)
    except Unavailable as error:  # a full disk must not keep a program from looking
        log.warning("use of a token not noted", token=token.id, reason=error.message)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
