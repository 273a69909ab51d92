"""Backups: which there are, what is in each, and that another one is made. Restoring is a command."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.config import current_settings
from edupulse.upkeep import backup, listing
from edupulse.upkeep.models import BACKUP_STATES
from edupulse.web.backup_words import STATES
from edupulse.web.flashes import say

blueprint = Blueprint("backups", __name__, url_prefix="/backups")


@blueprint.get("")
def index() -> str:
    """List the backups by the filter in the address, newest first."""
    asked = request.args.get("state", "")
    state = asked if asked in BACKUP_STATES else ""
    page = listing.backups(state, request.args.get("page", ""))
    newest, settings = listing.newest_verified(), current_settings()
    return render_template(
        "backups/index.html", page=page, state=state, states=STATES, newest=newest, settings=settings
    )


@blueprint.get("/<int:backup_id>")
def show(backup_id: int) -> str:
    """Show what is in a backup, and how it is restored."""
    found = listing.existing(backup_id)
    return render_template("backups/show.html", backup=found, states=STATES)


@blueprint.post("")
def create() -> Response:
    """Let a worker make a backup."""
    run = backup.ask(actor=current_user.email)
    say(_("A backup is being made. This page shows how far it has come."))
    return redirect(url_for("jobs.show", run_id=run.id), 303)
