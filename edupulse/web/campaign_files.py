"""The files of a campaign's form: those that came with it are enclosed, those with a tick are taken out."""

from __future__ import annotations

from flask import request
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from edupulse.campaigns import drafts
from edupulse.errors import Conflict, Invalid
from edupulse.web.flashes import say


def take_out_chosen(campaign_id: int) -> None:
    """Take those files out whose box is ticked."""
    for enclosure in request.form.getlist("take_out", type=int):
        drafts.take_out(campaign_id, enclosure, actor=current_user.email)


def enclose_sent(campaign_id: int) -> bool:
    """Keep the files that came with the form; a refused one is said on the next page, where the text is safe."""
    chosen = [file for file in request.files.getlist("enclosures") if file.filename]
    return all(_keep(campaign_id, file) for file in chosen)


def _keep(campaign_id: int, file: FileStorage) -> bool:
    kind = file.mimetype or "application/octet-stream"
    try:
        drafts.enclose(campaign_id, str(file.filename), kind, file.read(), actor=current_user.email)
    except (Invalid, Conflict) as error:
        say(f"The text is saved, but “{file.filename}” was not attached. {error}", tone="bad")
        return False
    return True
