"""The access token of a mailbox: kept while it lasts, renewed by one process at a time when it does not."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any

from edupulse.clock import now
from edupulse.logs import get_logger
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.rows import locked
from edupulse.mailboxes.signin import credentials
from edupulse.mailboxes.signin.credentials import NOTHING, Tokens
from edupulse.mailboxes.signin.grants import Registration, renewed
from edupulse.secret import Secret
from edupulse.transaction import transaction

LEASE = timedelta(seconds=40)  # longer than any question to a provider takes; then the asker is dead
PATIENCE = 45.0  # seconds that others wait for the asker; longer than the lease
ASK_AGAIN = 0.1  # seconds

log = get_logger(__name__)


@dataclass(frozen=True)
class Turn:
    """The right to renew the tokens of one mailbox, as they were when it was given."""

    mailbox_id: int
    name: str
    registration: Registration
    tokens: Tokens


def access_token(mailbox_id: int, *, fresh: bool = False) -> Secret:
    """Return a token that lasts, asking the provider where that is needed; `fresh` if the stored one was refused.

    To be called outside a transaction. Raises ImapFailure, NotFound, and Unavailable where a key is missing.
    """
    known = credentials.tokens_of(mailbox_id)
    refused = known.access_token if fresh else NOTHING
    if known.lasts_until(now()) and not fresh:
        return known.access_token
    ends = monotonic() + PATIENCE
    while monotonic() < ends:
        found = _turn(mailbox_id, refused)
        if isinstance(found, Turn):
            return _renew(found)
        if found is not None:
            return found
        sleep(ASK_AGAIN)
    raise ImapFailure(
        "network",
        "token",
        "Another process has been waiting for a new token.",
        cause="timeout",
        cure="Try again.",
    )


def registration_of(mailbox: Mailbox) -> Registration:
    """Return as whom we ask for tokens of this mailbox."""
    return Registration(mailbox.auth, mailbox.oauth.get("client_id", ""), mailbox.oauth.get("tenant", ""))


def _turn(mailbox_id: int, refused: Secret) -> Turn | Secret | None:
    """Return the right to renew the tokens, or the token that somebody else got, or None while they are at it."""
    moment = now()
    with transaction() as session:
        mailbox = locked(session, mailbox_id)
        tokens = credentials.opened(mailbox.oauth_sealed)
        if tokens.lasts_until(moment) and tokens.access_token.reveal() != refused.reveal():
            return tokens.access_token
        if _is_under_way(mailbox.oauth.get("renewal"), moment):
            return None
        turn = Turn(mailbox_id, secrets.token_hex(8), registration_of(mailbox), tokens)
        mark = {"by": turn.name, "until": (moment + LEASE).isoformat()}
        mailbox.oauth = {**mailbox.oauth, "renewal": mark}
    return turn


def _renew(turn: Turn) -> Secret:
    """Ask the provider, store what it gave, and let the next one have a turn whatever happens."""
    try:
        tokens = renewed(turn.registration, turn.tokens)
    except ImapFailure as error:
        _end(turn, None)
        log.warning("no access token", mailbox_id=turn.mailbox_id, cause=error.cause)
        raise
    _end(turn, tokens)
    log.info("access token renewed", mailbox_id=turn.mailbox_id)
    return tokens.access_token


def _end(turn: Turn, tokens: Tokens | None) -> None:
    """Store the tokens, unless somebody changed the account or has had a later turn meanwhile."""
    with transaction() as session:
        mailbox = locked(session, turn.mailbox_id)
        oauth = dict(mailbox.oauth)
        if (oauth.pop("renewal", None) or {}).get("by") != turn.name:
            return
        mailbox.oauth = oauth
        if tokens is not None:
            credentials.keep_tokens(mailbox, tokens)


def _is_under_way(renewal: Any, moment: datetime) -> bool:
    if not isinstance(renewal, dict):
        return False
    until = datetime.fromisoformat(renewal["until"])
    return moment < until <= moment + LEASE  # later only after the clock was set back
