"""Units of systemd that would lose work: judged by what `systemctl show` said of a good and of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from edupulse.doctor import units
from edupulse.embedded.systemd import Unit, parsed

RECORDED = Path(__file__).parent / "recorded"
GRACE = 20.0


def test_good_units_need_nothing() -> None:
    found = [units.judge(unit, grace=GRACE) for unit in parsed((RECORDED / "good").read_text())]

    assert found == [[], []]


def test_every_fault_of_bad_units_is_found_with_the_line_that_mends_it() -> None:
    found = {
        finding.id: (finding.state, finding.cure)
        for unit in parsed((RECORDED / "bad").read_text())
        for finding in units.judge(unit, grace=GRACE)
    }

    wanted = {
        "unit_web_open_files": ("warning", "LimitNOFILE=4096 under [Service]"),
        "unit_worker@email_kill_mode": ("problem", "KillMode=mixed under [Service]"),
        "unit_worker@email_stop_command": ("problem", "Remove ExecStop="),
        "unit_worker@email_restart": ("warning", "Restart=always under [Service]"),
        "unit_worker@email_start_limit": ("warning", "StartLimitIntervalSec=0 under [Unit]"),
        "unit_worker@email_stop_time": ("problem", "TimeoutStopSec=40 under [Service]"),
    }
    assert found.keys() == wanted.keys()
    assert all(found[id][0] == state and line in found[id][1] for id, (state, line) in wanted.items())


@pytest.mark.parametrize(
    ("facts", "id", "state"),
    [
        ({"ActiveState": "failed", "Result": "oom-kill"}, "unit_web_state", "problem"),
        ({"LoadState": "not-found"}, "unit_web_file", "problem"),
        ({"NeedDaemonReload": "yes"}, "unit_web_file", "warning"),
        ({"KillMode": "process"}, "unit_web_kill_mode", "problem"),
        ({"SendSIGKILL": "no"}, "unit_web_stop_command", "problem"),
        ({"Restart": "no"}, "unit_web_restart", "problem"),
    ],
)
def test_a_single_fault_is_found_alone(facts: dict[str, str], id: str, state: str) -> None:
    good = parsed((RECORDED / "good").read_text())[0]

    (finding,) = units.judge(Unit(good.name, {**good.facts, **facts}), grace=GRACE)

    assert (finding.id, finding.state) == (id, state)


def test_jobs_that_have_no_end_of_time_to_end_are_fine() -> None:
    worker = parsed((RECORDED / "good").read_text())[1]
    patient = Unit(worker.name, {**worker.facts, "TimeoutStopUSec": "infinity"})

    assert units.judge(patient, grace=3600) == []
