"""`/metrics`: the figures of this moment for Prometheus, asked of the database when it scrapes."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric

from edupulse.api import metrics_of_jobs, metrics_of_parts
from edupulse.api.noun import Contract, File
from edupulse.clock import now

PATH = "/metrics"


class _Figures:
    """What the library asks for the figures to print."""

    def collect(self) -> Iterator[Metric]:
        moment = now()
        yield from metrics_of_jobs.collect(moment)
        yield from metrics_of_parts.collect(moment)


def register(app: Flask) -> None:
    """Give `app` the address where Prometheus looks by itself; the gate of the API stands before it."""
    show.contract = Contract(gives=File((CONTENT_TYPE_PLAIN_0_0_4,)))  # type: ignore[attr-defined]
    app.add_url_rule(PATH, "api.metrics", show, methods=["GET"], strict_slashes=False)


def show() -> Response:
    """Return the figures in the text format of Prometheus."""
    return Response(generate_latest(_Figures()), content_type=CONTENT_TYPE_PLAIN_0_0_4)
