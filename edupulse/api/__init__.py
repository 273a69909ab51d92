"""The door for programs: /api/v1, one file per noun."""

from __future__ import annotations

from typing import Any

from flask import Flask

from edupulse.api import (
    audience,
    campaigns,
    enclosures,
    errors,
    inbound_rules,
    kept,
    mailboxes,
    message_files,
    messages,
    nowhere,
    orders,
    people,
    preview,
    progress,
    suppressions,
)
from edupulse.api.gate import open_gate
from edupulse.api.noun import ROOT, Noun
from edupulse.extensions import csrf

DOORS = (
    campaigns,
    enclosures,
    audience,
    preview,
    orders,
    progress,
    people,
    suppressions,
    mailboxes,
    messages,
    message_files,
    inbound_rules,
)


def register(app: Flask) -> None:
    """Give `app` its addresses for programs."""
    root = Noun("api", __name__, url_prefix=ROOT)
    open_gate(root)
    errors.register(root)
    for door in DOORS:
        root.register_blueprint(door.noun)
    nowhere.register(root)
    app.register_blueprint(root)
    kept.register(app)
    _leave_browsers_out(app)


def _leave_browsers_out(app: Flask) -> None:
    """Let sessions, cookies and their CSRF tokens play no part here: who calls is told by the token alone."""
    for name, blueprint in app.blueprints.items():
        if name == "api" or name.startswith("api."):
            csrf.exempt(blueprint)
    views: dict[str, Any] = dict(app.view_functions)
    for endpoint, view in views.items():
        if endpoint.startswith("api."):
            view.needed_role = ""  # the guard of the pages lets it pass; ours stands at the gate
