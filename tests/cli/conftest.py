"""What the tests of the command line share: a way to type a command."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from edupulse.cli import PLACES
from edupulse.cli.command import Root

Type = Callable[..., Result]


@pytest.fixture
def type_in(sqlite_app: Flask) -> Type:
    """Return a function that runs a command on the test's application, e.g. `type_in("jobs", "list")`."""
    root = Root("edupulse", PLACES)

    def type_in(*words: str, stdin: str = "") -> Result:
        info = ScriptInfo(create_app=lambda: sqlite_app)
        return CliRunner().invoke(root, list(words), obj=info, input=stdin)

    return type_in


def facts(result: Result) -> Any:
    """Return what a command printed with --json."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
