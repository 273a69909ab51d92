"""The machine: how its parts are, and what starts and stops them."""

from __future__ import annotations

from edupulse.operations.operation import ADMIN, ANYBODY, VIEWER, operation

SHELL = "it acts on the machine, from the machine"

OPERATIONS = (
    operation("status", VIEWER, web="dashboard.show", api="status.show", cli="status"),
    operation("doctor", ADMIN, api="status.doctor", cli="doctor", only="a page of it comes with the settings page"),
    operation("metrics", VIEWER, api="metrics", only="for Prometheus; people have the monitor"),
    operation("health", ANYBODY, web="health.alive health.ready", only="for whoever watches the process"),
    operation("reference", ANYBODY, api="openapi.show", only="a description for programs"),
    operation("reference.read", VIEWER, web="api_reference.show", only="the same for people; commands have --help"),
    operation("files", ANYBODY, web="static", only="styles, scripts and pictures of the pages"),
    operation(
        "redis", ADMIN,
        web="rq_dashboard.*",
        only="a window on Redis for those who know RQ",
    ),
    operation("start", ADMIN, cli="start, up, worker, scheduler", only=SHELL),
    operation("stop", ADMIN, cli="stop, restart", only=SHELL),
    operation("logs", ADMIN, cli="logs", only=SHELL),
    operation("database.upgrade", ADMIN, cli="db upgrade", only=SHELL),
    operation("demo", ADMIN, cli="demo", only=SHELL),
    operation("completion", ANYBODY, cli="completion", only="for the shell alone"),
)  # fmt: skip
