"""`/suppressions`: who must not be written to; listed, added, lifted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of, page_of
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Paged, PageOf, Query, Shown, Text
from edupulse.mail import suppressions

noun = Noun("suppressions", __name__, url_prefix="/suppressions")


class Suppression(Shown):
    """An address that gets no mail of a scope, and why."""

    address: str
    scope: str
    reason: str
    source: str
    created_at: datetime


class NewSuppression(Body):
    """Stop mail of `scope` (by default all) to `address`."""

    address: Text
    reason: Text | None = None
    scope: Text | None = None


class Which(Paged):
    """`search` is a part of an address, `scope` narrows the list."""

    search: Text = ""
    scope: Text = ""


class Scope(Query):
    """The scope as it was stopped."""

    scope: Text = suppressions.EVERYTHING


class Lifted(Shown):
    """Mail of this scope may go to this address again."""

    lifted: str
    scope: str


@noun.get("/", query=Which, gives=PageOf[Suppression])
def list_suppressions(query: Which) -> dict[str, Any]:
    """List them, newest first."""
    return page_of(suppressions.listing(query.search, query.scope, **query.page()), Suppression)


@noun.post("/", body=NewSuppression, gives=Suppression, status=201)
def add(body: NewSuppression) -> dict[str, Any]:
    """Stop mail to an address, for a reason."""
    words = {"reason": "", **body.said()}
    return facts_of(suppressions.add(words.pop("address"), actor=actor(), **words), Suppression)


@noun.delete("/<address>/", query=Scope, gives=Lifted)
def lift(address: str, query: Scope) -> dict[str, Any]:
    """Allow mail to an address again."""
    suppressions.lift(address, actor=actor(), scope=query.scope)
    return {"lifted": address, "scope": query.scope}
