"""`/campaigns/<id>/enclosures`: the files that go with every mail; listed, added, taken out."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from flask import request
from pydantic import Field

from edupulse.api.answers import facts_of
from edupulse.api.campaign_facts import Enclosure
from edupulse.api.gate import actor, takes
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Shown, Text
from edupulse.campaigns import drafts, monitor
from edupulse.errors import Invalid
from edupulse.transaction import transaction

noun = Noun("enclosures", __name__, url_prefix="/campaigns/<int:campaign_id>/enclosures")

FORM = "multipart/form-data"
LARGEST_MB = 16  # all files together have 10 MB at most, and base64 adds a third


class NewEnclosure(Body):
    """One file: its name, its bytes in base64 (RFC 4648 4), and its media type where the name does not tell it."""

    filename: Text
    data: Text = Field(description="Base64.", examples=["eA=="])
    content_type: Text | None = Field(None, examples=["application/pdf"])


class RemovedEnclosure(Shown):
    """The id that was taken out."""

    removed: int


@noun.get("/", gives=ListOf[Enclosure])
def list_enclosures(campaign_id: int) -> dict[str, Any]:
    """List what is enclosed."""
    return _listed(campaign_id)


@noun.post("/", body=NewEnclosure, files=(FORM,), gives=ListOf[Enclosure], status=201)
@takes(LARGEST_MB)
def add(campaign_id: int, body: NewEnclosure | None) -> dict[str, Any]:
    """Enclose files: as the parts of a form, or one as JSON.

    All or none; the same file again changes nothing.
    """
    sent = [_said(body)] if body else list(_parts())  # before anybody has to wait for the database
    with transaction():
        for filename, content_type, data in sent:
            drafts.enclose(campaign_id, filename, content_type, data, actor=actor())
    return _listed(campaign_id)


@noun.delete("/<int:enclosure_id>/", gives=RemovedEnclosure)
def remove(campaign_id: int, enclosure_id: int) -> dict[str, Any]:
    """Take a file out."""
    drafts.take_out(campaign_id, enclosure_id, actor=actor())
    return {"removed": enclosure_id}


def _listed(campaign_id: int) -> dict[str, Any]:
    enclosed = monitor.campaign(campaign_id).mailing.enclosures
    return {"items": [facts_of(each, Enclosure) for each in enclosed]}


def _said(words: NewEnclosure) -> tuple[str, str, bytes]:
    return words.filename, words.content_type or "", _bytes_of(words.data)


def _parts() -> Iterator[tuple[str, str, bytes]]:
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
