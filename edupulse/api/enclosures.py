"""`/campaigns/<id>/enclosures`: the files that go with every mail; listed, added, taken out."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from edupulse.api.answers import answer
from edupulse.api.gate import actor, takes
from edupulse.api.noun import Noun
from edupulse.api.words import said
from edupulse.campaigns import drafts, monitor
from edupulse.errors import Invalid
from edupulse.mail.mailing import Enclosure
from edupulse.transaction import transaction

noun = Noun("enclosures", __name__, url_prefix="/campaigns/<int:campaign_id>/enclosures")

LARGEST_MB = 16  # all files together have 10 MB at most, and base64 adds a third


@noun.get("/")
def list_enclosures(campaign_id: int) -> Response:
    """List what is enclosed."""
    return answer(_listed(campaign_id))


@noun.post("/")
@takes(LARGEST_MB)
def add(campaign_id: int) -> Response:
    """Enclose files: as the parts of a form, or one as JSON with `filename`, `data` in base64, and `content_type`.

    All or none; the same file again changes nothing.
    """
    sent = list(_sent())  # before anybody has to wait for the database
    with transaction():
        for filename, content_type, data in sent:
            drafts.enclose(campaign_id, filename, content_type, data, actor=actor())
    return answer(_listed(campaign_id), 201)


@noun.delete("/<int:enclosure_id>/")
def remove(campaign_id: int, enclosure_id: int) -> Response:
    """Take a file out."""
    drafts.take_out(campaign_id, enclosure_id, actor=actor())
    return answer({"removed": enclosure_id})


def facts_of_file(file: Enclosure) -> dict[str, Any]:
    """Return what there is to know of an enclosed file beside its bytes."""
    return {name: getattr(file, name) for name in ("id", "filename", "content_type", "size")}


def _listed(campaign_id: int) -> dict[str, Any]:
    return {"items": [facts_of_file(each) for each in monitor.campaign(campaign_id).mailing.enclosures]}


def _sent() -> Iterator[tuple[str, str, bytes]]:
    if request.is_json:
        words = {
            "filename": "",
            "content_type": "",
            "data": "",
            **said(filename=str, content_type=str, data=str),
        }
        yield words["filename"], words["content_type"], _bytes_of(words["data"])
        return
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the files as multipart/form-data, or one as a JSON object.")
    files = [file for _, parts in request.files.lists() for file in parts if file.filename]
    if not files:
        raise Invalid("No file was sent.", cure="Send it as a part with a filename.", field="file")
    for file in files:
        yield str(file.filename), file.mimetype, file.read()


def _bytes_of(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(
            "“data” is no base64.", cure="Encode the file's bytes (RFC 4648 4).", field="data"
        ) from None
