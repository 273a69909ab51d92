"""`backup` on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo
from redis import Redis

from edupulse.cli import PLACES
from edupulse.cli.command import Root
from edupulse.config import load_settings
from edupulse.embedded.lock import only_stack
from tests.cli.conftest import facts
from tests.servers import RedisProcess
from tests.upkeep.house import House, a_house

pytestmark = pytest.mark.real_redis


@pytest.fixture
def house(tmp_path: Path, redis_process: RedisProcess, real_redis: Redis) -> Iterator[House]:
    with a_house("sqlite", tmp_path, real_redis, redis_process.url) as made:
        yield made


def test_a_backup_is_made_listed_shown_verified_and_restored(house: House) -> None:
    made = facts(type_in(house, "create", "--json"))
    (listed,) = facts(type_in(house, "list", "--json"))
    shown = facts(type_in(house, "show", str(made["id"]), "--json"))
    verified = facts(type_in(house, "verify", "latest", "--json"))
    house.lose_everything()

    restored = type_in(house, "restore", made["name"], "--yes")

    assert (listed["name"], shown["contents"]["storage"]["files"], verified["verified"]) == (
        made["name"],
        2,
        True,
    )
    assert restored.exit_code == 0, restored.output
    assert "No mail leaves now" in restored.stdout


def test_restoring_asks_first_and_says_what_is_kept(house: House) -> None:
    type_in(house, "create")

    asked, done = (
        type_in(house, "restore", "latest", stdin="n\n"),
        type_in(house, "restore", "latest", stdin="y\n"),
    )

    assert asked.exit_code == 1
    assert "is put aside and replaced" in asked.stderr
    assert "What was there is kept as the file" in done.stdout


def test_a_stack_that_runs_is_not_exchanged_under_its_feet(house: House) -> None:
    type_in(house, "create")

    with only_stack(load_settings(house.environment).data_dir):
        refused = type_in(house, "restore", "latest", "--yes")

    assert refused.exit_code == 1
    assert "already runs" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("restore", "latest", "--yes"), "There is no backup in"),
        (("verify", "nothing.tar.gz"), "There is no backup nothing.tar.gz"),
        (("show", "7"), "There is no backup 7"),
    ],
)
def test_what_is_not_there_is_said(house: House, words: tuple[str, ...], said: str) -> None:
    refused = type_in(house, *words)

    assert (refused.exit_code, said in refused.stderr) == (1, True)


def test_a_file_that_is_none_is_refused_with_a_cure(house: House) -> None:
    (house.folder / "note.txt").write_text("no backup")

    refused = type_in(house, "restore", str(house.folder / "note.txt"), "--yes")

    assert refused.exit_code == 1
    assert (
        "This backup is damaged: it does not begin as a backup does. Nothing was touched." in refused.stderr
    )


def test_a_key_is_made_that_the_settings_take(house: House) -> None:
    made = facts(type_in(house, "key", "--json"))

    assert load_settings({**house.environment, "BACKUP_KEY": made["key"]}).backup_key
    assert len(made["id"]) == 8


def test_pruning_says_what_went(house: House) -> None:
    type_in(house, "create")

    assert facts(type_in(house, "prune", "--json")) == {"deleted": 0, "names": []}


def type_in(house: House, *words: str, stdin: str = "") -> Result:
    """Run `backup WORDS` on the house, in an application of its own as each command has one."""
    contexts = []

    def load() -> Flask:
        contexts.append(house.app())
        app: Flask = contexts[-1].__enter__()
        return app

    try:
        root = Root("edupulse", PLACES)
        return CliRunner().invoke(root, ["backup", *words], obj=ScriptInfo(create_app=load), input=stdin)
    finally:
        for context in contexts:
            context.__exit__(None, None, None)
