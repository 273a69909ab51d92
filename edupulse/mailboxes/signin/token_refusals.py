"""Why a token end point gave no token: a stable word, who can mend it, and how. The end point's text stays with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edupulse.mailboxes.signin.token_endpoint import Answer

SIGN_IN_AGAIN = (
    "Sign in with the provider again as the mailbox's person, and enter the new refresh token here."
)
CHECK_CLIENT = "Compare client id, client secret and tenant with the provider's page of the application."


@dataclass(frozen=True)
class Refusal:
    """`kind` is one of models.ERROR_CLASSES."""

    cause: str
    kind: str
    words: str
    cure: str


EXPIRED = Refusal("token_expired", "auth", "The refresh token has expired.", SIGN_IN_AGAIN)
REVOKED = Refusal(
    "consent_revoked",
    "auth",
    "The consent was withdrawn or has run out, or the password was changed.",
    SIGN_IN_AGAIN,
)
NO_PERMISSION = Refusal(
    "no_mailbox_permission",
    "permission",
    "The application may not read this mailbox over IMAP.",
    "Give it the permission for IMAP (Microsoft: IMAP.AccessAsApp or IMAP.AccessAsUser.All, with an administrator's"
    " consent; Google: the scope https://mail.google.com/), then get a new refresh token where one is used.",
)
STEP_UP = Refusal(
    "sign_in_rule",
    "auth",
    "A rule of the organisation asks for a second factor or another device.",
    "Ask its administrator to except this application, or sign in again and enter the new refresh token.",
)
PERSON = Refusal(
    "account_closed",
    "permission",
    "This person's account does not exist, or is disabled or locked.",
    "Ask the organisation's administrator, or use another account.",
)
CLIENT = Refusal("client_refused", "setting", "The client id or the client secret is wrong.", CHECK_CLIENT)
CLIENT_OFF = Refusal(
    "client_disabled",
    "permission",
    "The application is disabled in this organisation.",
    "Ask its administrator to enable it.",
)
CLIENT_EXPIRED = Refusal(
    "client_secret_expired",
    "setting",
    "The client secret has expired.",
    "Make a new one on the provider's page of the application and enter it here.",
)
TENANT = Refusal("tenant_unknown", "setting", "There is no such tenant.", CHECK_CLIENT)
SCOPE = Refusal(
    "request_refused", "setting", "The provider does not know this kind of request.", CHECK_CLIENT
)
BUSY = Refusal("too_often", "quota", "The provider wants fewer questions.", "It is tried again later.")
DOWN = Refusal("provider_down", "network", "The provider has a fault of its own.", "It is tried again later.")
ODD = Refusal(
    "odd_answer",
    "protocol",
    "The answer is not one that we know.",
    "Try again; see the provider's status page.",
)

# learn.microsoft.com/entra/identity-platform/reference-error-codes. Its numbers may change: one that is not here
# leaves it to the word beside it, which RFC 6749 5.2 fixes.
_MICROSOFT = {
    50034: PERSON, 50053: PERSON, 50057: PERSON, 50076: STEP_UP, 50079: STEP_UP, 50158: STEP_UP, 50173: REVOKED,
    53000: STEP_UP, 53003: STEP_UP, 65001: NO_PERMISSION, 65004: REVOKED, 70000: REVOKED, 70008: EXPIRED,
    70043: EXPIRED, 90002: TENANT, 700016: CLIENT, 700082: EXPIRED, 700084: EXPIRED, 7000112: CLIENT_OFF,
    7000215: CLIENT, 7000218: CLIENT, 7000222: CLIENT_EXPIRED,
}  # fmt: skip
# RFC 6749 5.2
_BY_ERROR = {
    "invalid_grant": REVOKED, "invalid_client": CLIENT, "unauthorized_client": CLIENT, "access_denied": NO_PERMISSION,
    "invalid_scope": SCOPE, "invalid_request": SCOPE, "unsupported_grant_type": SCOPE,
    "consent_required": NO_PERMISSION, "interaction_required": STEP_UP, "temporarily_unavailable": DOWN,
    "slow_down": BUSY,
}  # fmt: skip


def refusal_of(answer: Answer) -> Refusal:
    """Return what an answer without a token means."""
    if answer.status == 429:
        return BUSY
    if answer.status >= 500:
        return DOWN
    named = _MICROSOFT.get(_number(answer.values) or 0)
    return named or _BY_ERROR.get(str(answer.values.get("error")), ODD)


def code_of(answer: Answer) -> str:
    """Return how the provider calls it, as far as it is a word or number that cannot hold a secret."""
    number, error = _number(answer.values), str(answer.values.get("error"))
    words = [
        f"HTTP {answer.status}",
        error if error in _BY_ERROR else "",
        f"AADSTS{number}" if number else "",
    ]
    return ", ".join(filter(None, words))


def _number(values: Mapping[str, Any]) -> int | None:
    """Return Microsoft's number of the error; it stands in front of the description."""
    found = re.match(r"AADSTS(\d{5,7})\b", str(values.get("error_description")))
    return int(found[1]) if found else None
