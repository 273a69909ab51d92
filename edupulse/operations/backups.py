"""Backups: made, looked at, verified, restored."""

from __future__ import annotations

from edupulse.operations.operation import ADMIN, OPERATOR, operation

WHERE_IT_LIES = "a backup is a file on one machine: it is read there, however long that takes"

OPERATIONS = (
    operation("backups.list", OPERATOR, web="backups.index", api="backups.list_backups", cli="backup list"),
    operation("backups.show", OPERATOR, web="backups.show", api="backups.show", cli="backup show"),
    operation("backups.create", ADMIN, web="backups.create", api="backups.create", cli="backup create"),
    operation("backups.verify", ADMIN, cli="backup verify", only=WHERE_IT_LIES),
    operation(
        "backups.restore", ADMIN, cli="backup restore",
        only="nothing may work while the database is exchanged, neither the pages nor the API",
    ),
    operation("backups.prune", ADMIN, cli="backup prune", only="each backup that is made does it by itself"),
    operation("backups.key", ADMIN, cli="backup key", only="a key is made where the settings are"),
)  # fmt: skip
