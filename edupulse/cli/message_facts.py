"""What there is to know about one message: all for programs, and made harmless for a terminal."""

from __future__ import annotations

from edupulse.cli.job_facts import facts_of as facts_of_run
from edupulse.cli.strangers import line
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.mailboxes.monitor import FACTS, FACTS_OF_ACTION, Message

QUARANTINE = ("quarantined_at", "quarantine_reason", "quarantine_version", "quarantine_traceback", "tries")
LONGEST_SUBJECT = 80  # characters in a list


def facts_of(row: InboundMessage) -> dict[str, object]:
    """Return what is known of a message, in short, for programs."""
    return {name: getattr(row, name) for name in FACTS}


def shown(message: Message) -> dict[str, object]:
    """Return everything about one message for programs."""
    row, delivery = message.row, message.delivery
    is_aside = row.state == "quarantined"
    return {
        **facts_of(row),
        "event": message.event.as_json() if message.event else None,
        "actions": [{name: getattr(each, name) for name in FACTS_OF_ACTION} for each in message.actions],
        "answers": {"delivery_id": delivery.id, "address": delivery.address} if delivery else None,
        "thread": [facts_of(each) for each in message.thread],
        "runs": [facts_of_run(run) for run in message.runs],
        "quarantine": {name: getattr(row, name) for name in QUARANTINE} if is_aside else None,
    }


def row_of(row: InboundMessage) -> dict[str, object]:
    """Return a line of the list of messages for people."""
    return {
        "id": row.id,
        "stored_at": row.stored_at,
        "mailbox": row.mailbox.name,
        "from": line(row.from_address or row.from_name),
        "subject": line(row.subject)[:LONGEST_SUBJECT],
        "kind": row.kind,
        "state": row.state,
        "to_look_at": row.attention,
    }


def page_of(message: Message) -> dict[str, object]:
    """Return one message for people; what is unknown is left out."""
    row, event = message.row, message.event
    return {
        "id": row.id,
        "mailbox": row.mailbox.name,
        "from": line(f"{row.from_name} <{row.from_address}>".strip()) if row.from_address else None,
        "subject": line(row.subject),
        "sent_at": row.sent_at,
        "stored_at": row.stored_at,
        "bytes": row.size,
        "message_id": line(row.message_id) or None,
        "state": row.state,
        "kind": row.kind,
        "because": line(row.why or "") or None,
        "answers": _answered(message),
        "attachments": _files(event) or None,
        "what_was_wrong_with_it": [line(each) for each in event.defects] if event and event.defects else None,
        "to_look_at": line(row.attention_why or "yes") if row.attention else None,
        "settled_at": row.settled_at,
        "settled_by": row.settled_by,
        "in_quarantine_since": row.quarantined_at,
        "could_not_be_read": line(row.quarantine_reason or "") or None,
        "runs": [f"{run.id} ({run.state})" for run in message.runs] or None,
    }


def rows_of_actions(message: Message) -> list[dict[str, object]]:
    """Return what was done, for people."""
    return [_action(each) for each in message.actions]


def rows_of_thread(message: Message) -> list[dict[str, object]]:
    """Return the other messages about the same mail of ours, for people."""
    return [
        {
            "id": each.id,
            "stored_at": each.stored_at,
            "from": line(each.from_address),
            "subject": line(each.subject),
        }
        for each in message.thread
    ]


def _action(action: InboundAction) -> dict[str, object]:
    return {
        "handler": action.handler,
        "rule": action.rule or None,
        "why": line(action.reason),
        "state": action.state,
        "tries": action.tries,
        "outcome": line(action.outcome),
    }


def _answered(message: Message) -> str | None:
    if message.delivery is None:
        return None
    verified = "" if message.row.is_verified else "; not verified that its recipient wrote this"
    return f"our mail {message.delivery.id} to {message.delivery.address}{verified}"


def _files(event: UnifiedEvent | None) -> list[str]:
    attached = event.attachments if event else ()
    return [
        f"{each.index}: {line(each.filename) or each.content_type} ({each.size:,} bytes)" for each in attached
    ]
