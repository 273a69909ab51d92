"""Jobs: sent, watched, ordered about; queues, workers, schedules and workflows."""

from __future__ import annotations

from edupulse.operations.operation import ADMIN, OPERATOR, VIEWER, operation

JOBS = (
    operation("jobs.list", VIEWER, web="jobs.index", api="jobs.list_jobs jobs.history", cli="jobs list, jobs history"),
    operation("jobs.show", VIEWER, web="jobs.show", api="jobs.show", cli="jobs status, jobs result, jobs watch"),
    operation("jobs.active", VIEWER, web="jobs.index", api="jobs.active", cli="jobs active"),
    operation(
        "jobs.registered", VIEWER, web="job_send.index", api="job_history.registered", cli="jobs registered"
    ),
    operation("jobs.send", OPERATOR, web="job_send.form job_send.send", api="jobs.send", cli="jobs send"),
    operation("jobs.stats", VIEWER, web="monitor.show", api="job_history.stats", cli="jobs stats"),
    operation("jobs.failures", VIEWER, web="monitor.show", api="job_history.failures", cli="jobs failures"),
    operation(
        "jobs.revoke", OPERATOR, web="orders.cancel orders.ask_cancel orders.cancel_all",
        api="job_orders.revoke job_orders.revoke_many", cli="jobs cancel, jobs revoke, jobs clear",
    ),
    operation(
        "jobs.retry", OPERATOR, web="orders.retry orders.ask_retry orders.retry_all",
        api="job_orders.retry job_orders.retry_many", cli="jobs retry",
    ),
    operation(
        "jobs.requeue", OPERATOR, web="orders.requeue orders.ask_requeue orders.requeue_all",
        api="job_orders.requeue job_orders.requeue_many", cli="jobs requeue",
    ),
    operation("jobs.leave", OPERATOR, web="orders.leave", api="job_orders.leave", cli="jobs leave"),
    operation("jobs.pause", OPERATOR, web="pauses.pause", api="job_orders.pause", cli="jobs pause"),
    operation("jobs.resume", OPERATOR, web="pauses.resume", api="job_orders.resume", cli="jobs resume"),
)  # fmt: skip

QUEUES = (
    operation(
        "queues.list", VIEWER, web="jobs.index pauses.show", api="queues.list_queues", cli="queues list"
    ),
    operation("queues.pause", OPERATOR, web="pauses.pause", api="queues.pause", cli="queues pause"),
    operation("queues.resume", OPERATOR, web="pauses.resume", api="queues.resume", cli="queues resume"),
)

WORKERS = (
    operation("workers.list", VIEWER, web="workers.index", api="workers.list_workers", cli="workers list"),
    operation("workers.pools", VIEWER, web="workers.index", api="pools.list_pools pools.show", cli="workers pools"),
    operation("workers.add", ADMIN, web="workers.new workers.add", api="pools.add", cli="workers add"),
    operation("workers.change", ADMIN, web="workers.edit workers.change", api="pools.change", cli="workers change"),
    operation("workers.remove", ADMIN, web="workers.remove", api="pools.remove", cli="workers remove"),
    operation(
        "workers.start", OPERATOR, web="workers.order workers.order_all", api="pools.start pools.start_all",
        cli="workers start",
    ),
    operation(
        "workers.stop", OPERATOR, web="workers.order workers.order_all", api="pools.stop pools.stop_all",
        cli="workers stop",
    ),
    operation(
        "workers.restart", OPERATOR, web="workers.order workers.order_all", api="pools.restart pools.restart_all",
        cli="workers restart",
    ),
)  # fmt: skip

SCHEDULES = (
    operation(
        "schedules.list", VIEWER, web="schedules.index", api="schedules.list_schedules", cli="schedule list"
    ),
    operation("schedules.show", VIEWER, web="schedules.show", api="schedules.show", cli="schedule show"),
    operation(
        "schedules.change", OPERATOR, web="schedules.change", api="schedules.change", cli="schedule change"
    ),
    operation(
        "schedules.reset", OPERATOR, web="schedules.reset", api="schedules.reset", cli="schedule reset"
    ),
    operation("schedules.run", OPERATOR, web="schedules.run", api="schedules.run", cli="schedule run"),
    operation(
        "schedules.pause", OPERATOR, web="schedules.pause", api="schedules.pause", cli="schedule pause"
    ),
    operation(
        "schedules.resume", OPERATOR, web="schedules.resume", api="schedules.resume", cli="schedule resume"
    ),
    operation("schedules.sync", OPERATOR, web="schedules.sync", api="schedules.sync", cli="schedule sync"),
)

WORKFLOWS = (
    operation(
        "workflows.list", VIEWER, web="workflows.index", api="workflows.list_workflows", cli="workflows list"
    ),
    operation("workflows.show", VIEWER, web="workflows.show", api="workflows.show", cli="workflows show"),
    operation(
        "workflows.cancel", OPERATOR, web="workflows.cancel", api="workflows.cancel", cli="workflows cancel"
    ),
)

OPERATIONS = (*JOBS, *QUEUES, *WORKERS, *SCHEDULES, *WORKFLOWS)
