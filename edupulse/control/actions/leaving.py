"""An interrupted run that shall not be repeated: somebody has looked, and leaves it as it is."""

from __future__ import annotations

from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import steps
from edupulse.control.actions.selection import held, in_one_piece
from edupulse.control.fingerprint import fingerprint
from edupulse.control.models import JobRun
from edupulse.errors import Conflict


def leave(run_id: str, actor: str, reason: str = "") -> JobRun:
    """Let an interrupted run count as failed. Raises NotFound, Conflict for other states."""

    def order(session: Session) -> JobRun:
        run = held(session, run_id)
        if run.state != "interrupted":
            words = f"Only an interrupted run can be left; this one is {run.state}."
            raise Conflict(words, cure="Look at it again.", run=run_id, state=run.state)
        left = f"Left as it is by {actor}{f': {reason}' if reason else '.'}"
        run.state, run.ended_at = "failed", now()
        run.error_message = f"{run.error_message or ''} {left}".strip()
        run.error_fingerprint = fingerprint(run.name, run.error_class, run.error_message)
        session.flush()
        if run.workflow_step_id is not None:
            steps.ended(session, run.workflow_step_id, "failed")
        states = {"before": {"state": "interrupted"}, "after": {"state": "failed"}}
        audit.record(actor, "job.leave", f"job:{run_id}", reason=reason, **states)
        return run

    return in_one_piece(order)
