"""The web door: pages for people, one file per noun."""

from __future__ import annotations

from flask import Flask

from edupulse.web import (
    account,
    api_reference,
    audit,
    auth,
    campaign_audience,
    campaign_orders,
    campaign_preview,
    campaign_recipients,
    campaign_start,
    campaign_upload,
    campaigns,
    dashboard,
    deliveries,
    errors,
    event_import,
    events,
    filters,
    health,
    inbound_rules,
    job_send,
    jobs,
    mailbox_trial,
    mailboxes,
    message_body,
    messages,
    monitor,
    notices,
    occurrences,
    orders,
    pauses,
    people,
    request_id,
    rq_dashboard,
    schedules,
    security,
    suppressions,
    tokens,
    unsubscribe,
    users,
    workers,
    workflows,
)


def register(app: Flask) -> None:
    """Give `app` its pages; the order of the first three is the order in which a request meets them."""
    request_id.register(app)
    security.register(app)
    errors.register(app)
    filters.register(app)
    notices.register(app)
    for door in (
        health,
        auth,
        dashboard,
        events,
        event_import,
        occurrences,
        campaigns,
        campaign_audience,
        campaign_upload,
        campaign_start,
        campaign_orders,
        campaign_preview,
        campaign_recipients,
        deliveries,
        people,
        suppressions,
        unsubscribe,
        messages,
        message_body,
        mailboxes,
        mailbox_trial,
        inbound_rules,
        jobs,
        job_send,
        orders,
        pauses,
        monitor,
        workers,
        workflows,
        schedules,
        account,
        users,
        tokens,
        audit,
        api_reference,
    ):
        app.register_blueprint(door.blueprint)
    rq_dashboard.register(app)
