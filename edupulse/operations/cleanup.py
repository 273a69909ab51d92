"""Old data: how long it is kept, what would go, and that it goes now."""

from __future__ import annotations

from edupulse.operations.operation import OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("cleanup.list", VIEWER, web="cleanup.index", api="cleanup.list_classes", cli="cleanup list"),
    operation("cleanup.look", VIEWER, web="cleanup.index", api="cleanup.look", cli="cleanup run"),
    operation("cleanup.run", OPERATOR, web="cleanup.run", api="cleanup.run", cli="cleanup run"),
    operation("cleanup.caches", OPERATOR, web="cleanup.clear_caches", api="cleanup.clear_caches", cli="cleanup cache"),
)  # fmt: skip
