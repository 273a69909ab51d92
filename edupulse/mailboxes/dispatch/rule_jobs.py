"""A rule's job is asked for once for each message; one that fails for good brings the message back to the staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, cast, select, update

from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.mailboxes.dispatch.attention import to_the_staff
from edupulse.mailboxes.handling import Done
from edupulse.mailboxes.models import InboundAction
from edupulse.transaction import rows_changed, transaction

JOB = "job:"
WATCHED = timedelta(days=3)  # a job is over long before, with all its tries
MOST_AT_ONCE = 200  # in one round of the sweep


def ask_for(name: str, message_id: int, *, key: str, rule: str, arguments: Mapping[str, Any]) -> Done:
    """Accept the job `name` for a message, in the running transaction. Raises Invalid if it does not exist any more."""
    run = enqueue(
        name,
        occurrence_key=_occurrence(message_id, key),
        actor=f"rule:{rule}",
        **{**arguments, "message_id": message_id},
    )
    return Done(f"The job {name} was asked for.", {"run_id": run.id, "arguments": dict(arguments)})


def bring_back(moment: datetime) -> int:
    """Take the messages whose rule's job failed or was cancelled to the staff; return how many."""
    with transaction() as session:
        wanted = (
            select(InboundAction.id, InboundAction.message_id, InboundAction.handler, JobRun.state)
            .join(JobRun, JobRun.occurrence_key == _occurrence_of())
            .where(InboundAction.handler.startswith(JOB), InboundAction.state == "done")
            .where(InboundAction.created_at > moment - WATCHED, JobRun.state.in_(("failed", "cancelled")))
            .limit(MOST_AT_ONCE)
        )
        found = session.execute(wanted).all()
        for row in found:
            why = f"The job {row.handler.removeprefix(JOB)} that a rule asked for has {_ended(row.state)}."
            change = update(InboundAction).where(InboundAction.id == row.id, InboundAction.state == "done")
            if rows_changed(session, change.values(state="dead", outcome=why)):
                to_the_staff(row.message_id, why)
    return len(found)


def _ended(state: str) -> str:
    return "been cancelled" if state == "cancelled" else "failed"


def _occurrence(message_id: int, key: str) -> str:
    return f"inbound:{message_id}:{key}"


def _occurrence_of() -> Any:
    return "inbound:" + cast(InboundAction.message_id, String) + ":" + InboundAction.key
