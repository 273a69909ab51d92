"""`/messages/<id>/raw` and `attachments`: the bytes as they came, for those who act."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from flask import Response

from edupulse.api.answers import file_answer
from edupulse.api.noun import File, Noun
from edupulse.errors import NotFound
from edupulse.mailboxes import monitor
from edupulse.mailboxes.parse import part_bytes
from edupulse.storage import storage

noun = Noun("message_files", __name__, url_prefix="/messages/<int:message_id>")

AT_ONCE = 1 << 20  # bytes in memory, however large the message is
MESSAGE = "message/rfc822"
ANY_FILE = "application/octet-stream"  # what a stranger calls it decides nothing here


@noun.get("/raw/", gives=File((MESSAGE,)))
def raw(message_id: int) -> Response:
    """Return the whole message as the server gave it (RFC 5322)."""
    file = storage().open(monitor.message(message_id).row.storage_key)
    return file_answer(_pieces(file), f"message-{message_id}.eml", MESSAGE)


@noun.get("/attachments/<int:attachment_id>/", gives=File((ANY_FILE,)))
def attachment(message_id: int, attachment_id: int) -> Response:
    """Return one attachment, decoded; its number is the `index` that the message's event gives it."""
    message = monitor.message(message_id)
    known = message.event.attachments if message.event else ()
    for each in known:
        if each.index == attachment_id:
            data = part_bytes(storage().read(message.row.storage_key), each.index)
            return file_answer(data, each.filename or f"attachment-{each.index}", ANY_FILE)
    raise NotFound(f"Message {message_id} has no attachment {attachment_id}.", cure="See its event.")


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(AT_ONCE):
            yield piece
