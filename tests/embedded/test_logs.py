"""Reading what the services have written: the end of it, over files put aside, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edupulse.config import Settings
from edupulse.embedded import logs as reading
from edupulse.embedded import program, systemd
from edupulse.embedded.logs import logs
from edupulse.errors import NotFound


@pytest.fixture
def settings(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(systemd, "units", list)
    monkeypatch.setattr(reading, "LOOK_SECONDS", 0.01)
    return make_settings()


@pytest.fixture
def log(settings: Settings) -> Path:
    (settings.data_dir / "log").mkdir()
    return settings.data_dir / "log" / "web.log"


def test_the_last_lines_are_shown_the_oldest_first(settings: Settings, log: Path) -> None:
    log.write_text("one\ntwo\nthree\n")

    assert list(logs(settings, "web", tail=2)) == ["two", "three"]


def test_what_was_put_aside_is_read_too(settings: Settings, log: Path) -> None:
    log.with_name("web.log.2").write_text("one\n")
    log.with_name("web.log.1").write_text("two\nthree\n")
    log.write_text("four\n")

    assert list(logs(settings, "web", tail=100)) == ["one", "two", "three", "four"]
    assert list(logs(settings, "web", tail=2)) == ["three", "four"]


def test_a_large_log_is_read_from_its_end(
    settings: Settings, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BLOCK_BYTES", 16)
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    assert list(logs(settings, "web", tail=5)) == [f"line {number}" for number in range(95, 100)]


def test_a_line_that_is_only_begun_is_shown_and_counted(settings: Settings, log: Path) -> None:
    log.write_text("one\ntwo\nthr")

    assert list(logs(settings, "web", tail=2)) == ["two", "thr"]


def test_what_is_no_text_does_not_stop_the_reading(settings: Settings, log: Path) -> None:
    log.write_bytes(b"caf\xe9\nnext\n")

    assert list(logs(settings, "web")) == ["caf�", "next"]


def test_a_service_that_wrote_nothing_has_no_lines(settings: Settings, log: Path) -> None:
    assert list(logs(settings, "scheduler")) == []


@pytest.mark.parametrize("name", ["mysql", "../../etc/passwd", ""])
def test_an_unknown_service_is_refused_with_the_names_there_are(
    settings: Settings, log: Path, name: str
) -> None:
    log.with_name("workers-night.log").write_text("")

    with pytest.raises(NotFound, match="stack, web, workers, scheduler, redis, workers-night"):
        logs(settings, name)


def test_new_lines_are_followed(settings: Settings, log: Path) -> None:
    log.write_text("old\n")
    following = logs(settings, "web", tail=1, follow=True)
    assert next(following) == "old"

    with log.open("a") as file:
        file.write("new\nhalf")
        file.flush()
        assert next(following) == "new"
        file.write(" and half\n")

    assert next(following) == "half and half"


def test_a_log_that_is_put_aside_is_followed_into_its_successor(
    settings: Settings, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "LOG_BYTES", 1)
    log.write_text("first\n")
    following = logs(settings, "web", tail=5, follow=True)
    assert next(following) == "first"

    with log.open("a") as file:
        file.write("last words\n")
    program.rotate(log)
    log.write_text("a new beginning\n")

    assert [next(following), next(following)] == ["last words", "a new beginning"]


def test_a_log_that_somebody_empties_is_followed_from_its_new_beginning(
    settings: Settings, log: Path
) -> None:
    log.write_text("a long story\n")
    following = logs(settings, "web", tail=5, follow=True)
    assert next(following) == "a long story"

    log.write_text("anew\n")

    assert next(following) == "anew"


def test_a_service_that_has_not_begun_is_waited_for(
    settings: Settings, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.time, "sleep", lambda seconds: log.write_text("begun\n"))

    assert next(logs(settings, "web", follow=True)) == "begun"
