"""`/suppressions`: who must not be written to; listed, added, lifted."""

from __future__ import annotations

from typing import Any

from flask import Response

from edupulse.api.answers import answer, page_answer
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.words import asked, page_wanted, said
from edupulse.mail import suppressions
from edupulse.mail.models import Suppression

noun = Noun("suppressions", __name__, url_prefix="/suppressions")


@noun.get("/")
def list_suppressions() -> Response:
    """List them, newest first; `search` is a part of an address, `scope` narrows it."""
    return page_answer(suppressions.listing(asked("search"), asked("scope"), **page_wanted()), _facts)


@noun.post("/")
def add() -> Response:
    """Stop mail of `scope` (by default all) to `address`, for a `reason`."""
    words = {"address": "", "reason": "", **said(address=str, reason=str, scope=str)}
    return answer(_facts(suppressions.add(words.pop("address"), actor=actor(), **words)), 201)


@noun.delete("/<address>/")
def lift(address: str) -> Response:
    """Allow mail to `address` again; `scope` as it was stopped, by default all."""
    scope = asked("scope") or suppressions.EVERYTHING
    suppressions.lift(address, actor=actor(), scope=scope)
    return answer({"lifted": address, "scope": scope})


def _facts(row: Suppression) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("address", "scope", "reason", "source", "created_at")}
