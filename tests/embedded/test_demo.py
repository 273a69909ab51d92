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


def test_the_demo_shows_its_three_acts_stays_up_for_whoever_signs_in_and_leaves_nothing_running(
    cli: Cli, tmp_path: Path, demo_data: Path
) -> None:
    (tmp_path / ".env").write_text("SMTP_SERVER=mail.school.example\nDATABASE_URL=sqlite:////nowhere/x.db\n")
    demo_data.mkdir(parents=True)
    (demo_data / "edupulse.db").write_text("what an earlier demo left")
    demo = cli("demo")

    shown = read_until(demo, "Ctrl-C stops everything")
    demo.send_signal(signal.SIGINT)
    code = answered(demo)[0]

    assert "All 11 reminders were sent, and every mail arrived exactly once." in shown
    assert "198 sent + 1 rejected + 1 unknown = 200 recipients. Everybody else got it exactly once." in shown
    assert "All 3 mails were fetched once and became a suppression, a threaded reply and an event;" in shown
    assert all(page in shown for page in ("/campaigns/1", "/mailboxes/1", "/messages/2", "/events/8"))
    assert "Look around at http://127.0.0.1:" in shown
    assert "Sign in as admin@riverside-art.example with the password" in shown
    assert code == 0
    told = 1  # of the staff, about the reply
    assert len(list(captured(demo_data / "mailbox"))) == 11 + 199 + told
    wait_until(lambda: not with_data_in(demo_data))
    assert not (demo_data / LOCK).exists()


def test_a_second_demo_is_refused_and_ctrl_c_in_the_middle_leaves_no_process_and_no_lock(
    cli: Cli, demo_data: Path
) -> None:
    demo = cli("demo", "--exit")
    read_until(demo, "Everything is up")

    refused, why = answered(cli("demo"))
    demo.send_signal(signal.SIGINT)
    code, output = answered(demo)

    assert (refused, "EduPulse already runs on" in why) == (1, True)
    assert (code, "Nothing is left running" in output) == (1, True)
    assert "Traceback" not in output
    assert with_data_in(demo_data) == []
    assert not (demo_data / LOCK).exists()
