"""Campaigns: written, given an audience, looked at, sent, watched."""

from __future__ import annotations

from edupulse.operations.operation import OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("campaigns.list", VIEWER, web="campaigns.index", api="campaigns.list_campaigns", cli="campaigns list"),
    operation(
        "campaigns.show", VIEWER, web="campaigns.show", api="campaigns.show enclosures.list_enclosures",
        cli="campaigns show",
    ),
    operation(
        "campaigns.create", OPERATOR, web="campaigns.new campaigns.create", api="campaigns.create",
        cli="campaigns create",
    ),
    operation(
        "campaigns.change", OPERATOR, web="campaigns.edit campaigns.change", api="campaigns.change",
        cli="campaigns change",
    ),
    operation("campaigns.delete", OPERATOR, web="campaigns.delete", api="campaigns.delete", cli="campaigns delete"),
    operation(
        "campaigns.duplicate", OPERATOR, web="campaigns.duplicate", api="campaigns.duplicate",
        cli="campaigns duplicate",
    ),
    operation(
        "campaigns.attach", OPERATOR, web="campaigns.change",
        api="enclosures.add enclosures.remove", cli="campaigns attach",
    ),
    operation(
        "campaigns.audience", VIEWER, web="campaign_audience.show campaign_audience.errors",
        api="audience.list_audience audience.list_intakes audience.list_sources audience.errors",
        cli="campaigns recipients, campaigns errors, campaigns intakes, campaigns sources",
    ),
    operation(
        "campaigns.import", OPERATOR,
        web="campaign_audience.add_lines campaign_audience.add_source campaign_upload.send campaign_upload.look "
        "campaign_upload.errors campaign_upload.forget campaign_upload.take_in",
        api="audience.take_in", cli="campaigns import",
    ),
    operation(
        "campaigns.take_out", OPERATOR, web="campaign_audience.remove campaign_audience.remove_intake",
        api="audience.remove", cli="campaigns take-out",
    ),
    operation(
        "campaigns.preflight", OPERATOR, web="campaign_start.show", api="preview.inspect", cli="campaigns preflight"
    ),
    operation(
        "campaigns.preview", VIEWER, web="campaign_preview.show campaign_preview.show_draft campaign_preview.show_new",
        api="preview.look preview.look_at_unsaved preview.list_extremes", cli="campaigns preview",
    ),
    operation("campaigns.test", OPERATOR, web="campaign_preview.send_test", api="preview.test", cli="campaigns test"),
    operation(
        "campaigns.start", OPERATOR, web="campaign_start.start", api="orders.start",
        cli="campaigns start, campaigns schedule",
    ),
    operation(
        "campaigns.unschedule", OPERATOR, web="campaign_orders.unschedule", api="orders.unschedule",
        cli="campaigns unschedule",
    ),
    operation("campaigns.pause", OPERATOR, web="campaign_orders.pause", api="orders.pause", cli="campaigns pause"),
    operation("campaigns.resume", OPERATOR, web="campaign_orders.resume", api="orders.resume", cli="campaigns resume"),
    operation("campaigns.cancel", OPERATOR, web="campaign_orders.cancel", api="orders.cancel", cli="campaigns cancel"),
    operation(
        "campaigns.resend", OPERATOR, web="campaign_orders.send_again", api="orders.resend", cli="campaigns resend"
    ),
    operation(
        "campaigns.progress", VIEWER, web="campaigns.show campaign_recipients.index",
        api="progress.show progress.list_deliveries", cli="campaigns progress",
    ),
    operation(
        "campaigns.export", VIEWER, web="campaign_recipients.export", api="progress.download", cli="campaigns export"
    ),
)  # fmt: skip
