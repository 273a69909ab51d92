"""Jobs of mailboxes."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.mailboxes import sweep as net
from edupulse.mailboxes.dispatch import running
from edupulse.mailboxes.polling import audit as completeness
from edupulse.mailboxes.polling import poll as polling
from edupulse.mailboxes.processing import process as processing
from jobs.recorded import recorded


@recorded
def poll(mailbox_id: int, by: str = "clock") -> dict[str, int | str]:
    """Fetch what is new in one mailbox."""
    return polling.poll(mailbox_id, by=by)


@recorded
def process(message_id: int) -> dict[str, object]:
    """Read one message, say what it is, and give it to whoever deals with it."""
    return processing.process(message_id)


@recorded
def handle(action_id: int) -> dict[str, object]:
    """Try once more what a handler could not do."""
    return running.handle(action_id)


@recorded
def sweep() -> dict[str, int]:
    """Hand over what waits, replay once after a release."""
    return net.sweep(now())


@recorded
def audit(mailbox_id: int | None = None) -> dict[str, int]:
    """Compare what the server holds with the ledger, for one mailbox or all."""
    return completeness.audit(mailbox_id)
