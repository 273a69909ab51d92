"""Every secret of the mailboxes is sealed with the newest key, so that an older one can be taken away."""

from __future__ import annotations

from sqlalchemy import or_, select

from edupulse.accounts.audit import record
from edupulse.database import db
from edupulse.errors import NotFound, Unavailable
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.rows import locked
from edupulse.sealing import reseal
from edupulse.transaction import transaction


def rotate_keys(*, actor: str) -> int:
    """Reseal what older keys sealed while everything goes on, and return of how many mailboxes.

    One whose key is missing is left as it is, after all others are done; then it raises Unavailable that names these
    mailboxes and keys. Run it again as often as you like.
    """
    changed, left = 0, {}
    for mailbox_id in _with_secrets():
        try:
            changed += _resealed(mailbox_id)
        except NotFound:
            continue  # removed meanwhile, and its secrets with it
        except Unavailable as error:
            left[mailbox_id] = error
    if changed:
        record(actor, "mailbox.rotate_keys", "mailboxes", resealed=changed)
    if left:
        raise _not_all(changed, left)
    return changed


def _with_secrets() -> list[int]:
    has_any = or_(Mailbox.password_sealed.is_not(None), Mailbox.oauth_sealed.is_not(None))
    return list(db.session.scalars(select(Mailbox.id).where(has_any).order_by(Mailbox.id)))


def _resealed(mailbox_id: int) -> bool:
    """Reseal one mailbox, held meanwhile, so that no token which comes in between is overwritten."""
    with transaction() as session:
        mailbox, changed = locked(session, mailbox_id), False
        for name in ("password_sealed", "oauth_sealed"):
            sealed = getattr(mailbox, name)
            if sealed and (anew := reseal(sealed)):
                setattr(mailbox, name, anew)
                changed = True
    return changed


def _not_all(changed: int, left: dict[int, Unavailable]) -> Unavailable:
    names = {row.id: row.name for row in db.session.scalars(select(Mailbox).where(Mailbox.id.in_(left)))}
    said = " ".join(f"{names.get(mailbox_id)}: {error.message}" for mailbox_id, error in left.items())
    cure = next(iter(left.values())).cure
    return Unavailable(f"{changed} resealed, {len(left)} not. {said}", cure=cure, mailboxes=sorted(left))
