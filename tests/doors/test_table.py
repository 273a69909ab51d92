"""The permission table against the three doors: what is behind one is behind all, and nothing is behind none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click
from flask import Flask

from edupulse.cli import PLACES
from edupulse.cli.command import imported
from edupulse.operations import OPERATIONS, role_of

IN_TABLE = {
    (door, place) for each in OPERATIONS for door in ("web", "api", "cli") for place in getattr(each, door)
}


def test_every_operation_is_behind_all_three_doors_or_says_why_not() -> None:
    silent = [each.name for each in OPERATIONS if each.missing and not each.only]
    needless = [each.name for each in OPERATIONS if each.only and not each.missing]

    assert (silent, needless) == ([], [])


def test_every_page_call_and_command_is_in_the_table_and_nothing_else(sqlite_app: Flask) -> None:
    there_is = {*endpoints(sqlite_app), *(("cli", command) for command in commands())}

    assert sorted(there_is - IN_TABLE) == []
    assert sorted(IN_TABLE - there_is) == []


def test_no_name_is_given_twice_and_no_place_has_two_roles() -> None:
    names = Counter(each.name for each in OPERATIONS)
    roles: dict[tuple[str, str], set[str]] = {}
    for each in OPERATIONS:
        for place in (*(("web", one) for one in each.web), *(("api", one) for one in each.api)):
            roles.setdefault(place, set()).add(each.role)

    assert [name for name, count in names.items() if count > 1] == []
    assert {place: found for place, found in roles.items() if len(found) > 1} == {}


def test_what_is_not_in_the_table_is_for_administrators() -> None:
    assert role_of("web", "no.such_page") == "admin"
    assert role_of("api", "no.such_call") == "admin"


def endpoints(app: Flask) -> Iterator[tuple[str, str]]:
    for endpoint in app.view_functions:
        if endpoint.startswith("api."):
            yield "api", endpoint.removeprefix("api.")
        else:
            yield "web", "rq_dashboard.*" if endpoint.startswith("rq_dashboard.") else endpoint


def commands() -> Iterator[str]:
    for name, place in PLACES.items():
        yield from _below(imported(place), (name,))


def _below(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    for name, below in command.commands.items():
        yield from _below(below, (*path, name))
