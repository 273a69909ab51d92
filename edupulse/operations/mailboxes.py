"""Mailboxes, what came in, and the rules about it."""

from __future__ import annotations

from edupulse.operations.operation import ADMIN, OPERATOR, VIEWER, operation

MAILBOXES = (
    operation(
        "mailboxes.list", VIEWER, web="mailboxes.index", api="mailboxes.list_mailboxes", cli="mailboxes list"
    ),
    operation("mailboxes.show", VIEWER, web="mailboxes.show", api="mailboxes.show", cli="mailboxes show"),
    operation(
        "mailboxes.add", OPERATOR, web="mailboxes.new mailboxes.create", api="mailboxes.add", cli="mailboxes add"
    ),
    operation(
        "mailboxes.change", OPERATOR, web="mailboxes.edit mailboxes.change", api="mailboxes.change",
        cli="mailboxes edit",
    ),
    operation("mailboxes.remove", OPERATOR, web="mailboxes.remove", api="mailboxes.remove", cli="mailboxes remove"),
    operation("mailboxes.enable", OPERATOR, web="mailboxes.resume", api="mailboxes.enable", cli="mailboxes enable"),
    operation("mailboxes.disable", OPERATOR, web="mailboxes.pause", api="mailboxes.disable", cli="mailboxes disable"),
    operation(
        "mailboxes.test", OPERATOR, web="mailbox_trial.ready mailbox_trial.try_new mailbox_trial.try_saved",
        api="mailboxes.try_draft mailboxes.try_out", cli="mailboxes test, mailboxes try",
    ),
    operation("mailboxes.poll", OPERATOR, web="mailboxes.poll", api="mailboxes.poll", cli="mailboxes poll"),
    operation("mailboxes.audit", OPERATOR, web="mailboxes.audit", api="mailboxes.audit", cli="mailboxes audit"),
    operation(
        "mailboxes.sync", OPERATOR, web="mailboxes.sync", api="mailboxes.sync sync_email_tasks", cli="mailboxes sync"
    ),
    operation(
        "mailboxes.keys", ADMIN, cli="mailboxes key, mailboxes rotate-keys",
        only="a key is made where the settings are",
    ),
)  # fmt: skip

MESSAGES = (
    operation(
        "messages.list", VIEWER, web="messages.index messages.quarantine", api="messages.list_messages",
        cli="messages list",
    ),
    operation("messages.totals", VIEWER, web="dashboard.show", api="messages.totals", cli="messages totals"),
    operation("messages.show", VIEWER, web="messages.show", api="messages.show", cli="messages show"),
    operation(
        "messages.read", OPERATOR, web="message_body.html message_body.attachment message_body.raw",
        api="message_files.raw message_files.attachment", cli="messages raw",
    ),
    operation("messages.approve", OPERATOR, web="messages.approve", api="messages.approve", cli="messages approve"),
    operation("messages.settle", OPERATOR, web="messages.settle", api="messages.settle", cli="messages settle"),
    operation(
        "messages.replay", OPERATOR, web="messages.replay messages.replay_all",
        api="messages.replay messages.replay_all", cli="messages replay",
    ),
)  # fmt: skip

RULES = (
    operation(
        "rules.list", VIEWER, web="inbound_rules.index", api="inbound_rules.list_rules inbound_rules.show",
        cli="mailboxes rules list, mailboxes rules show",
    ),
    operation(
        "rules.add", OPERATOR, web="inbound_rules.new inbound_rules.create", api="inbound_rules.add",
        cli="mailboxes rules add",
    ),
    operation(
        "rules.change", OPERATOR, web="inbound_rules.edit inbound_rules.change", api="inbound_rules.change",
        cli="mailboxes rules change",
    ),
    operation("rules.move", OPERATOR, web="inbound_rules.move", api="inbound_rules.move", cli="mailboxes rules move"),
    operation(
        "rules.remove", OPERATOR, web="inbound_rules.remove", api="inbound_rules.remove", cli="mailboxes rules remove"
    ),
    operation(  # the reasons quote what people wrote
        "rules.explain", OPERATOR, web="inbound_rules.explain inbound_rules.explain_draft inbound_rules.ready",
        api="inbound_rules.explain messages.explain", cli="mailboxes rules explain",
    ),
)  # fmt: skip

OPERATIONS = (*MAILBOXES, *MESSAGES, *RULES)
