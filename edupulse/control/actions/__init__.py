"""What a person may order about runs, the same for pages and commands; each order leaves an audit entry."""

from edupulse.control.actions.cancellation import cancel, cancel_all
from edupulse.control.actions.leaving import leave
from edupulse.control.actions.requeueing import requeue, requeue_all
from edupulse.control.actions.retrying import retry, retry_all

__all__ = ["cancel", "cancel_all", "leave", "requeue", "requeue_all", "retry", "retry_all"]
