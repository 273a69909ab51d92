"""`/cleanup`: how long classes of data are kept, what would go now, and that it goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.gate import actor
from edupulse.api.job_in_full import JobInFull, in_full
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Query, Shown, Text
from edupulse.clock import now
from edupulse.upkeep import cleanup, orders
from edupulse.upkeep.classes import CLASSES

noun = Noun("cleanup", __name__, url_prefix="/cleanup")


class ClassOfData(Shown):
    """What goes when it has been kept for `days` (0: for ever), and what stays."""

    key: str
    title: str
    days: int
    default_days: int
    setting: str
    goes: str
    stays: str


class OldData(Shown):
    """What of one class is old: `bytes` is null where nobody knows, `until` where it is kept for ever."""

    key: str
    title: str
    days: int
    until: datetime | None
    rows: int
    bytes: int | None


class WhichClasses(Query):
    """Keys of classes with commas between them, by default all."""

    classes: Text = ""


class CleanupOrder(Body):
    """The classes of which what is old shall go; all, if they are not named."""

    classes: list[Text] | None = None


@noun.get("/", gives=ListOf[ClassOfData])
def list_classes() -> dict[str, Any]:
    """List the classes of data."""
    return {"items": [facts_of(each, ClassOfData) for each in CLASSES]}


@noun.get("/due/", query=WhichClasses, gives=ListOf[OldData])
def look(query: WhichClasses) -> dict[str, Any]:
    """Count what would go now; nothing is deleted."""
    wanted = [each.strip() for each in query.classes.split(",") if each.strip()] or None
    return {"items": [facts_of(each, OldData) for each in cleanup.run(now(), wanted, dry_run=True)]}


@noun.post("/runs/", body=CleanupOrder, gives=JobInFull, status=202)
def run(body: CleanupOrder) -> dict[str, Any]:
    """Let a job delete what is old."""
    return in_full(orders.clean_up(body.classes, actor=actor()))


@noun.post("/caches/", gives=JobInFull, status=202)
def clear_caches() -> dict[str, Any]:
    """Let a job empty the caches and remove what was left lying about."""
    return in_full(orders.clear_caches(actor=actor()))
