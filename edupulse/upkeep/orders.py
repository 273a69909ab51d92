"""What a person may order: that old data goes now, that caches are emptied. A job does it, with its progress."""

from __future__ import annotations

from collections.abc import Collection

from edupulse.control import sending
from edupulse.control.models import JobRun
from edupulse.errors import Invalid
from edupulse.upkeep.classes import chosen

CLEANUP = "upkeep.cleanup_expired_data"
CACHES = "upkeep.cleanup_cache"


def clean_up(classes: Collection[str] | None, *, actor: str) -> JobRun:
    """Let old data of these classes go, of all for None; return the run, or the one that is under way already.

    Raises Invalid for a class that there is not, and for none at all.
    """
    wanted = [each.key for each in chosen(classes)]
    if not wanted:
        raise Invalid("No class of data is chosen.", cure="Choose at least one.", field="classes")
    arguments = {} if classes is None else {"classes": wanted}
    return sending.send(CLEANUP, arguments, actor=actor, unique_key="cleanup")


def clear_caches(*, actor: str) -> JobRun:
    """Let the caches be emptied; return the run."""
    return sending.send(CACHES, {}, actor=actor, unique_key="cleanup-cache")
