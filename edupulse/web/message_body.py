"""What strangers wrote, handed out so that it can do nothing: HTML for a frame, files and whole messages to save.

It is for operators: who only looks sees that a letter came and what was done, not what somebody confided.
"""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

from flask import Blueprint, Response, make_response, send_file

from edupulse.errors import NotFound
from edupulse.mailboxes import monitor
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.monitor import Message
from edupulse.mailboxes.parse import part_bytes
from edupulse.storage import storage
from edupulse.web.message_words import download_name

blueprint = Blueprint("message_body", __name__, url_prefix="/messages/<int:message_id>")

# No script, form, link, cookie; nothing from elsewhere, so that nobody learns that the letter was opened.
BODY_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
# Cleaned mails have lost their styles: they are read in a plain face, dark on white, as wide as the frame.
FRAME = (
    '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>Message</title><style>html{color-scheme:light;background:#fff;color:#20262b}"
    "body{font:15px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}img{max-width:100%;height:auto}"
    "blockquote{margin:.5em 0;padding-left:1em;border-left:3px solid #ccc;color:#555}</style>"
)
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


@blueprint.get("/html")
def html(message_id: int) -> Response:
    """Return the HTML of a message for the frame; it was cleaned when the message was taken apart."""
    response = make_response(FRAME + _event(monitor.message(message_id)).html)
    response.headers["Content-Security-Policy"] = BODY_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/attachments/<int:index>")
def attachment(message_id: int, index: int) -> Response:
    """Return a file of a message, to be saved and never shown."""
    message = monitor.message(message_id)
    files = {each.index: each for each in _event(message).attachments}
    if index not in files:
        raise NotFound("This message has no such file.", cure="Its page lists those that it has.")
    data = part_bytes(storage().read(message.row.storage_key), index)
    return _saved(BytesIO(data), download_name(files[index]))


@blueprint.get("/raw")
def raw(message_id: int) -> Response:
    """Return the whole message as it came, byte for byte, however large."""
    row = monitor.message(message_id).row
    return _saved(storage().open(row.storage_key), f"message-{row.id}.eml")


def _event(message: Message) -> UnifiedEvent:
    if message.event is None:
        raise NotFound("This message was not read yet.", cure="Its bytes are kept; save them from its page.")
    return message.event


def _saved(file: BinaryIO, name: str) -> Response:
    # One type for all: what a browser does not know it does not open.
    response = send_file(file, mimetype="application/octet-stream", as_attachment=True, download_name=name)
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response
