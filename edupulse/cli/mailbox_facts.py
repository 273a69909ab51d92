"""What there is to know about one mailbox; its secrets are never among it."""

from __future__ import annotations

from dataclasses import asdict

from edupulse.mailboxes.drafts import SECRETS, draft_of
from edupulse.mailboxes.monitor import Listed

TIMES = ("polled_at", "succeeded_at", "received_at", "stopped_at", "audited_at", "created_at", "updated_at")


def facts_of(listed: Listed) -> dict[str, object]:
    """Return its facts for programs, as the API gives them."""
    mailbox = listed.mailbox
    entered = {name: value for name, value in vars(draft_of(mailbox)).items() if name not in SECRETS}
    return {
        "id": mailbox.id,
        **entered,
        "revision": mailbox.revision,
        "health": asdict(listed.health),
        "messages": listed.messages,
        "quarantined": listed.quarantined,
        "attention": listed.attention,
        "backlog": mailbox.backlog,
        **{name: getattr(mailbox, name) for name in TIMES},
        "audit": mailbox.audit,
    }


def row_of(listed: Listed) -> dict[str, object]:
    """Return a line of the list of mailboxes for people."""
    mailbox, health = listed.mailbox, listed.health
    return {
        "id": mailbox.id,
        "name": mailbox.name,
        "username": mailbox.username,
        "state": health.state,
        "messages": listed.messages,
        "to_look_at": listed.attention,
        "in_quarantine": listed.quarantined,
        "last_success": mailbox.succeeded_at,
        "says": f"{health.words} {health.cure}".strip(),
    }


def page_of(listed: Listed) -> dict[str, object]:
    """Return one mailbox for people; what is usual or unknown is left out."""
    mailbox, health = listed.mailbox, listed.health
    return {
        "id": mailbox.id,
        "name": mailbox.name,
        "state": health.state,
        "says": health.words,
        "what_to_do": health.cure or None,
        "server": f"{mailbox.host}:{mailbox.port} ({mailbox.security})",
        "username": mailbox.username,
        "signs_in_by": mailbox.auth,
        "tenant": mailbox.oauth.get("tenant") or None,
        "client_id": mailbox.oauth.get("client_id") or None,
        "folder": mailbox.folder,
        "address": mailbox.own_address or None,
        "every_seconds": mailbox.interval_seconds,
        "afterwards": f"move to {mailbox.move_to}"
        if mailbox.after_action == "move"
        else mailbox.after_action,
        "staff": mailbox.staff or None,
        "taken_apart_up_to": f"{mailbox.largest_bytes / 1_000_000:g} MB",
        "messages": listed.messages,
        "to_look_at": listed.attention,
        "in_quarantine": listed.quarantined,
        "left_on_the_server": mailbox.backlog or None,
        "next_poll_at": health.next_poll_at,
        **{name: getattr(mailbox, name) for name in TIMES},
        "audit": mailbox.audit or None,
    }
