"""`/mailboxes`: what is read, how it does; added, tried, changed, switched, polled, removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from flask import Response

from edupulse.api.answers import answer
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.ordered import ordered
from edupulse.api.words import said
from edupulse.clock import now
from edupulse.errors import Invalid
from edupulse.mailboxes import accounts, drafts, monitor, orders, syncing
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.imap.trial import Step
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.monitor import Listed
from edupulse.mailboxes.signin import connecting

noun = Noun("mailboxes", __name__, url_prefix="/mailboxes")

SECRETS: dict[str, type] = {"password": str, "client_secret": str, "refresh_token": str}  # taken, never given
DRAFT: dict[str, type] = {
    "name": str, "host": str, "port": int, "security": str, "username": str, "auth": str, "tenant": str,
    "client_id": str, "folder": str, "address": str, "interval_seconds": int, "enabled": bool,
    "after_action": str, "move_to": str, "staff": list, "largest_bytes": int,
}  # fmt: skip
TIMES = (
    "polled_at", "succeeded_at", "received_at", "stopped_at", "audited_at", "created_at", "updated_at",
)  # fmt: skip


@noun.get("/")
def list_mailboxes() -> Response:
    """List them by name, each with its health and the numbers of its messages."""
    return answer({"items": [_listed(listed) for listed in monitor.listing()]})


@noun.post("/")
def add() -> Response:
    """Add a mailbox; it is polled by itself from now on."""
    mailbox = accounts.add(read_draft(said(**DRAFT, **SECRETS), MailboxDraft()), actor=actor())
    return answer(_shown(mailbox.id), 201)


@noun.post("/test/")
def try_draft() -> Response:
    """Try a mailbox that is not stored, or, with `mailbox_id`, one that is with other values; store nothing."""
    words = said(**DRAFT, **SECRETS, mailbox_id=int)
    mailbox_id = words.pop("mailbox_id", None)
    before = MailboxDraft() if mailbox_id is None else drafts.draft_of(accounts.existing(mailbox_id))
    return _tried(connecting.try_draft(read_draft(words, before), mailbox_id=mailbox_id))


@noun.post("/sync/")
def sync() -> Response:
    """Make the schedules match the mailboxes; the clock does so by itself every few minutes."""
    said()
    return answer(asdict(syncing.sync(now())))


@noun.get("/<int:mailbox_id>/")
def show(mailbox_id: int) -> Response:
    """Show one mailbox; its secrets are never shown."""
    return answer(_shown(mailbox_id))


@noun.patch("/<int:mailbox_id>/")
def change(mailbox_id: int) -> Response:
    """Change what is named; `revision` refuses it if somebody else was faster. A secret not named stays."""
    words = said(**DRAFT, **SECRETS, revision=int)
    revision = words.pop("revision", None)
    draft = read_draft(words, drafts.draft_of(accounts.existing(mailbox_id)))
    accounts.change(mailbox_id, draft, actor=actor(), revision=revision)
    return answer(_shown(mailbox_id))


@noun.delete("/<int:mailbox_id>/")
def remove(mailbox_id: int) -> Response:
    """Poll it no more and erase its secrets; its messages stay."""
    accounts.remove(mailbox_id, actor=actor())
    return answer({"removed": mailbox_id})


@noun.post("/<int:mailbox_id>/enable/")
def enable(mailbox_id: int) -> Response:
    """Poll it again, forgetting the failures so far."""
    said()
    accounts.enable(mailbox_id, actor=actor())
    return answer(_shown(mailbox_id))


@noun.post("/<int:mailbox_id>/disable/")
def disable(mailbox_id: int) -> Response:
    """Poll it no more until it is enabled."""
    said()
    accounts.disable(mailbox_id, actor=actor())
    return answer(_shown(mailbox_id))


@noun.post("/<int:mailbox_id>/test/")
def try_out(mailbox_id: int) -> Response:
    """Try the connection step by step, from the server's name to the count of messages; nothing is fetched."""
    said()
    return _tried(connecting.try_out(mailbox_id))


@noun.post("/<int:mailbox_id>/poll/")
def poll(mailbox_id: int) -> Response:
    """Poll it now, also where it waits after a failure."""
    said()
    return ordered(orders.poll_now(mailbox_id, actor=actor()))


@noun.post("/<int:mailbox_id>/audit/")
def audit(mailbox_id: int) -> Response:
    """Compare what the server holds with what is stored here."""
    said()
    return ordered(orders.audit_now(mailbox_id, actor=actor()))


def read_draft(words: dict[str, Any], before: MailboxDraft) -> MailboxDraft:
    """Return `before` with what the call says; a usual port follows when only the encryption changes."""
    values = dict(words)
    if "staff" in values:
        values["staff"] = _addresses(values["staff"])
    if "security" in values and before.port == drafts.PORTS.get(before.security):
        values.setdefault("port", None)
    return replace(before, **values)


def _addresses(given: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(each, str) for each in given):
        raise Invalid("“staff” must be a list of addresses.", field="staff")
    return tuple(given)


def _tried(found: Iterable[Step]) -> Response:
    steps = list(found)
    return answer({"ok": all(step.ok for step in steps), "steps": steps})


def _shown(mailbox_id: int) -> dict[str, Any]:
    return _listed(monitor.one(mailbox_id))


def _listed(listed: Listed) -> dict[str, Any]:
    mailbox = listed.mailbox
    return {
        "id": mailbox.id,
        **_entered(mailbox),
        "revision": mailbox.revision,
        "health": listed.health,
        "messages": listed.messages,
        "quarantined": listed.quarantined,
        "attention": listed.attention,
        "backlog": mailbox.backlog,
        **{name: getattr(mailbox, name) for name in TIMES},
        "audit": mailbox.audit,
    }


def _entered(mailbox: Mailbox) -> dict[str, Any]:
    """Return what a person entered about it, without the secrets."""
    draft = drafts.draft_of(mailbox)
    return {name: getattr(draft, name) for name in DRAFT}
