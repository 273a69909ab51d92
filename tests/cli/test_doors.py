"""The command line as a whole: one set of commands for both doors, each explained, facts also as JSON."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask

from edupulse.cli import PLACES
from edupulse.cli.command import imported

# They start processes, or print what is no table anyway: a script, a log.
WITHOUT_FACTS = {"worker", "scheduler", "up", "demo", "completion", "logs", "csv"}


def leaves(commands: dict[str, click.Command]) -> Iterator[click.Command]:
    for command in commands.values():
        if isinstance(command, click.Group):
            yield from leaves(command.commands)
        else:
            yield command


def all_leaves() -> list[click.Command]:
    return list(leaves({name: imported(place) for name, place in PLACES.items()}))


def test_flask_knows_the_same_commands(sqlite_app: Flask) -> None:
    with sqlite_app.app_context(), click.Context(sqlite_app.cli) as context:
        assert PLACES.keys() <= set(sqlite_app.cli.list_commands(context))
        assert {sqlite_app.cli.get_command(context, name) for name in PLACES} == {
            imported(place) for place in PLACES.values()
        }


def test_every_command_says_what_it_does() -> None:
    assert [command.name for command in all_leaves() if not command.help] == []


def test_every_command_that_prints_facts_prints_them_as_json_too() -> None:
    silent = {
        str(command.name)
        for command in all_leaves()
        if "as_json" not in {parameter.name for parameter in command.params}
    }

    assert silent == WITHOUT_FACTS


def test_a_python_without_our_modules_is_told_where_they_are(project_folder: Path) -> None:
    bare = [sys.executable, "-S", str(project_folder / "cli.py"), "status"]

    refused = subprocess.run(bare, capture_output=True, text=True, timeout=60)

    assert refused.returncode == 1
    assert ".venv/bin/python cli.py" in refused.stderr
    assert "Traceback" not in refused.stderr
