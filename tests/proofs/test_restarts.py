"""A short cut of the restarts under load."""

from __future__ import annotations

import pytest

from tests.proofs.restarts import restart_often

pytestmark = [pytest.mark.proof, pytest.mark.real_redis, pytest.mark.timeout(180)]


def test_keepers_that_are_restarted_at_work_fail_no_job_and_double_none() -> None:
    figures = restart_often(2)

    assert figures.holds, str(figures)
