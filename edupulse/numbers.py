"""Numbers and names in addresses: only what a row can have, so that no database is asked for the impossible."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter, Map, UnicodeConverter


class RowNumber(IntegerConverter):
    """`<int:...>` below what PostgreSQL calls an integer; anything larger is an address that does not exist.

    By the pattern alone: a converter that refuses what its pattern took makes some methods "not allowed".
    """

    regex = r"\d{1,9}"


class RowName(UnicodeConverter):
    """`<name>` without NUL, which PostgreSQL cannot store; with it, it is an address that does not exist."""

    def __init__(self, map: Map, *args: int, **options: int) -> None:
        super().__init__(map, *args, **options)
        self.regex = self.regex.replace("[^/]", r"[^/\x00]")


def register(app: Flask) -> None:
    """Let every `<int:...>` of `app` be a row's number, and every other part a name."""
    app.url_map.converters |= {"int": RowNumber, "default": RowName, "string": RowName}
