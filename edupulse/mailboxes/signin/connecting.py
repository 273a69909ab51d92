"""From a mailbox's row, or from what a person has entered so far, to an account that a session can be opened with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic

from edupulse.errors import Unavailable
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import MailboxDraft, checked
from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.trial import Step, steps
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.refusals import refuse_moved_secret
from edupulse.mailboxes.signin import credentials, oauth
from edupulse.mailboxes.signin.credentials import Tokens
from edupulse.mailboxes.signin.grants import Registration, renewed
from edupulse.secret import Secret

UNNAMED = "not named yet"  # a form may be tried out before it says how the mailbox is called
MECHANISMS = {"password": "login", "google": "xoauth2", "microsoft": "xoauth2"}


def account_of(mailbox: Mailbox) -> ImapAccount:
    """Return how to reach it, with its password opened or an access token that lasts.

    To be called outside a transaction: a provider may be asked. Raises ImapFailure (auth, permission, setting,
    network, quota, protocol); a missing key is a "setting".
    """
    return _account(mailbox, _secret_of(mailbox))


def try_out(mailbox_id: int) -> Iterator[Step]:
    """Test a stored mailbox step by step: token where it needs one, dns .. count. Raises NotFound."""
    mailbox = accounts.existing(mailbox_id)
    return _tried(mailbox, lambda: _secret_of(mailbox))


def try_draft(draft: MailboxDraft, mailbox_id: int | None = None) -> Iterator[Step]:
    """Test what was entered and store nothing; a secret that is None is the one of `mailbox_id`.

    Raises Invalid with every wrong field, NotFound.
    """
    named = replace(draft, name=draft.name.strip() or UNNAMED)
    if mailbox_id is None:
        whole = checked(named, kept=())
        return _tried(whole, lambda: _entered_secret(whole, Tokens()))
    mailbox = accounts.existing(mailbox_id)
    whole = checked(named, kept=credentials.kept(mailbox) if mailbox.auth == draft.auth else ())
    refuse_moved_secret(mailbox, whole)
    return _tried(whole, lambda: _secret_of_draft(whole, mailbox))


def _tried(place: Mailbox | MailboxDraft, secret: Callable[[], Secret]) -> Iterator[Step]:
    """Yield how the secret was come by where that is a step of its own, then the steps of the connection."""
    began = monotonic()
    try:
        found = secret()
    except ImapFailure as error:
        yield Step(
            "token" if place.auth != "password" else "password", False, error.message, error.cure, _ms(began)
        )
        return
    if place.auth != "password":
        yield Step("token", True, f"{place.auth.capitalize()} gives access.", "", _ms(began))
    yield from steps(_account(place, found), place.folder)


def _account(place: Mailbox | MailboxDraft, secret: Secret) -> ImapAccount:
    return ImapAccount(
        host=place.host,
        port=place.port or 0,
        security=place.security,
        username=place.username,
        secret=secret,
        mechanism=MECHANISMS[place.auth],
    )


def _secret_of(mailbox: Mailbox) -> Secret:
    """Return what signs in; after a refusal the stored access token is not trusted any more."""
    with _missing_key_as_failure():
        if mailbox.auth != "password":
            return oauth.access_token(mailbox.id, fresh=mailbox.error_class == "auth")
        if password := credentials.password_of(mailbox.id):
            return password
    raise ImapFailure("setting", "login", "No password is stored.", cause="no_password", cure="Enter it.")


def _secret_of_draft(draft: MailboxDraft, mailbox: Mailbox) -> Secret:
    """Return what signs in, from the draft as far as it says, else from the row."""
    is_same = draft.auth == mailbox.auth
    if is_same and not draft.secrets and _registration(draft) == oauth.registration_of(mailbox):
        return _secret_of(mailbox)
    with _missing_key_as_failure():
        return _entered_secret(draft, credentials.tokens_of(mailbox.id) if is_same else Tokens())


def _entered_secret(draft: MailboxDraft, before: Tokens) -> Secret:
    if draft.auth == "password":
        return Secret(draft.password or "")
    return renewed(_registration(draft), credentials.entered(draft, before)).access_token


def _registration(draft: MailboxDraft) -> Registration:
    return Registration(draft.auth, draft.client_id, draft.tenant)


@contextmanager
def _missing_key_as_failure() -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        raise ImapFailure("setting", "login", error.message, cause="sealed", cure=error.cure) from None


def _ms(began: float) -> int:
    return round(1000 * (monotonic() - began))
