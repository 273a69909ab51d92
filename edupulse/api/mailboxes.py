"""`/mailboxes`: what is read, how it does; added, tried, changed, switched, polled, removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edupulse.api.gate import actor
from edupulse.api.idempotency import unkeyed
from edupulse.api.job_in_full import JobInFull, in_full
from edupulse.api.mailbox_facts import Mailbox, facts_of_mailbox, shown
from edupulse.api.mailbox_words import MailboxChange, MailboxTrial, NewMailbox, draft_from
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, Shown
from edupulse.control.schedule import SyncResult
from edupulse.mailboxes import accounts, drafts, monitor, orders, syncing
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.imap.trial import Step
from edupulse.mailboxes.signin import connecting

noun = Noun("mailboxes", __name__, url_prefix="/mailboxes")


class TrialStep(Shown):
    """One step: what was found, or what failed and what to do; `ms` is how long it took."""

    name: str
    ok: bool
    words: str
    cure: str
    ms: int


class Trial(Shown):
    """A connection that was tried step by step; the first step that fails is the last."""

    ok: bool
    steps: list[TrialStep]


class Synced(Shown):
    """How many schedules of mailboxes came, went or changed, and how many mailboxes are polled."""

    added: int
    removed: int
    updated: int
    total: int


class RemovedMailbox(Shown):
    """The number of the mailbox that is read no more."""

    removed: int


@noun.get("/", gives=ListOf[Mailbox])
def list_mailboxes() -> dict[str, Any]:
    """List them by name, each with its health and the numbers of its messages."""
    return {"items": [facts_of_mailbox(listed) for listed in monitor.listing()]}


@noun.post("/", body=NewMailbox, gives=Mailbox, status=201)
def add(body: NewMailbox) -> dict[str, Any]:
    """Add a mailbox; it is polled by itself from now on."""
    return shown(accounts.add(draft_from(body, MailboxDraft()), actor=actor()).id)


@noun.post("/test/", body=MailboxTrial, gives=Trial)
@unkeyed
def try_draft(body: MailboxTrial) -> dict[str, Any]:
    """Try a mailbox that is not stored, or, with `mailbox_id`, one that is with other values; store nothing."""
    known = body.mailbox_id
    before = MailboxDraft() if known is None else drafts.draft_of(accounts.existing(known))
    return _tried(connecting.try_draft(draft_from(body, before), mailbox_id=known))


@noun.post("/sync/", gives=Synced)
@unkeyed
def sync() -> SyncResult:
    """Make the schedules match the mailboxes; the clock does so by itself every few minutes."""
    return syncing.sync_now(actor=actor())


@noun.get("/<int:mailbox_id>/", gives=Mailbox)
def show(mailbox_id: int) -> dict[str, Any]:
    """Show one mailbox; its secrets are never shown."""
    return shown(mailbox_id)


@noun.patch("/<int:mailbox_id>/", body=MailboxChange, gives=Mailbox)
def change(mailbox_id: int, body: MailboxChange) -> dict[str, Any]:
    """Change what is named; `revision` refuses it if somebody else was faster. A secret not named stays."""
    mailbox = accounts.existing(mailbox_id)
    seen = mailbox.revision if body.revision is None else body.revision
    draft = draft_from(body, drafts.draft_of(mailbox))
    accounts.change(mailbox_id, draft, actor=actor(), revision=seen)
    return shown(mailbox_id)


@noun.delete("/<int:mailbox_id>/", gives=RemovedMailbox)
def remove(mailbox_id: int) -> dict[str, int]:
    """Poll it no more and erase its secrets; its messages stay."""
    accounts.remove(mailbox_id, actor=actor())
    return {"removed": mailbox_id}


@noun.post("/<int:mailbox_id>/enable/", gives=Mailbox)
def enable(mailbox_id: int) -> dict[str, Any]:
    """Poll it again, forgetting the failures so far."""
    accounts.enable(mailbox_id, actor=actor())
    return shown(mailbox_id)


@noun.post("/<int:mailbox_id>/disable/", gives=Mailbox)
def disable(mailbox_id: int) -> dict[str, Any]:
    """Poll it no more until it is enabled."""
    accounts.disable(mailbox_id, actor=actor())
    return shown(mailbox_id)


@noun.post("/<int:mailbox_id>/test/", gives=Trial)
@unkeyed
def try_out(mailbox_id: int) -> dict[str, Any]:
    """Try the connection step by step, from the server's name to the count of messages; nothing is fetched."""
    return _tried(connecting.try_out(mailbox_id))


@noun.post("/<int:mailbox_id>/poll/", gives=JobInFull, status=202)
def poll(mailbox_id: int) -> dict[str, Any]:
    """Poll it now, also where it waits after a failure."""
    return in_full(orders.poll_now(mailbox_id, actor=actor()))


@noun.post("/<int:mailbox_id>/audit/", gives=JobInFull, status=202)
def audit(mailbox_id: int) -> dict[str, Any]:
    """Compare what the server holds with what is stored here."""
    return in_full(orders.audit_now(mailbox_id, actor=actor()))


def _tried(found: Iterable[Step]) -> dict[str, Any]:
    steps = list(found)
    return {"ok": all(step.ok for step in steps), "steps": steps}
