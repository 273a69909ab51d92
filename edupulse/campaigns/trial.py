"""A campaign's mail goes to a few mailboxes for trial: marked, as any recipient, and counted in no campaign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from edupulse.accounts.audit import record
from edupulse.campaigns.checking import CampaignDraft
from edupulse.campaigns.checks.editions import Editions, Reader, editions_of
from edupulse.campaigns.looking import person_for
from edupulse.campaigns.rows import existing, subject_of
from edupulse.clock import now
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_address
from edupulse.mail.compose import Mail
from edupulse.mail.models import Delivery
from edupulse.mail.outbox import Posting, accept_many
from edupulse.transaction import transaction

MOST_MAILBOXES = 10  # more is a campaign of its own
WORTH_SENDING = timedelta(hours=1)  # who looks at a test looks now


def send_test(
    campaign_id: int,
    to: Sequence[str],
    *,
    as_recipient: int | str | None = None,
    draft: CampaignDraft | None = None,
    actor: str,
) -> list[Delivery]:
    """Accept "[TEST]" mails to `to`, as `as_recipient` (by default the first of the audience) would get them.

    `draft` is sent instead of what is saved. The mails go the ordinary way: wait for the states of the deliveries.
    The unsubscribe link in them takes nobody off a list. Raises NotFound, Invalid naming the field.
    """
    campaign, mailboxes, moment = existing(campaign_id), _mailboxes(to), now()
    editions = editions_of(campaign, draft, is_test=True)
    person = person_for(campaign, editions, as_recipient)
    mails = [_mail(editions, person, mailbox) for mailbox in mailboxes]
    with transaction():
        record(actor, "campaign.test", subject_of(campaign_id), to=mailboxes, seen_as=person.address)
        return accept_many([_posting(mail, campaign_id, moment) for mail in mails])


def _mailboxes(to: Sequence[str]) -> list[str]:
    addresses = (parse_address(each, field="to") for each in to if each.strip())
    found = {address.comparable: address.mailbox for address in addresses}
    if not found:
        raise Invalid("A test needs at least one address.", cure="Say where to send it.", field="to")
    if len(found) > MOST_MAILBOXES:
        raise Invalid(f"A test goes to at most {MOST_MAILBOXES} addresses.", cure="Choose fewer.", field="to")
    return list(found.values())


def _mail(editions: Editions, person: Reader, mailbox: str) -> Mail:
    edition = editions.chosen(person.locale)
    reading = edition.press.read(person)
    return Mail(
        address=mailbox,
        name=person.recipient_name,
        subject=reading.subject,
        text=reading.text,
        html=reading.html,
        locale=edition.letter.locale,
        headers=reading.headers,
        attachments=editions.enclosures,
    )


def _posting(mail: Mail, campaign_id: int, moment: datetime) -> Posting:
    return Posting(
        mail,
        kind="test",
        subject_id=subject_of(campaign_id),
        occurrence=moment.isoformat(),
        due_at=moment,
        expires_at=moment + WORTH_SENDING,
    )
