"""The secrets of one mailbox on their way into its row and out of it: sealed there, a Secret everywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from edupulse.database import db
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.models import Mailbox
from edupulse.sealing import seal, unseal
from edupulse.secret import Secret

NOTHING = Secret("")


@dataclass(frozen=True)
class Tokens:
    """What signing in by OAuth needs: the lasting secrets, and the access token that they gave last."""

    client_secret: Secret = NOTHING
    refresh_token: Secret = NOTHING
    access_token: Secret = NOTHING
    expires_at: datetime | None = None  # of the access token

    def lasts_until(self, moment: datetime) -> bool:
        """Say whether the access token is good at `moment`."""
        return bool(self.access_token) and self.expires_at is not None and self.expires_at > moment


def password_of(mailbox_id: int) -> Secret:
    """Return the password; raises Unavailable where its key is missing."""
    sealed = db.session.scalar(select(Mailbox.password_sealed).where(Mailbox.id == mailbox_id))
    return unseal(sealed) if sealed else NOTHING


def tokens_of(mailbox_id: int) -> Tokens:
    """Return the tokens; raises Unavailable where their key is missing."""
    return opened(db.session.scalar(select(Mailbox.oauth_sealed).where(Mailbox.id == mailbox_id)))


def opened(sealed: str | None) -> Tokens:
    """Return the tokens in `oauth_sealed`."""
    if not sealed:
        return Tokens()
    return Tokens(**json.loads(unseal(sealed).reveal(), object_hook=_as_tokens))


def entered(draft: MailboxDraft, before: Tokens) -> Tokens:
    """Return the tokens after a draft has changed them; the access token is of the old values, so it goes."""
    return replace(
        before,
        client_secret=Secret(draft.client_secret) if draft.client_secret else before.client_secret,
        refresh_token=Secret(draft.refresh_token) if draft.refresh_token else before.refresh_token,
        access_token=NOTHING,
        expires_at=None,
    )


def keep_tokens(mailbox: Mailbox, tokens: Tokens) -> None:
    """Seal `tokens` into the row."""
    mailbox.oauth_sealed = seal(_as_json(tokens))


def kept(mailbox: Mailbox) -> frozenset[str]:
    """Return the names of the secrets that are stored for its present way to sign in; none is opened."""
    if mailbox.auth == "password":
        return frozenset(["password"] if mailbox.password_sealed else [])
    return frozenset(mailbox.oauth.get("kept", ()))


def write(mailbox: Mailbox, draft: MailboxDraft) -> None:
    """Store the secrets that a checked draft carries; what belongs to another way to sign in is forgotten.

    To be called while the row still says how it signed in before.
    """
    if draft.auth == "password":
        mailbox.oauth, mailbox.oauth_sealed = {}, None
        mailbox.password_sealed = seal(Secret(draft.password)) if draft.password else mailbox.password_sealed
        return
    before = kept(mailbox) if mailbox.auth == draft.auth else frozenset()
    mailbox.password_sealed = None
    if draft.secrets or not before or _registration(draft) != _registration_of(mailbox):
        # Where all is entered anew nothing is opened: the key of the old ones may be lost.
        keep_tokens(
            mailbox, entered(draft, opened(mailbox.oauth_sealed) if before - draft.secrets else Tokens())
        )
        # Written anew, it names no refresh that is under way: that one was for the old values and is not stored.
        mailbox.oauth = {**_registration(draft), "kept": sorted({*before, *draft.secrets})}


def forget(mailbox: Mailbox) -> None:
    """Erase every secret of a mailbox that is read no more."""
    mailbox.password_sealed = mailbox.oauth_sealed = None
    mailbox.oauth = {name: mailbox.oauth[name] for name in ("tenant", "client_id") if name in mailbox.oauth}


def _registration(draft: MailboxDraft) -> dict[str, str]:
    return {"tenant": draft.tenant, "client_id": draft.client_id}


def _registration_of(mailbox: Mailbox) -> dict[str, str]:
    return {name: mailbox.oauth.get(name, "") for name in ("tenant", "client_id")}


def _as_json(tokens: Tokens) -> Secret:
    values = {each.name: getattr(tokens, each.name) for each in fields(tokens)}
    return Secret(json.dumps(values, default=lambda value: _plain(value)))


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else value.isoformat()


def _as_tokens(values: Mapping[str, str | None]) -> dict[str, Any]:
    at = values["expires_at"]
    secrets = {name: Secret(text or "") for name, text in values.items() if name != "expires_at"}
    return {**secrets, "expires_at": datetime.fromisoformat(at) if at else None}
