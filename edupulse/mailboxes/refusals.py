"""What a mailbox may not become beside the others: a second one of the same name or folder, or a way to a secret."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.errors import Conflict, Invalid
from edupulse.mailboxes.draft_fields import same_folder
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.models import Mailbox


def refuse_taken(session: Session, draft: MailboxDraft, *, besides: int | None = None) -> None:
    """Raise Conflict when another mailbox has this name, or reads this folder: each mail would count twice."""
    others = select(Mailbox).where(Mailbox.removed_at.is_(None), Mailbox.id != (besides or 0))
    if session.scalar(others.where(func.lower(Mailbox.name) == draft.name.lower())):
        raise name_taken(draft.name)
    same_account = (Mailbox.host == draft.host, func.lower(Mailbox.username) == draft.username.lower())
    for other in session.scalars(others.where(*same_account)):
        if same_folder(other.folder, draft.folder):
            raise Conflict(
                f"The mailbox “{other.name}” reads this folder of {draft.username} already.",
                cure="Change that one, or choose another folder.",
                field="folder",
                mailbox_id=other.id,
            )


def refuse_moved_secret(mailbox: Mailbox, draft: MailboxDraft) -> None:
    """Raise Invalid when a stored secret would be sent to another server, or unencrypted from now on.

    Whoever may edit a mailbox may not read its password, and so must not be able to have it sent to themselves.
    """
    moved = draft.host != mailbox.host or (draft.security == "none" and mailbox.security != "none")
    if not moved or draft.secrets or draft.auth != mailbox.auth:
        return
    field = (
        "password" if draft.auth == "password" else sorted(mailbox.oauth.get("kept", ["client_secret"]))[-1]
    )
    what = field.replace("_", " ")
    sentence = f"Enter the {what} again: the stored one is only for {mailbox.host} as it was reached before."
    raise Invalid(sentence, field=field, fields={field: sentence})


def name_taken(name: str) -> Conflict:
    """Return the refusal of a name that another mailbox has."""
    return Conflict(f"There is a mailbox “{name}” already.", cure="Choose another name.", field="name")
