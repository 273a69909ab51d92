"""A mailbox is added, changed, switched on or off, or removed by a person; its messages outlive it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict
from edupulse.mailboxes.drafts import SECRETS, STORED, MailboxDraft, checked, draft_of
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.refusals import name_taken, refuse_moved_secret, refuse_taken
from edupulse.mailboxes.rows import by_name, existing, locked, subject_of
from edupulse.mailboxes.signin import credentials
from edupulse.mailboxes.signin.rotation import rotate_keys
from edupulse.mailboxes.syncing import sync_later
from edupulse.transaction import transaction

__all__ = ["add", "by_name", "change", "disable", "enable", "existing", "remove", "rotate_keys", "subject_of"]


def add(draft: MailboxDraft, *, actor: str) -> Mailbox:
    """Store a new mailbox; it is polled from the next sync on.

    Raises Invalid with every wrong field, and Conflict for a name or a folder that another mailbox has.
    """
    whole, moment = checked(draft, kept=()), now()
    with transaction() as session:
        refuse_taken(session, whole)
        mailbox = Mailbox(created_at=moment, oauth={})
        _write(mailbox, whole)
        session.add(mailbox)
        _flush(session, whole.name)
        record(actor, "mailbox.add", subject_of(mailbox.id), name=mailbox.name, **_place(mailbox))
        sync_later()
    return mailbox


def change(mailbox_id: int, draft: MailboxDraft, *, actor: str, revision: int | None = None) -> Mailbox:
    """Store what was changed, and forget the failures so far: the next poll tries at once.

    A secret that is None in the draft stays, unless the mailbox moves to another server. `revision` is that of the
    mailbox when the person began to edit. Raises NotFound, Invalid with every wrong field, and Conflict for
    a name or folder that another mailbox has, or somebody else's saving since `revision`.
    """
    with transaction() as session:
        mailbox = locked(session, mailbox_id)
        whole = checked(draft, kept=credentials.kept(mailbox) if mailbox.auth == draft.auth else ())
        _refuse_overtaken(mailbox, revision)
        refuse_moved_secret(mailbox, whole)
        refuse_taken(session, whole, besides=mailbox_id)
        changed, differs = _changed(draft_of(mailbox), whole), _difference(draft_of(mailbox), whole)
        _clear_trouble(mailbox)
        if changed:
            _write(mailbox, whole)
            mailbox.revision += 1
            _flush(session, whole.name)
            record(
                actor, "mailbox.change", subject_of(mailbox_id), name=mailbox.name, changed=changed, **differs
            )
        sync_later()
    return mailbox


def enable(mailbox_id: int, *, actor: str) -> Mailbox:
    """Poll it again, forgetting the failures so far. Raises NotFound."""
    return _switch(mailbox_id, True, actor=actor)


def disable(mailbox_id: int, *, actor: str) -> Mailbox:
    """Poll it no more until it is enabled. Raises NotFound."""
    return _switch(mailbox_id, False, actor=actor)


def remove(mailbox_id: int, *, actor: str) -> None:
    """Poll it no more and erase its secrets; its messages stay, its name is free again. Raises NotFound."""
    moment = now()
    with transaction() as session:
        mailbox = locked(session, mailbox_id)
        record(actor, "mailbox.remove", subject_of(mailbox_id), name=mailbox.name, **_place(mailbox))
        mailbox.name = _former_name(mailbox.name, f"{moment:%Y-%m-%d}, {mailbox_id}")
        mailbox.enabled, mailbox.removed_at, mailbox.updated_at = False, moment, moment
        mailbox.revision += 1
        credentials.forget(mailbox)
        sync_later()


def _write(mailbox: Mailbox, draft: MailboxDraft) -> None:
    credentials.write(mailbox, draft)  # first: it has to know how the mailbox signed in before
    for name in STORED:
        setattr(mailbox, name, getattr(draft, name))
    mailbox.staff = list(draft.staff)
    mailbox.updated_at = now()


def _switch(mailbox_id: int, enabled: bool, *, actor: str) -> Mailbox:
    with transaction() as session:
        mailbox = locked(session, mailbox_id)
        if enabled:
            _clear_trouble(mailbox)
        if mailbox.enabled != enabled:
            mailbox.enabled, mailbox.updated_at = enabled, now()
            mailbox.revision += 1
            record(
                actor,
                f"mailbox.{'enable' if enabled else 'disable'}",
                subject_of(mailbox_id),
                name=mailbox.name,
                before={"enabled": not enabled},
                after={"enabled": enabled},
            )
        sync_later()
    return mailbox


def _clear_trouble(mailbox: Mailbox) -> None:
    """Let the clock poll it again at once. `alerted_at` stays, so that people hear of the recovery."""
    mailbox.failures = 0
    mailbox.error_class = mailbox.error = mailbox.cure = None
    mailbox.retry_at = mailbox.stopped_at = None


def _flush(session: Session, name: str) -> None:
    """Write the row; two who take one name at the same moment are told apart by the database."""
    try:
        session.flush()
    except IntegrityError:
        raise name_taken(name) from None


def _refuse_overtaken(mailbox: Mailbox, revision: int | None) -> None:
    if revision is not None and revision != mailbox.revision:
        raise Conflict(
            "Somebody changed this mailbox after you opened it.",
            cure="Open it again and enter your changes there.",
            mailbox_id=mailbox.id,
            revision=mailbox.revision,
        )


def _changed(before: MailboxDraft, after: MailboxDraft) -> list[str]:
    """Return the names of what changed; of a secret that was entered only the name is known."""
    return [name for name, value in vars(after).items() if value != getattr(before, name)]


def _difference(before: MailboxDraft, after: MailboxDraft) -> dict[str, dict[str, Any]]:
    """Return what changed as it was and as it is, without the secrets."""
    names = [name for name in _changed(before, after) if name not in SECRETS]
    return {
        "before": {name: getattr(before, name) for name in names},
        "after": {name: getattr(after, name) for name in names},
    }


def _place(mailbox: Mailbox) -> dict[str, str]:
    return {
        "host": mailbox.host,
        "username": mailbox.username,
        "folder": mailbox.folder,
        "auth": mailbox.auth,
    }


def _former_name(name: str, when: str) -> str:
    suffix = f" (removed {when})"
    return name[: Mailbox.name.type.length - len(suffix)] + suffix
