"""What programs may call, as a page to read: made from the OpenAPI document, so that it says what is true."""

from __future__ import annotations

from functools import lru_cache

from flask import Blueprint, Flask, current_app, render_template, request

from edupulse.api.noun import ROOT
from edupulse.api.openapi import document
from edupulse.web.api_shapes import Field, Operation, by_noun, shapes

blueprint = Blueprint("api_reference", __name__, url_prefix="/api")


@blueprint.get("")
def show() -> str:
    """Show how programs sign in, and every address with what it takes and gives."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    nouns, fields = _described(app)
    return render_template(
        "api_reference/show.html", nouns=nouns, shapes=fields, root=ROOT, host=request.host_url
    )


@lru_cache(maxsize=2)
def _described(app: Flask) -> tuple[dict[str, list[Operation]], dict[str, list[Field]]]:
    """Return the addresses and shapes; they are the same as long as the process lives."""
    told = document()
    return by_noun(told), shapes(told)
