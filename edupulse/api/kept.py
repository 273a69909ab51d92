"""Addresses outside the root that programs knew before there was one; the same gate stands before them."""

from __future__ import annotations

from dataclasses import asdict

from flask import Flask, Response

from edupulse.api.answers import answer
from edupulse.api.gate import actor
from edupulse.api.mailboxes import Synced
from edupulse.api.noun import Contract
from edupulse.api.schema import Shown
from edupulse.control.schedule import SyncResult
from edupulse.mailboxes import syncing

SYNC = "/admin/workers/sync-email-tasks"


class EmailTasksSynced(Shown):
    """What a sync of the mailboxes changed, in a sentence and in numbers."""

    success: bool
    message: str
    stats: Synced


def register(app: Flask) -> None:
    """Give `app` these addresses. An endpoint that begins with `api.` is guarded and answered like all of the API.

    What their callers send along is not looked at: it never was.
    """
    sync_email_tasks.contract = Contract(gives=EmailTasksSynced)  # type: ignore[attr-defined]
    app.add_url_rule(SYNC, "api.sync_email_tasks", sync_email_tasks, methods=["POST"], strict_slashes=False)


def sync_email_tasks() -> Response:
    """Make the schedules match the mailboxes; callers read exactly these words."""
    stats = syncing.sync_now(actor=actor())
    return answer({"success": True, "message": _in_words(stats), "stats": asdict(stats)})


def _in_words(stats: SyncResult) -> str:
    if not (stats.added or stats.removed or stats.updated):
        return f"Nothing to change: {_mailboxes(stats.total)} polled as set up."
    changed = f"{stats.added} added, {stats.removed} removed, {stats.updated} updated"
    return f"Email tasks synced: {changed}; {_mailboxes(stats.total)} polled."


def _mailboxes(count: int) -> str:
    return "1 mailbox is" if count == 1 else f"{count} mailboxes are"
