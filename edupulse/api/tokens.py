"""`/tokens/`: what programs sign in with; everybody has their own, administrators see those of all."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from edupulse.accounts import models, tokens
from edupulse.api.gate import caller
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Instant, ListOf, Query, Shown, Text

noun = Noun("tokens", __name__, url_prefix="/tokens")


class Token(Shown):
    """A token, by its first characters; its secret is not stored."""

    id: int
    email: str
    name: str
    role: str
    hint: str
    valid: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class MadeToken(Token):
    """A new token with its secret, which is shown only now."""

    secret: str


class NewToken(Body):
    """What the token is for and may do; without an end it lasts until it is revoked."""

    name: Text = Field(description="What it is for, such as “school portal”.")
    role: Literal["viewer", "operator", "admin"] = "viewer"
    expires_at: Instant | None = None
    email: Text | None = Field(None, description="Whose it is, for administrators; by default yours.")


class Whose(Query):
    """For administrators: whose tokens; by default those of all."""

    email: Text = ""


@noun.get("/", query=Whose, gives=ListOf[Token])
def list_tokens(query: Whose) -> dict[str, Any]:
    """List tokens, newest first: your own, or as an administrator those of a person or of all."""
    return {"items": [_facts(token) for token in tokens.list_tokens(_owner() or query.email)]}


@noun.post("/", body=NewToken, gives=MadeToken, status=201)
@unkeyed  # the answer holds a secret
def make(body: NewToken) -> dict[str, Any]:
    """Make a token that may do no more, and lasts no longer, than the one of this call."""
    token, secret = tokens.make_token_with(
        caller(), body.name, body.role, email=body.email or "", expires_at=body.expires_at
    )
    return {**_facts(token), "secret": secret}


@noun.post("/<int:token_id>/revoke/", gives=Token)
def revoke(token_id: int) -> dict[str, Any]:
    """End a token at once that may no more than the one of this call; once or twice, the effect is the same."""
    return _facts(tokens.revoke_token_with(caller(), token_id))


def _owner() -> str:
    """Return whose tokens the caller may see: empty for those of all."""
    return "" if caller().may("admin") else caller().email


def _facts(token: models.ApiToken) -> dict[str, Any]:
    own = {"email": token.user.email, "valid": tokens.is_valid(token)}
    return own | {name: getattr(token, name) for name in Token.model_fields if name not in own}
