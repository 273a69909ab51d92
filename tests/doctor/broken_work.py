"""Processes that are missing or old, work that is held, a clock that goes wrong, units that are set up badly."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, update

from edupulse.accounts.models import User
from edupulse.clock import now
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun, Schedule
from edupulse.control.pauses import pause
from edupulse.embedded.program import PROJECT
from edupulse.transaction import transaction
from tests.doctor.place import Broken, Place, Steps, broken

RECORDED = Path(__file__).parent / "recorded"
LONG_AGO = timedelta(minutes=10)


@broken("workers", "problem", cure="cli.py start")
def no_worker(place: Place) -> Steps:
    place.begin("worker", heartbeat_at=now() - LONG_AGO)
    yield
    place.begin("worker")


@broken("workers", "warning", cure="python cli.py worker")
def a_queue_that_nobody_listens_to(place: Place) -> Steps:
    place.begin("worker", queues=["reminders", "poll", "finance", "reports", "default"])
    yield
    place.begin("worker")


@broken("pool_main", "warning", cure="python cli.py logs workers")
def fewer_workers_than_are_wanted(place: Place) -> Steps:
    place.set(EDUPULSE_WORKERS="2")
    yield
    place.begin("worker", name="worker-2")


@broken("scheduler", "problem", cure="cli.py start")
def no_scheduler(place: Place) -> Steps:
    place.begin("scheduler", heartbeat_at=now() - LONG_AGO)
    yield
    place.begin("scheduler")


@broken("scheduler", "warning", cure="log")
def a_scheduler_that_hangs(place: Place) -> Steps:
    place.begin("scheduler", last_tick_at=now() - LONG_AGO)
    yield
    place.begin("scheduler")


@broken("version", "warning", cure="Restart them")
def a_process_of_an_older_version(place: Place) -> Steps:
    place.begin("worker", version="0.0.1")
    yield
    place.begin("worker")


@broken("program", "warning", cure="python cli.py restart")
def a_program_that_was_changed_under_a_process(place: Place) -> Steps:
    place.begin("worker", started_at=now() - timedelta(days=9999))
    yield
    place.begin("worker")


@broken("paused_email", "warning", cure="python cli.py queues resume email")
def a_queue_that_is_held(place: Place) -> Steps:
    with place.app():
        pause("queue", "email", "ada@school.example", "moving house")
    finding = yield
    place.follow(finding["cure"])


@broken("schedules_missing", "problem", cure="python cli.py schedule sync")
def a_schedule_that_is_missing(place: Place) -> Steps:
    with place.app(), transaction() as session:
        session.execute(delete(Schedule).where(Schedule.name == "reminders.check"))
    finding = yield
    place.follow(finding["cure"])


@broken("schedule_reminders.check", "warning", cure="python cli.py schedule resume reminders.check")
def a_schedule_that_is_switched_off(place: Place) -> Steps:
    place.type_in("schedule", "pause", "reminders.check")
    finding = yield
    place.follow(finding["cure"])


@broken("late", "warning", cure="python cli.py jobs cancel ID")
def work_that_nobody_begins(place: Place) -> Steps:
    with place.app():
        run_id = enqueue("diagnostics.ping", note="hello").id
        with transaction() as session:
            session.execute(update(JobRun).values(available_at=now() - LONG_AGO))
    finding = yield
    order = re.search("python cli.py jobs cancel ID", finding["cure"])
    place.follow(order.group().replace("ID", run_id) if order else "")


@broken("admin", "warning", cure="python cli.py users")
def nobody_who_may_manage(place: Place) -> Steps:
    with place.app(), transaction() as session:
        session.execute(update(User).values(role="viewer"))
    yield
    assert place.type_in("users", "create", "eva@school.example", "--generate")[0] == 0


@broken("clock_sync", "warning", cure="timedatectl set-ntp true")
def a_clock_that_nobody_sets_right(place: Place) -> Steps:
    # timedatectl as systemd 252 brings it, in so far as we ask it and it is told something.
    state = place.folder / "ntp"
    state.write_text("no\n")
    place.put_program("timedatectl", f'case "$1" in show) cat {state} ;; set-ntp) echo yes >{state} ;; esac')
    finding = yield
    place.follow(finding["cure"].partition(": ")[2].replace("sudo ", ""))


def with_units(place: Place, answer: str) -> None:
    """Let systemd say this about the units of the target."""
    (place.folder / "units").write_text(answer.replace("@PROJECT@", str(PROJECT)))
    target = "Id=edupulse.target\nLoadState=loaded\nWants=edupulse-web.service edupulse-worker@email.service"
    script = f'case "$*" in "show edupulse.target "*) echo "{target}" ;; *) cat {place.folder}/units ;; esac'
    place.put_program("systemctl", script)


def _unit(id: str, state: str, *, line: str, instead: str, cure: str) -> Broken:
    @broken(id, state, cure=cure)
    def a_unit_that_is_set_up_badly(place: Place) -> Steps:
        good = (RECORDED / "good").read_text()
        with_units(place, good.replace(line, instead))
        finding = yield
        assert "daemon-reload" in finding["cure"]
        with_units(place, good)  # what systemd says once the line of the cure stands in the unit

    return a_unit_that_is_set_up_badly


UNITS = (
    _unit(
        "unit_worker@email_kill_mode", "problem",
        line="KillMode=mixed", instead="KillMode=control-group", cure="KillMode=mixed",
    ),
    _unit(
        "unit_worker@email_stop_time", "problem",
        line="TimeoutStopUSec=1min 30s", instead="TimeoutStopUSec=20s", cure="TimeoutStopSec=40",
    ),
    _unit(
        "unit_web_restart", "warning",
        line="Restart=always", instead="Restart=on-failure", cure="Restart=always",
    ),
)  # fmt: skip
SETUPS = (
    no_worker,
    a_queue_that_nobody_listens_to,
    fewer_workers_than_are_wanted,
    no_scheduler,
    a_scheduler_that_hangs,
    a_process_of_an_older_version,
    a_program_that_was_changed_under_a_process,
    a_queue_that_is_held,
    a_schedule_that_is_missing,
    a_schedule_that_is_switched_off,
    work_that_nobody_begins,
    nobody_who_may_manage,
    a_clock_that_nobody_sets_right,
)
