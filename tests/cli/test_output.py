"""Tables for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from edupulse.cli.output import show_facts, show_rows

AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


def test_json_has_times_in_utc_and_letters_of_every_script(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"title": "水彩", "at": AT, "file": Path("/x")}], (), as_json=True, empty="")

    assert json.loads(capsys.readouterr().out) == [
        {"title": "水彩", "at": "2026-03-12T09:00:00Z", "file": "/x"}
    ]


def test_a_table_shows_times_on_the_organisations_clock(
    sqlite_app: Flask, change_settings: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    change_settings(timezone="Asia/Shanghai")

    show_rows([{"due_at": AT}], ("due_at",), as_json=False, empty="")

    assert "2026-03-12 17:00:00 CST" in capsys.readouterr().out


def test_what_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"title": "[red]sale[/red]"}], ("title",), as_json=False, empty="")

    assert "[red]sale[/red]" in capsys.readouterr().out


def test_there_are_no_colours_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"state": "failed"}], ("state",), as_json=False, empty="")

    assert "\x1b" not in capsys.readouterr().out


def test_an_empty_list_says_so_to_people_and_stays_a_list_for_machines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_rows([], (), as_json=False, empty="Nothing waits.")
    show_rows([], (), as_json=True, empty="Nothing waits.")

    assert capsys.readouterr().out == "Nothing waits.\n[]\n"


def test_what_is_not_known_yet_is_left_out_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show_facts({"id": 7, "ended_at": None, "enabled": True}, as_json=False)

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["Id", "7"],
        ["Enabled", "yes"],
    ]
