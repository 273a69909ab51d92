"""What one is told: everybody reads their own, and chooses how."""

from __future__ import annotations

from edupulse.operations.operation import VIEWER, operation

OPERATIONS = (
    operation(
        "notifications.list", VIEWER, web="notifications.index", api="notifications.list_notifications",
        cli="notifications list",
    ),
    operation(
        "notifications.read", VIEWER, web="notifications.read notifications.read_all",
        api="notifications.read notifications.read_all", cli="notifications read",
    ),
    operation(
        "notifications.preferences", VIEWER, web="notifications.show_preferences",
        api="notifications.list_preferences", cli="notifications preferences",
    ),
    operation(
        "notifications.prefer", VIEWER, web="notifications.prefer", api="notifications.prefer",
        cli="notifications prefer",
    ),
)  # fmt: skip
