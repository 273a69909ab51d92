"""`./run demo` with real processes: from an event, and from a campaign, to a mail in an inbox, and what comes back."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from edupulse.embedded.lock import LOCK
from edupulse.embedded.mailbox import captured
from tests.embedded.conftest import Cli, answered, read_until
from tests.embedded.processes import wait_until, with_data_in

pytestmark = pytest.mark.real_redis


@pytest.fixture
def demo_data(tmp_path: Path) -> Path:
    return tmp_path / "var" / "demo"


def test_the_demo_sends_reminders_and_a_campaign_reads_what_comes_back_and_leaves_nothing_running(
    cli: Cli, tmp_path: Path, demo_data: Path
) -> None:
    (tmp_path / ".env").write_text("SMTP_SERVER=mail.school.example\nDATABASE_URL=sqlite:////nowhere/x.db\n")
    demo_data.mkdir(parents=True)
    (demo_data / "edupulse.db").write_text("what an earlier demo left")

    code, output = answered(cli("demo", "--exit"))

    assert "All 11 reminders were sent, and every mail arrived exactly once." in output
    assert "198 sent + 1 rejected + 1 unknown = 200 recipients. Everybody else got it exactly once." in output
    assert "All 3 mails were fetched once and became a suppression, a threaded reply and an event;" in output
    assert all(page in output for page in ("/campaigns/1", "/mailboxes/1", "/messages/2", "/events/8"))
    assert code == 0
    told = 1  # of the staff, about the reply
    assert len(list(captured(demo_data / "mailbox"))) == 11 + 199 + told
    assert with_data_in(demo_data) == []
    assert not (demo_data / LOCK).exists()


def test_ctrl_c_in_the_middle_leaves_no_process_and_no_lock(cli: Cli, demo_data: Path) -> None:
    demo = cli("demo")
    read_until(demo, "Everything is up")

    demo.send_signal(signal.SIGINT)

    code, output = answered(demo)
    assert (code, "Nothing is left running" in output) == (1, True)
    assert "Traceback" not in output
    assert with_data_in(demo_data) == []
    assert not (demo_data / LOCK).exists()


def test_the_demo_stays_up_with_an_account_to_sign_in(cli: Cli, demo_data: Path) -> None:
    demo = cli("demo")
    shown = read_until(demo, "Ctrl-C stops everything")

    demo.send_signal(signal.SIGINT)

    assert "Look around at http://127.0.0.1:" in shown
    assert "Sign in as admin@riverside-art.example with the password" in shown
    assert answered(demo)[0] == 0
    wait_until(lambda: not with_data_in(demo_data))


def test_a_second_demo_is_refused_while_the_first_runs(cli: Cli) -> None:
    read_until(cli("demo"), "Everything is up")

    code, output = answered(cli("demo"))

    assert (code, "EduPulse already runs on" in output) == (1, True)
