"""A refresh token, or the secret of an application, becomes an access token for IMAP at its provider."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from edupulse.clock import now
from edupulse.errors import Unavailable
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.signin.credentials import Tokens
from edupulse.mailboxes.signin.token_endpoint import Answer, ask
from edupulse.mailboxes.signin.token_refusals import NO_PERMISSION, Refusal, code_of, refusal_of
from edupulse.secret import Secret

# developers.google.com/identity/protocols/oauth2, learn.microsoft.com/exchange (OAuth for IMAP)
ENDPOINTS = {
    "google": "https://oauth2.googleapis.com/token",
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
}
PROVIDERS = {"google": "Google", "microsoft": "Microsoft"}
MICROSOFT_OF_A_PERSON = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
MICROSOFT_OF_AN_APPLICATION = "https://outlook.office365.com/.default"
# What an access token for IMAP has to contain, where the provider says what it contains.
NEEDED = {"google": "https://mail.google.com/", "microsoft": "IMAP.AccessAs"}
USED_FOR = 0.9  # of its life an access token is used, so that none ends in the middle of a poll
USUAL_SECONDS = 3600


@dataclass(frozen=True)
class Registration:
    """As whom we ask: the provider, and our application there."""

    auth: str  # google | microsoft
    client_id: str
    tenant: str = ""

    @property
    def url(self) -> str:
        return ENDPOINTS[self.auth].format(tenant=self.tenant)


def renewed(registration: Registration, tokens: Tokens) -> Tokens:
    """Ask the provider for a new access token and return all tokens as they are now; a refresh token may be new too.

    Raises ImapFailure, whose `cause` tells an expired token, a revoked consent and a missing permission apart.
    """
    try:
        answer = ask(registration.url, _form(registration, tokens))
    except Unavailable as error:
        raise ImapFailure("network", "token", error.message, cause="no_answer", cure=error.cure) from None
    if answer.status != 200 or not _text(answer, "access_token"):
        raise _failure(registration, refusal_of(answer), code_of(answer))
    if not _may_read_mail(registration, answer):
        raise _failure(registration, NO_PERMISSION, "a token without it was given")
    return _with(tokens, answer)


def _form(registration: Registration, tokens: Tokens) -> dict[str, Secret]:
    form = {"client_id": Secret(registration.client_id)}
    if tokens.client_secret:
        form["client_secret"] = tokens.client_secret
    if tokens.refresh_token:
        form |= {"grant_type": Secret("refresh_token"), "refresh_token": tokens.refresh_token}
    else:
        form["grant_type"] = Secret("client_credentials")
    if registration.auth == "microsoft":
        form["scope"] = Secret(MICROSOFT_OF_A_PERSON if tokens.refresh_token else MICROSOFT_OF_AN_APPLICATION)
    return form


def _with(before: Tokens, answer: Answer) -> Tokens:
    seconds = answer.values.get("expires_in")
    lasts = seconds if isinstance(seconds, int) and 0 < seconds < 10**7 else USUAL_SECONDS
    return replace(
        before,
        access_token=Secret(_text(answer, "access_token")),
        refresh_token=Secret(_text(answer, "refresh_token")) if before.refresh_token and _text(answer, "refresh_token")
        else before.refresh_token,
        expires_at=now() + timedelta(seconds=USED_FOR * lasts),
    )  # fmt: skip


def _may_read_mail(registration: Registration, answer: Answer) -> bool:
    """Say whether the token is for mail, as far as anybody says; the IMAP server has the last word."""
    said = _text(answer, "scope") or " ".join(_roles(_text(answer, "access_token")))
    return not said or NEEDED[registration.auth] in said


def _roles(access_token: str) -> list[str]:
    """Return the permissions that Microsoft wrote into an application's token, [] where it cannot be read."""
    payload = access_token.split(".")[1] if access_token.count(".") == 2 else ""
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return []
    return _roles_in(claims) if isinstance(claims, Mapping) else []


def _roles_in(claims: Mapping[str, Any]) -> list[str]:
    if "aud" not in claims:
        return []
    roles = claims.get("roles", claims.get("scp", ["none"]))  # a token for nothing has neither
    return [str(role) for role in roles] if isinstance(roles, list) else [str(roles)]


def _failure(registration: Registration, refusal: Refusal, code: str) -> ImapFailure:
    words = f"{PROVIDERS[registration.auth]} gives no access: {refusal.words} ({code})"
    return ImapFailure(refusal.kind, "token", words, cause=refusal.cause, cure=refusal.cure)


def _text(answer: Answer, name: str) -> str:
    value = answer.values.get(name)
    return value if isinstance(value, str) else ""
