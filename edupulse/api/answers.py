"""What the API says: JSON with times in UTC, letters of every script as they are, lists in pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from flask import Response, stream_with_context
from pydantic import BaseModel
from werkzeug.http import dump_options_header

from edupulse.paging import Page

Row = TypeVar("Row")


def answer(facts: object, status: int = 200) -> Response:
    """Return `facts` as JSON."""
    text = json.dumps(facts, default=_plain, ensure_ascii=False, separators=(",", ":"))
    return Response(text + "\n", status, mimetype="application/json")


def facts_of(row: object, model: type[BaseModel]) -> dict[str, Any]:
    """Return what `model` shows of `row`: the attributes of the same names."""
    return {name: getattr(row, name) for name in model.model_fields}


def page_of(
    page: Page[Row], facts: Callable[[Row], Mapping[str, object]] | type[BaseModel]
) -> dict[str, Any]:
    """Return one page of a list and the cursors to the pages before and after it, null where there is none."""
    of_row = partial(facts_of, model=facts) if isinstance(facts, type) else facts
    return {"items": [of_row(row) for row in page.items], "previous": page.previous, "next": page.next}


def file_answer(pieces: Iterator[bytes] | bytes, filename: str, content_type: str) -> Response:
    """Return a file, piece by piece, under its name (RFC 6266)."""
    body = pieces if isinstance(pieces, bytes) else stream_with_context(pieces)
    response = Response(body, content_type=content_type)
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": filename})
    return response


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a plain value")
