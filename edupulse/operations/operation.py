"""One thing that somebody can do: who may, and behind which doors it is found."""

from __future__ import annotations

from dataclasses import dataclass

ANYBODY, VIEWER, OPERATOR, ADMIN = "", "viewer", "operator", "admin"
DOORS = ("web", "api", "cli")


@dataclass(frozen=True)
class Operation:
    """Its places are endpoints of pages, endpoints of the API without their “api.”, and commands by noun and verb."""

    name: str
    role: str
    web: tuple[str, ...]
    api: tuple[str, ...]
    cli: tuple[str, ...]
    only: str = ""  # why a door has no place for it

    @property
    def missing(self) -> list[str]:
        """Return the doors behind which it is not found."""
        return [door for door in DOORS if not getattr(self, door)]


def operation(
    name: str, role: str, *, web: str = "", api: str = "", cli: str = "", only: str = ""
) -> Operation:
    """Return an operation; several endpoints are parted by blanks, several commands by commas."""
    commands = tuple(command.strip() for command in cli.split(",") if command.strip())
    return Operation(name, role, tuple(web.split()), tuple(api.split()), commands, only)
