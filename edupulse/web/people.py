"""One person over everything: every mail to an address, every try at it, what they wrote, and whether we may write."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from edupulse.mail.timeline import timeline
from edupulse.mailboxes.letters import letters_of
from edupulse.web.words import SCOPES

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("/<path:address>")
def show(address: str) -> str:
    """Show the whole story of one address."""
    story = timeline(address, request.args.get("page", ""))
    return render_template("people/show.html", story=story, letters=letters_of(story.address), scopes=SCOPES)
