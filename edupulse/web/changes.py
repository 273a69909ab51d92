"""What an act changed, value by value, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edupulse.accounts.models import AuditEntry


def changes(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """Return what changed: the name of each value, what it was and what it is."""
    before, after = entry.before, entry.after
    if not isinstance(before, Mapping) and not isinstance(after, Mapping):
        return [("", before, after)] if before is not None or after is not None else []
    was, became = (value if isinstance(value, Mapping) else {} for value in (before, after))
    names = [*was, *(name for name in became if name not in was)]
    return [(name, was.get(name), became.get(name)) for name in names if was.get(name) != became.get(name)]
