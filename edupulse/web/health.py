"""Two addresses for machines: is the process alive, and can it do its work."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response

from edupulse.control.monitor import database_service, redis_service

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Answer as long as the process can; asks nobody else."""
    return _fresh({"status": "ok"}, 200)


@blueprint.get("/readyz")
def ready() -> Response:
    """Say which part is missing; 503 only without the database, for with Redis away work waits."""
    parts = [database_service(), redis_service()]
    answer = {
        "status": "ok" if all(part.is_up for part in parts) else "degraded",
        **{p.name: p.state for p in parts},
    }
    return _fresh(answer, 200 if parts[0].is_up else 503)


def _fresh(answer: dict[str, str], status: int) -> Response:
    response = make_response(jsonify(answer), status)
    response.headers["Cache-Control"] = "no-store"
    return response
