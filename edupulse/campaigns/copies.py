"""A campaign becomes a new draft: its letters and enclosures, and its people where that is wished for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.campaigns.checking import LONGEST_NAME
from edupulse.campaigns.models import Campaign, Intake, Recipient
from edupulse.campaigns.rows import audience_size, existing, subject_of
from edupulse.clock import now
from edupulse.mail.mailing import Enclosure, Letter, Mailing
from edupulse.transaction import transaction

_SAME_IN_MAILING = ("sender_id", "purpose", "from_name", "reply_to", "resend_unknown", "patience_hours")
_SAME_IN_LETTER = ("locale", "subject", "text", "html")
_SAME_IN_ENCLOSURE = ("filename", "content_type", "size", "data")
_SAME_IN_RECIPIENT = ("address", "comparable", "name", "locale", "fields")


def duplicate(campaign_id: int, *, actor: str, with_recipients: bool = False) -> Campaign:
    """Return a new draft that says the same; it has no hour, and people only `with_recipients`. Raises NotFound."""
    with transaction() as session:
        original = existing(campaign_id)
        copy = _copied(original, actor)
        session.add(copy)
        session.flush()
        _copy_rows(session, Enclosure, _SAME_IN_ENCLOSURE, "mailing_id", original.mailing_id, copy.mailing_id)
        if with_recipients:
            _copy_audience(session, original, copy, actor)
        record(actor, "campaign.create", subject_of(copy.id), name=copy.name, copy_of=campaign_id)
    return copy


def _copied(original: Campaign, actor: str) -> Campaign:
    moment, name = now(), f"Copy of {original.name}"[:LONGEST_NAME]
    mailing = Mailing(title=name, created_at=moment, **_values(original.mailing, _SAME_IN_MAILING))
    mailing.letters = [Letter(**_values(letter, _SAME_IN_LETTER)) for letter in original.mailing.letters]
    return Campaign(
        name=name,
        mailing=mailing,
        default_locale=original.default_locale,
        created_by=actor,
        created_at=moment,
        updated_at=moment,
    )


def _values(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _copy_audience(session: Session, original: Campaign, copy: Campaign, actor: str) -> None:
    size = audience_size(original.id)
    intake = Intake(
        campaign_id=copy.id,
        source=f"campaign:{original.id}",
        title=f"Copied from “{original.name}”",
        read=size,
        added=size,
        actor=actor,
        created_at=now(),
    )
    session.add(intake)
    session.flush()
    _copy_rows(
        session, Recipient, _SAME_IN_RECIPIENT, "campaign_id", original.id, copy.id, intake_id=intake.id
    )


def _copy_rows(
    session: Session, model: Any, same: tuple[str, ...], owner: str, before: int, after: int, **values: int
) -> None:
    """Copy rows inside the database: neither the files nor 100,000 people pass through this process."""
    constants = {owner: after, **values}
    chosen = select(
        *(getattr(model, name) for name in same), *(literal(value) for value in constants.values())
    )
    rows = chosen.where(getattr(model, owner) == before).order_by(model.id)
    session.execute(insert(model).from_select([*same, *constants], rows))
