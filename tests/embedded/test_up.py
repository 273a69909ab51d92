"""`./run up` with real processes on a folder of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from edupulse.embedded.lock import LOCK
from edupulse.sockets import socket_path
from tests.embedded.conftest import Cli, answered, read_until
from tests.embedded.processes import wait_until, with_data_in

pytestmark = pytest.mark.real_redis


def test_everything_comes_up_and_ctrl_c_leaves_no_process_and_no_lock(cli: Cli, data: Path) -> None:
    stack = cli("up")
    shown = read_until(stack, "SMTP_SERVER")
    assert "EduPulse is up at http://127.0.0.1:" in shown
    assert "users create" in shown
    wait_until(lambda: all(state == "up" for state in states_of(cli).values()), seconds=30)
    code, answer = answered(cli("jobs", "send", "diagnostics.ping", "note=hello", "--wait"))
    assert (code, '"note": "hello"' in answer) == (0, True)

    stack.send_signal(signal.SIGINT)

    code, output = answered(stack)
    assert (code, "Nothing is left running" in output) == (0, True)
    assert with_data_in(data) == []
    assert not (data / LOCK).exists()
    assert not socket_path(data, "redis.sock").parent.exists()  # its name has a space: it was elsewhere


def states_of(cli: Cli) -> dict[str, str]:
    _, output = answered(cli("status", "--json"))
    services = json.loads(output[output.index("{") :])["services"]
    return {service["name"]: service["state"] for service in services if service["name"] != "mail"}


def test_what_is_taken_is_refused_and_a_killed_supervisor_takes_the_whole_stack_along(
    cli: Cli, data: Path
) -> None:
    stack = cli("up")
    read_until(stack, "EduPulse is up")
    # supervisor, redis, gunicorn and its worker, the keeper and its two workers, scheduler
    wait_until(lambda: len(with_data_in(data)) == 8)

    code, output = answered(cli("up"))
    assert (code, "EduPulse already runs on" in output, "Traceback" in output) == (1, True, False)

    code, output = answered(cli("up", EDUPULSE_DATA_DIR=str(data.with_name("other"))))
    assert (code, "EDUPULSE_PORT" in output, "Address already in use" in output) == (1, True, True)
    assert with_data_in(data.with_name("other")) == []

    stack.kill()
    wait_until(lambda: not with_data_in(data))


def test_a_bad_value_in_env_is_named_and_nothing_is_started(cli: Cli, tmp_path: Path, data: Path) -> None:
    (tmp_path / ".env").write_text("SMTP_PORT=smtp\nTIMEZONE=Mars\n")

    code, output = answered(cli("up"))

    assert code == 1
    assert "SMTP_PORT ('smtp') should be a whole number" in output
    assert "TIMEZONE ('Mars') should be an IANA time zone" in output
    assert "Traceback" not in output
    assert not data.exists()
