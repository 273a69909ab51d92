"""`start`, `stop`, `restart` with a real stack, and with what stands in its way."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edupulse.config import VARIABLES, Settings, load_settings
from edupulse.embedded import service
from edupulse.embedded.lock import LOCK, only_stack
from edupulse.embedded.logs import logs
from edupulse.embedded.ports import free_port
from edupulse.errors import Conflict, Unavailable
from edupulse.sockets import socket_path
from tests.embedded.processes import wait_until, with_data_in

pytestmark = pytest.mark.real_redis

# A supervisor whose only process does not end when it is asked to.
STUBBORN = """
import sys
from pathlib import Path
from edupulse.embedded.lock import only_stack
from tests.embedded.supervised import main

with only_stack(Path(sys.argv[1])):
    main(Path(sys.argv[1]), ["stubborn-1"])
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of an installation of its own, also for the processes that it starts."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    data = tmp_path / "data"
    monkeypatch.setenv("EDUPULSE_DATA_DIR", str(data))
    monkeypatch.setenv("EDUPULSE_PORT", str(free_port("127.0.0.1")))
    monkeypatch.setenv("EDUPULSE_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    yield load_settings()
    for process in with_data_in(data):
        process.kill()
    wait_until(lambda: not with_data_in(data))
    if (sockets := socket_path(data, "redis.sock").parent) != data:
        shutil.rmtree(sockets, ignore_errors=True)


@pytest.fixture
def stubborn(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """A stack that takes a minute to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, str(settings.data_dir)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        text=True,
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != "up":
        assert process.poll() is None
    yield process
    process.kill()
    process.communicate()


def test_it_starts_once_over_a_stale_lock_and_stops_without_leaving_anything(settings: Settings) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    (settings.data_dir / LOCK).write_text(f"{os.getpid()}\n")  # of a stack that was killed

    started = service.start(settings)
    again = service.start(settings)

    assert (started.changed, started.standing.state) == (True, "up")
    assert (again.changed, "already runs" in again.words) == (False, True)
    assert again.standing.pid == started.standing.pid != os.getpid()
    assert any("EduPulse is up at" in line for line in logs(settings, "stack"))

    stopped = service.stop(settings)
    again = service.stop(settings)

    assert (stopped.changed, stopped.standing.state) == (True, "down")
    assert (again.changed, "does not run" in again.words) == (False, True)
    assert with_data_in(settings.data_dir) == []


def test_a_taken_port_is_named_and_nothing_is_started(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.port)), pytest.raises(Conflict, match="EDUPULSE_PORT"):
        service.start(settings)

    assert with_data_in(settings.data_dir) == []


def test_a_start_that_fails_says_why(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TIMEZONE=Mars\n")

    with pytest.raises(Unavailable, match=r"TIMEZONE \('Mars'\) should be an IANA time zone"):
        service.start(settings)

    assert service.standing(settings).state == "down"


def test_a_start_that_dies_without_a_word_is_not_explained_by_those_of_another_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = settings.data_dir / "log" / service.LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("Stopped. Nothing is left running; what waits is stored.\n")
    command = ["sh", "-c", "kill -9 $$"]
    monkeypatch.setattr(service, "_started", lambda log: os.posix_spawnp("sh", command, dict(os.environ)))

    with pytest.raises(Unavailable, match="did not start: it wrote nothing"):
        service.start(settings)


def test_what_does_not_end_in_time_can_be_ended_at_once(
    settings: Settings, stubborn: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "programs", lambda settings: [])
    monkeypatch.setattr(service, "ENDING_SECONDS", 0.3)
    with pytest.raises(Unavailable, match=r"has not ended .* stop --at-once"):
        service.stop(settings)
    monkeypatch.setattr(service, "ENDING_SECONDS", 30)

    stopped = service.stop(settings, at_once=True)

    assert stopped.changed
    assert stubborn.wait(20) == 0


def test_a_restart_of_what_does_not_run_starts_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = service.Standing("up", "stack", "EduPulse is up.")
    monkeypatch.setattr(service, "start", lambda settings: service.Outcome(True, "It is up.", up))

    restarted = service.restart(settings)

    assert restarted == service.Outcome(True, "It was not running. It is up.", up)


def test_a_stack_whose_pages_do_not_answer_yet_is_starting(settings: Settings) -> None:
    with only_stack(settings.data_dir):
        standing = service.standing(settings)

    assert (standing.state, standing.pid) == ("starting", os.getpid())


def test_what_holds_nothing_is_never_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(service.psutil.Process, "send_signal", lambda self, number: ended.append(number))
    settings.data_dir.mkdir(exist_ok=True)
    (settings.data_dir / LOCK).write_text(f"{os.getppid()}\n")  # the number belongs to somebody else by now

    assert service.stop(settings).changed is False
    assert ended == []


Stub = Callable[[str, str], None]


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Return a function that puts an executable first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def stub(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return stub


TARGET = r"Id=edupulse.target\nLoadState=loaded\nWants=edupulse-web.service edupulse-scheduler.service\n"
SERVICES = r"""
Id=edupulse-scheduler.service\nLoadState=loaded\nActiveState=$scheduler\nResult=exit-code\n
Id=edupulse-web.service\nLoadState=loaded\nActiveState=active\nResult=success\n
"""


def systemctl(asked: Path, *, scheduler: str = "active", code: int = 0, words: str = "") -> str:
    """Return a systemctl that knows our target and notes what it is told to do."""
    return f"""
scheduler={scheduler}
case "$*" in
    "show edupulse.target "*) printf '{TARGET}' ;;
    show*) printf "{SERVICES}" ;;
    *) echo "$*" >>{asked}; echo "{words}" >&2; exit {code} ;;
esac
"""


def test_where_systemd_runs_us_it_gets_the_orders(settings: Settings, tmp_path: Path, stub: Stub) -> None:
    stub("systemctl", systemctl(tmp_path / "asked"))

    outcome = service.restart(settings)

    assert (tmp_path / "asked").read_text() == "restart edupulse.target\n"
    assert outcome.standing == service.Standing("up", "systemd", "systemd runs 2 units of EduPulse.")


def test_a_refusal_of_systemd_is_told_in_its_words(settings: Settings, tmp_path: Path, stub: Stub) -> None:
    stub("systemctl", systemctl(tmp_path / "asked", code=1, words="Interactive authentication required."))

    with pytest.raises(Unavailable, match=r"authentication required\. Run: sudo systemctl stop edupulse"):
        service.stop(settings)


def test_a_unit_that_failed_is_named(settings: Settings, tmp_path: Path, stub: Stub) -> None:
    stub("systemctl", systemctl(tmp_path / "asked", scheduler="failed"))

    standing = service.standing(settings)

    assert (standing.state, "scheduler (failed: exit-code)" in standing.words) == ("starting", True)


def test_the_journal_is_read_where_systemd_runs_us(settings: Settings, tmp_path: Path, stub: Stub) -> None:
    stub("systemctl", systemctl(tmp_path / "asked"))
    stub("journalctl", 'echo "$*"; echo "a line"')

    lines = list(logs(settings, "web", tail=7))

    assert lines == [
        "--unit edupulse-web.service --lines 7 --no-pager --output short-iso",
        "a line",
    ]
