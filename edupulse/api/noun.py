"""One noun of the API: a blueprint whose addresses work with and without the slash at the end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

ROOT = "/api/v1"


class Noun(Blueprint):
    """The addresses of one noun."""

    def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
        super().add_url_rule(rule, *args, strict_slashes=False, **options)
