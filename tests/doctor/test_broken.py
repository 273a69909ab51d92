"""The doctor against installations that are broken on purpose: each is found, and mended by doing what it says."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from edupulse.doctor import database
from tests.doctor import broken_data, broken_redis, broken_settings, broken_work
from tests.doctor.place import Broken, Fact, Place, Steps
from tests.servers import missing

pytestmark = pytest.mark.real_redis

SETUPS = [
    *broken_settings.SETUPS,
    *broken_redis.SETUPS,
    *broken_data.SETUPS,
    *broken_work.SETUPS,
    *broken_work.UNITS,
]
AS_ROOT = (broken_settings.files_that_another_user_wrote,)
IN_MEMORY = (broken_settings.data_in_memory,)
LEAST_CODES = {"problem": 1, "warning": 0}
NOTHING = {"state": "", "finding": "", "cure": ""}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.1)


def test_where_all_is_well_the_doctor_is_content(place: Place) -> None:
    code, _ = place.doctor()

    assert code == 0
    assert place.complaints() == {}


def test_fixed_workers_on_every_queue_need_nobody_who_looks_after_pools(place: Place) -> None:
    place.begin("worker", pool=None)
    place.begin("keeper", state="stopped")

    assert place.complaints() == {}


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: f"{setup.id}-{setup.steps.__name__}")
def test_what_is_broken_is_found_and_mended_by_doing_what_the_doctor_says(
    place: Place, setup: Broken
) -> None:
    if setup in AS_ROOT and os.geteuid() != 0:
        missing("root, who alone can give files to others")
    if setup in IN_MEMORY and not Path("/dev/shm").is_dir():
        missing("/dev/shm")
    steps, code, finding = setup.steps(place), None, NOTHING
    next(steps)  # breaks it
    try:
        code, found = place.doctor()
        finding = found.get(setup.id, NOTHING)
    finally:
        mend(steps, finding)

    assert (finding["state"], setup.cure in finding["cure"]) == (setup.state, True), finding
    assert code is not None
    assert code >= LEAST_CODES[setup.state]
    assert place.complaints() == {}


def mend(steps: Steps, finding: Fact) -> None:
    """Let the set-up do what the finding says."""
    with contextlib.suppress(StopIteration):
        steps.send(finding)


def test_there_are_more_than_twenty_five_broken_installations() -> None:
    assert len(SETUPS) > 25
    assert len({setup.id for setup in SETUPS}) > 25
