"""Mail as tables: what left, what was tried, what came back, what came in, and who is not written to."""

from __future__ import annotations

from sqlalchemy import case

from edupulse.campaigns.models import STATES as CAMPAIGN_STATES
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.exports.table import Table, choice, columns, exactly, number
from edupulse.mail.addresses import comparable
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import STATES, Attempt, Bounce, Delivery, Suppression
from edupulse.mail.suppressions import ALL_SCOPES
from edupulse.mailboxes.models import KINDS, MESSAGE_STATES, InboundMessage, Mailbox
from edupulse.notifications.speech import n_

# A campaign that is held is paused: as its own pages say it.
_CAMPAIGN_STATE = case(
    ((Campaign.stored_state == "running") & Mailing.held_at.is_not(None), "paused"),
    else_=Campaign.stored_state,
)


TABLES = (
    Table(
        "deliveries", n_("Mails"), "viewer", Delivery.id,
        columns(
            Delivery.id, Delivery.state, Delivery.kind, Delivery.address, Delivery.recipient_name, Delivery.locale,
            Delivery.subject, Delivery.reason, Delivery.accepted_at, Delivery.due_at, Delivery.sent_at, Delivery.tries,
            Delivery.message_id, Delivery.subject_id, Delivery.mailing_id,
        ),
        at=Delivery.accepted_at,
        filters=(
            choice("state", Delivery.state, STATES), exactly("kind", Delivery.kind),
            exactly("address", Delivery.comparable, comparable), number("mailing", Delivery.mailing_id),
        ),
    ),
    Table(
        "attempts", n_("Tries at mails"), "viewer", Attempt.id,
        columns(
            Attempt.id, Attempt.delivery_id, Delivery.address, Attempt.at, Attempt.server, Attempt.phase,
            Attempt.verdict, Attempt.cause, Attempt.code, Attempt.enhanced, Attempt.text, Attempt.ms, Attempt.worker,
        ),
        at=Attempt.at,
        filters=(exactly("verdict", Attempt.verdict), number("delivery", Attempt.delivery_id)),
        joined=lambda query: query.join(Delivery, Delivery.id == Attempt.delivery_id),
    ),
    Table(
        "bounces", n_("Bounces"), "viewer", Bounce.id,
        columns(
            Bounce.id, Bounce.address, Bounce.kind, Bounce.status, Bounce.cause, Bounce.text, Bounce.delivery_id,
            Bounce.source, Bounce.at,
        ),
        at=Bounce.at,
        filters=(exactly("kind", Bounce.kind),),
    ),
    Table(
        "suppressions", n_("Who is not written to"), "viewer", Suppression.id,
        columns(
            Suppression.id, Suppression.address, Suppression.scope, Suppression.reason, Suppression.source,
            Suppression.created_at,
        ),
        at=Suppression.created_at,
        filters=(choice("scope", Suppression.scope, ALL_SCOPES),),
    ),
    Table(
        "campaigns", n_("Campaigns"), "viewer", Campaign.id,
        columns(
            Campaign.id, Campaign.name, Mailing.purpose, Campaign.default_locale, Campaign.scheduled_at,
            Campaign.launched_at, Campaign.finished_at, Campaign.created_by, Campaign.created_at, state=_CAMPAIGN_STATE,
        ),
        at=Campaign.created_at,
        filters=(choice("state", _CAMPAIGN_STATE, CAMPAIGN_STATES),),
        joined=lambda query: query.join(Mailing, Mailing.id == Campaign.mailing_id),
    ),
    Table(
        "recipients", n_("People of campaigns"), "viewer", Recipient.id,
        columns(
            Recipient.id, Recipient.campaign_id, Recipient.address, Recipient.name, Recipient.locale,
            Recipient.fields, campaign=Campaign.name,
        ),
        filters=(number("campaign", Recipient.campaign_id),),
        joined=lambda query: query.join(Campaign, Campaign.id == Recipient.campaign_id),
    ),
    # Not what people wrote: that is read one message at a time, by those who answer it.
    Table(
        "messages", n_("Received messages"), "viewer", InboundMessage.id,
        columns(
            InboundMessage.id, InboundMessage.mailbox_id, InboundMessage.state, InboundMessage.kind, InboundMessage.why,
            InboundMessage.from_address, InboundMessage.from_name, InboundMessage.subject, InboundMessage.message_id,
            InboundMessage.attachments, InboundMessage.size, InboundMessage.delivery_id, InboundMessage.attention,
            InboundMessage.attention_why, InboundMessage.sent_at, InboundMessage.stored_at, InboundMessage.processed_at,
            InboundMessage.settled_at, InboundMessage.settled_by, mailbox=Mailbox.name,
        ),
        at=InboundMessage.stored_at,
        filters=(
            choice("state", InboundMessage.state, MESSAGE_STATES), choice("kind", InboundMessage.kind, KINDS),
            number("mailbox", InboundMessage.mailbox_id),
        ),
        joined=lambda query: query.join(Mailbox, Mailbox.id == InboundMessage.mailbox_id),
    ),
)  # fmt: skip
