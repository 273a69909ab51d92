"""A person or a program orders one run of a job: checked by its signature, accepted, and on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edupulse.accounts import audit
from edupulse.control import parameters
from edupulse.control.catalog import current_catalog
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.transaction import transaction


def send(
    name: str,
    arguments: Mapping[str, Any],
    *,
    actor: str,
    priority: int | None = None,
    not_before: datetime | None = None,
    unique_key: str | None = None,
    if_exists: str = "skip",
) -> JobRun:
    """Accept one run of the job `name` from outside, or return the run that has its unique key; see `enqueue`.

    Raises Invalid for an unknown name and for arguments of another kind, Conflict for a key that is taken.
    """
    parameters.check(current_catalog().get(name), arguments)
    with transaction():
        run = enqueue(
            name,
            actor=actor,
            priority=priority,
            not_before=not_before,
            unique_key=unique_key,
            if_exists=if_exists,
            **arguments,
        )
        audit.record(actor, "job.send", f"job:{run.id}", name=name, unique_key=unique_key)
    return run
