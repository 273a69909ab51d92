"""EduPulse: reminders, batch mail and mailboxes on RQ, with every job and every mail a row first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from edupulse.config import Settings
    from edupulse.control.catalog import JobSpec


def create_app(
    settings: Settings | None = None, catalog: Iterable[JobSpec] = (), *, serving: bool = True
) -> Flask:
    """Return the application: its settings, its database, its catalog of jobs, its doors.

    A process that is not `serving`, such as a worker or a command, is spared the pages and the API.
    """
    # Imported here, so that a pure module of this package costs no web framework.
    from flask import Flask

    from edupulse import cli, sources, tables  # noqa: F401 - tables: the schema must be whole
    from edupulse.config import load_settings
    from edupulse.control.catalog import Catalog
    from edupulse.database import init_database
    from edupulse.extensions import Runtime

    settings = settings or load_settings()
    app = Flask(__name__)
    app.config["SECRET_KEY"] = settings.secret_key.reveal()
    app.extensions["edupulse"] = Runtime(settings, Catalog.of(catalog))
    init_database(app, settings.database_url, threads=settings.worker_threads)
    sources.register()
    cli.register(app)
    if serving:
        _serve(app)
    return app


def _serve(app: Flask) -> None:
    """Give `app` its pages and its API."""
    from edupulse import api, numbers, web

    numbers.register(app)
    web.register(app)
    api.register(app)
