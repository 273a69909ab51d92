"""The net under received mail: what waits without a job gets one; a new release tries again what was unreadable."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from edupulse.control.enqueue import enqueue_many
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.database import db
from edupulse.mailboxes.dispatch import rule_jobs
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.mailboxes.processing import quarantine
from edupulse.version import VERSION

PATIENCE = timedelta(minutes=1)  # that a message may lie before it is looked for
AT_ONCE = 500  # of each kind in one round

PROCESS, HANDLE = "mailboxes.process", "mailboxes.handle"


def sweep(moment: datetime) -> dict[str, int]:
    """Order what waits without a run that is on its way; return how many of each."""
    messages = _without_a_run(moment)
    enqueue_many(PROCESS, [{"message_id": id} for id in messages])
    actions = _actions_without_a_run(moment)
    enqueue_many(HANDLE, [{"action_id": id} for id in actions])
    replayed = [quarantine.put_back(id, actor="system") for id in _of_another_version()]
    returned = rule_jobs.bring_back(moment)
    return {
        "processed": len(messages),
        "handled": len(actions),
        "replayed": len(replayed),
        "returned": returned,
    }


def _without_a_run(moment: datetime) -> list[int]:
    waiting = (
        select(InboundMessage.id)
        .where(InboundMessage.state == "stored", InboundMessage.stored_at < moment - PATIENCE)
        .order_by(InboundMessage.stored_at)
        .limit(AT_ONCE)
    )
    return _without(PROCESS, "message_id", list(db.session.scalars(waiting)))


def _actions_without_a_run(moment: datetime) -> list[int]:
    waiting = (
        select(InboundAction.id)
        .where(InboundAction.state.in_(("pending", "failed")), InboundAction.created_at < moment - PATIENCE)
        .order_by(InboundAction.id)
        .limit(AT_ONCE)
    )
    return _without(HANDLE, "action_id", list(db.session.scalars(waiting)))


def _without(job: str, argument: str, ids: list[int]) -> list[int]:
    """Return those of `ids` that no run of `job` on its way is about."""
    about = JobRun.arguments[argument].as_integer()
    under_way = set(db.session.scalars(select(about).where(OPEN_ROWS, JobRun.name == job, about.in_(ids))))
    return [id for id in ids if id not in under_way]


def _of_another_version() -> list[int]:
    """Return what is in quarantine since an older release, which may have lacked what this one has."""
    older = (
        select(InboundMessage.id)
        .where(InboundMessage.state == "quarantined", InboundMessage.quarantine_version != VERSION)
        .order_by(InboundMessage.id)
        .limit(AT_ONCE)
    )
    return list(db.session.scalars(older))
