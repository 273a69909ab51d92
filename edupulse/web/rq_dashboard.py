"""rq-dashboard under our login: for administrators, one Redis, a window and not a door."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Flask, Response, current_app, g, request
from rq import Queue, Worker
from rq.exceptions import DeserializationError, InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_dashboard import web as theirs

from edupulse.control.connection import redis_connection
from edupulse.errors import Denied, Invalid, NotFound
from edupulse.logs import get_logger
from edupulse.web.errors import refusal
from edupulse.web.looking_redis import LookingRedis
from edupulse.web.security import READING

log = get_logger(__name__)

BLUEPRINT = "rq_dashboard"
ADDRESS = "/rq"
POLL_MILLISECONDS = 5_000  # the page asks again this often while it is open
LARGEST_PAGE = 200  # jobs on one page: each is a round trip to Redis
REGISTRIES = frozenset({"queued", "failed", "deferred", "started", "finished", "scheduled", "canceled"})
ACTS = frozenset({"delete_job_view", "requeue_job_view", "requeue_all", "empty_queue", "compact_queue"})


def register(app: Flask) -> None:
    """Mount rq-dashboard on `app`; security.py lets only administrators through."""
    _read_json_only()
    app.config.update(
        RQ_DASHBOARD_REDIS_URL=("EduPulse",),  # one instance, shown by this name: no address, no password
        RQ_DASHBOARD_DISABLE_DELETE=True,
        RQ_DASHBOARD_POLL_INTERVAL=POLL_MILLISECONDS,
    )
    app.register_blueprint(theirs.blueprint, url_prefix=ADDRESS)
    # Its own step opens, before each request, whichever instance the address names, and for everybody.
    app.before_request_funcs[BLUEPRINT] = [_guard]
    answers = {
        NoSuchJobError: _no_such_job,
        InvalidJobOperation: _unreadable,
        DeserializationError: _unreadable,
        ValueError: _unreadable,
    }
    app.error_handler_spec[BLUEPRINT][None].update(answers)  # for its pages alone
    app.jinja_env.globals["script_nonce"] = script_nonce
    app.after_request(_let_its_script_run)


class JsonJob(Job):
    """A job whose content is read as JSON whatever the caller says: pickle would run what it reads."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "serializer": JSONSerializer})


class JsonQueue(Queue):
    job_class = JsonJob

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "serializer": JSONSerializer})


class JsonWorker(Worker):
    job_class = JsonJob
    queue_class = JsonQueue

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "serializer": JSONSerializer})


def _read_json_only() -> None:
    theirs.Job, theirs.Queue, theirs.Worker = JsonJob, JsonQueue, JsonWorker
    theirs.config.serializer = JSONSerializer


def _guard() -> None:
    """Refuse every act and every address that would make it stumble; give it the reading connection."""
    name = str(request.endpoint).rpartition(".")[2]
    if request.method not in READING or name in ACTS:
        raise Denied("This view of Redis is for looking only.", cure="Act on jobs in EduPulse's own pages.")
    _refuse_unknown(request.view_args or {})
    current_app.redis_conn = LookingRedis(connection_pool=redis_connection().connection_pool)  # type: ignore[attr-defined]


def _refuse_unknown(arguments: dict[str, Any]) -> None:
    numbers = (str(arguments.get(name, 1)) for name in ("per_page", "page"))
    in_range = all(re.fullmatch(r"[0-9]{1,6}", number) and int(number) > 0 for number in numbers)
    known = arguments.get("registry_name", "queued") in REGISTRIES and arguments.get("order", "asc") in (
        "asc",
        "dsc",
    )
    small = int(arguments.get("per_page", 1)) <= LARGEST_PAGE if in_range else False
    if arguments.get("instance_number", 0) != 0 or not (in_range and known and small):
        raise NotFound("There is no such page.")


def _no_such_job(error: NoSuchJobError) -> Response:
    cure = "Redis keeps finished jobs only for minutes; EduPulse's own Jobs page keeps them all."
    return refusal(NotFound("There is no such job in Redis any more.", cure=cure))


def _unreadable(error: Exception) -> Response:
    log.warning("odd entry in Redis", path=request.path, reason=type(error).__name__)
    return refusal(
        Invalid("An entry in Redis is not one of ours and cannot be read.", cure="It was left alone.")
    )


def script_nonce() -> str:
    """Return the word of this answer that lets the script of our own template run and no other."""
    if "script_nonce" not in g:
        g.script_nonce = secrets.token_urlsafe(16)
    return str(g.script_nonce)


def _let_its_script_run(response: Response) -> Response:
    """Widen the policy for its pages as little as it needs: one marked script, templates made at run time.

    Its own templates write error texts unescaped into the page; without the mark, nothing in them runs.
    """
    if request.blueprint == BLUEPRINT:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'self' 'unsafe-eval' 'nonce-{script_nonce()}'; "
            "style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
            "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
        )
    return response
