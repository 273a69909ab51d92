"""`./run up`: every process on the operator's own data, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from edupulse import schema
from edupulse.accounts.users import anyone_exists
from edupulse.config import Settings, current_settings
from edupulse.embedded.lock import only_stack
from edupulse.embedded.ports import require_free
from edupulse.embedded.stack import programs, tidy
from edupulse.embedded.supervisor import Supervisor

Say = Callable[[str], None]


def up(app: Flask, say: Say) -> None:
    """Start everything and keep it running until SIGINT or SIGTERM; a second one kills.

    Raises Conflict when another stack holds the data folder or the port is taken, Unavailable when a part
    cannot start.
    """
    with app.app_context():
        settings = current_settings()
        with only_stack(settings.data_dir):
            require_free(settings.host, settings.port, setting="EDUPULSE_PORT")
            schema.upgrade()
            hints = _hints(settings)
            _keep_up(settings, hints, say)


def _keep_up(settings: Settings, hints: list[str], say: Say) -> None:
    say(f"Starting EduPulse on {settings.data_dir} ...")
    with Supervisor(programs(settings), settings.data_dir / "log", say) as stack:
        if not stack.is_told_to_stop:
            say(f"EduPulse is up at {settings.base_url} (Ctrl-C stops it). Logs: {settings.data_dir / 'log'}")
            for hint in hints:
                say(hint)
        stack.run()
        say("Stopping ... (Ctrl-C again kills)")
    tidy(settings)
    say("Stopped. Nothing is left running; what waits is stored.")


def _hints(settings: Settings) -> list[str]:
    hints = []
    if not anyone_exists():
        hints.append(
            "Nobody can sign in yet. Make the first account: python cli.py users create you@school.example"
        )
    if not settings.smtp_server:
        hints.append("No mail server is set, so mail waits. Set SMTP_SERVER and its login in .env.")
    return hints
