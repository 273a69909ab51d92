"""Files that go to everybody are added to a draft or taken out; together they stay below what servers take."""

from __future__ import annotations

import mimetypes
import re

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import locked, refuse_unless_draft, subject_of
from edupulse.clock import now
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mail.headers import file_name
from edupulse.mail.mailing import Enclosure
from edupulse.transaction import transaction

MOST_BYTES = 10_000_000  # of all files; base64 adds a third, and many servers take 20 MB in all
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,80}/[\w.+-]{1,100}")
_ANY_FILE = "application/octet-stream"


def enclose(campaign_id: int, filename: str, content_type: str, data: bytes, *, actor: str) -> Enclosure:
    """Add a file to a draft; the same file again changes nothing. An unknown `content_type` follows the name.

    Raises NotFound, Conflict for what is no draft or a name that is taken, Invalid naming the field.
    """
    kind = _media_type(filename, content_type)
    with transaction() as session:
        campaign = locked(session, campaign_id)
        refuse_unless_draft(campaign)
        if same := _same(session, campaign, filename, data):
            return same
        _refuse_too_much(session, campaign, len(data))
        enclosure = Enclosure(
            mailing_id=campaign.mailing_id, filename=filename, content_type=kind, size=len(data), data=data
        )
        session.add(enclosure)
        _touch(session, campaign)
        record(actor, "campaign.enclose", subject_of(campaign_id), filename=filename, size=len(data))
    return enclosure


def take_out(campaign_id: int, enclosure_id: int, *, actor: str) -> None:
    """Take a file out of a draft. Raises NotFound, Conflict for what is no draft."""
    with transaction() as session:
        campaign = locked(session, campaign_id)
        refuse_unless_draft(campaign)
        enclosure = session.get(Enclosure, enclosure_id)
        if enclosure is None or enclosure.mailing_id != campaign.mailing_id:
            raise NotFound("This file is not enclosed any more.", enclosure_id=enclosure_id)
        session.delete(enclosure)
        _touch(session, campaign)
        record(actor, "campaign.take_out", subject_of(campaign_id), filename=enclosure.filename)


def _media_type(filename: str, content_type: str) -> str:
    _check_name(filename)
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("", _ANY_FILE):  # the sender's program did not know either
        kind = mimetypes.guess_type(filename)[0] or _ANY_FILE
    if not _MEDIA_TYPE.fullmatch(kind):
        raise Invalid(
            f"{content_type[:80]!r} is not a media type.", cure="Leave it empty or write application/pdf.",
            field="content_type",
        )  # fmt: skip
    # Anything else would not be a file among others: a second text, a nested mail.
    return kind if kind.partition("/")[0] not in ("multipart", "message") else _ANY_FILE


def _check_name(filename: str) -> None:
    try:
        file_name(filename)
    except Invalid as error:
        raise Invalid(error.message, cure=error.cure, field="filename") from None


def _same(session: Session, campaign: Campaign, filename: str, data: bytes) -> Enclosure | None:
    named = (Enclosure.mailing_id == campaign.mailing_id, Enclosure.filename == filename)
    found = session.scalar(select(Enclosure).where(*named))
    if found is None or found.data == data:
        return found
    raise Conflict(
        f"Another file named “{filename}” is enclosed already.",
        cure="Take that one out first, or give this one another name.",
        enclosure_id=found.id,
    )


def _refuse_too_much(session: Session, campaign: Campaign, size: int) -> None:
    if not size:
        raise Invalid("The file is empty.", cure="Choose the file again.", field="file")
    total = select(func.coalesce(func.sum(Enclosure.size), 0)).where(
        Enclosure.mailing_id == campaign.mailing_id
    )
    together = (session.scalar(total) or 0) + size
    if together > MOST_BYTES:
        raise Invalid(
            f"The files would have {together / 1e6:.1f} MB together; at most {MOST_BYTES / 1e6:.0f} MB are possible.",
            cure="Put the large file on your web site and write its address into the text.",
            field="file",
        )


def _touch(session: Session, campaign: Campaign) -> None:
    campaign.updated_at = now()
    session.flush()
    session.expire(campaign.mailing, ["enclosures"])
