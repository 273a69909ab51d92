"""A campaign is entered, changed or thrown away; two who edit it at once notice each other."""

from __future__ import annotations

from sqlalchemy import delete as delete_rows
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import entries_of, record
from edupulse.campaigns.checking import CampaignDraft, check
from edupulse.campaigns.copies import duplicate
from edupulse.campaigns.differing import differences
from edupulse.campaigns.enclosures import enclose, take_out
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import locked, refuse_unless_draft, subject_of, words_of
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import Conflict
from edupulse.mail.letters import LetterText
from edupulse.mail.mailing import Letter, Mailing
from edupulse.mail.models import Delivery
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction
from edupulse.walltime import to_local

__all__ = [
    "CampaignDraft", "change", "check", "create", "delete", "draft_of", "duplicate", "enclose", "take_out",
]  # fmt: skip


def create(draft: CampaignDraft, *, actor: str) -> Campaign:
    """Store a new campaign, without recipients. Raises Invalid naming the field."""
    whole, moment = check(draft), now()
    with transaction() as session:
        mailing = Mailing(sender_id=sender_id(), created_at=moment)
        campaign = Campaign(mailing=mailing, created_by=actor, created_at=moment, updated_at=moment)
        _write(campaign, whole)
        session.add(campaign)
        session.flush()
        record(actor, "campaign.create", subject_of(campaign.id), name=campaign.name)
    return campaign


def change(campaign_id: int, draft: CampaignDraft, *, actor: str, revision: int | None = None) -> Campaign:
    """Store what was changed in a draft; what is already so changes nothing, pressed as often as you like.

    `revision` is that of the campaign when the person began to edit; somebody else's saving since then raises
    Conflict. Raises NotFound, Invalid naming the field, and Conflict for what is no draft any more.
    """
    whole = check(draft)
    with transaction() as session:
        campaign = locked(session, campaign_id)
        refuse_unless_draft(campaign)
        before = draft_of(campaign)
        if whole == before:
            return campaign
        if revision is not None and revision != campaign.revision:
            raise _overtaken(campaign)
        _write(campaign, whole)
        campaign.revision += 1
        campaign.updated_at = now()
        session.flush()
        record(actor, "campaign.change", subject_of(campaign_id), **differences(before, whole))
    return campaign


def delete(campaign_id: int, *, actor: str) -> None:
    """Throw away a draft, or what was cancelled before anything left. Raises NotFound, Conflict."""
    with transaction() as session:
        campaign = locked(session, campaign_id)
        _refuse_unless_disposable(session, campaign)
        session.expunge(campaign)
        session.execute(delete_rows(Campaign).where(Campaign.id == campaign_id))
        session.execute(delete_rows(Mailing).where(Mailing.id == campaign.mailing_id))
        record(actor, "campaign.delete", subject_of(campaign_id), name=campaign.name)


def draft_of(campaign: Campaign) -> CampaignDraft:
    """Return what was entered about a campaign."""
    mailing = campaign.mailing
    letters = {
        each.locale: LetterText(each.subject, each.text, each.html, each.locale) for each in mailing.letters
    }
    default = letters.pop(campaign.default_locale)
    return CampaignDraft(
        name=campaign.name,
        subject=default.subject,
        text=default.text,
        html=default.html,
        letters=letters,
        purpose=mailing.purpose,
        from_name=mailing.from_name,
        reply_to=mailing.reply_to,
        default_locale=campaign.default_locale,
        resend_unknown=mailing.resend_unknown,
        patience_hours=mailing.patience_hours,
        scheduled_at=campaign.scheduled_at,
    )


def _write(campaign: Campaign, draft: CampaignDraft) -> None:
    campaign.name = draft.name
    campaign.default_locale = draft.default_locale
    campaign.scheduled_at = draft.scheduled_at
    mailing = campaign.mailing
    mailing.title = draft.name
    for name in ("purpose", "from_name", "reply_to", "resend_unknown", "patience_hours"):
        setattr(mailing, name, getattr(draft, name))
    mailing.letters = _letters(mailing, draft)


def _letters(mailing: Mailing, draft: CampaignDraft) -> list[Letter]:
    """Return the rows of the letters; one in a language that was there before keeps its row."""
    known, rows = {letter.locale: letter for letter in mailing.letters}, []
    for text in draft.all_letters():
        row = known.get(text.locale) or Letter(locale=text.locale)
        row.subject, row.text, row.html = text.subject, text.text, text.html
        rows.append(row)
    return rows


def _overtaken(campaign: Campaign) -> Conflict:
    last = next(
        (each for each in entries_of(subject_of(campaign.id)) if each.action == "campaign.change"), None
    )
    who, at = (last.actor, last.at) if last else (campaign.created_by, campaign.updated_at)
    zone = current_settings().timezone
    return Conflict(
        f"{who} changed this campaign on {to_local(at, zone):%Y-%m-%d at %H:%M} ({zone}), after you opened it.",
        cure="Keep your text aside, open the campaign again and enter your changes there.",
        campaign_id=campaign.id,
        changed_by=who,
        changed_at=at,
        revision=campaign.revision,
    )


def _refuse_unless_disposable(session: Session, campaign: Campaign) -> None:
    has_mails = session.scalar(select(exists().where(Delivery.mailing_id == campaign.mailing_id)))
    if campaign.is_draft or (campaign.stored_state == "cancelled" and not has_mails):
        return
    raise Conflict(
        f"“{campaign.name}” is {words_of(campaign)}: what was sent, and to whom, is kept.",
        cure="Only a draft, or what was cancelled before it began, can be deleted.",
        campaign_id=campaign.id,
        state=campaign.state,
    )
