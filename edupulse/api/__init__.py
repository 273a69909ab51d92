"""The door for programs: /api/v1, one file per noun."""

from __future__ import annotations

from flask import Flask

from edupulse.api import (
    attendees,
    audience,
    audit,
    backups,
    bill_import,
    bills,
    campaigns,
    cleanup,
    deliveries,
    enclosures,
    errors,
    event_import,
    events,
    exports,
    inbound_rules,
    job_history,
    job_orders,
    jobs,
    kept,
    limits,
    mail,
    mailboxes,
    message_files,
    messages,
    metrics,
    notifications,
    nowhere,
    occurrences,
    openapi,
    orders,
    payments,
    people,
    people_import,
    pools,
    preview,
    progress,
    queues,
    reminders,
    report_subscriptions,
    reports,
    revenue,
    schedules,
    status,
    suppressions,
    tokens,
    users,
    workers,
    workflows,
)
from edupulse.api.gate import open_gate
from edupulse.api.noun import ROOT, Noun
from edupulse.extensions import csrf

DOORS = (
    jobs,
    job_orders,
    job_history,
    workers,
    queues,
    pools,
    schedules,
    workflows,
    campaigns,
    enclosures,
    audience,
    preview,
    orders,
    progress,
    people,
    people_import,
    bills,
    payments,
    bill_import,
    revenue,
    deliveries,
    mail,
    suppressions,
    mailboxes,
    messages,
    message_files,
    inbound_rules,
    events,
    event_import,
    attendees,
    occurrences,
    reminders,
    openapi,
    users,
    notifications,
    tokens,
    audit,
    backups,
    reports,
    report_subscriptions,
    exports,
    cleanup,
    status,
)


def register(app: Flask) -> None:
    """Give `app` its addresses for programs."""
    root = Noun("api", __name__, url_prefix=ROOT)
    open_gate(root)
    errors.register(root)
    for door in DOORS:
        root.register_blueprint(door.noun)
    app.register_blueprint(root)
    nowhere.register(app)
    kept.register(app)
    metrics.register(app)
    limits.register(app)
    _leave_browsers_out(app)


def _leave_browsers_out(app: Flask) -> None:
    """Let sessions, cookies and their CSRF tokens play no part here: who calls is told by the token alone."""
    for name, blueprint in app.blueprints.items():
        if name == "api" or name.startswith("api."):
            csrf.exempt(blueprint)
