"""A short cut of the bounds: a few hundred jobs on a PostgreSQL that speaks TLS only."""

from __future__ import annotations

import pytest

from tests.proofs.bounds import count_connections

pytestmark = [pytest.mark.proof, pytest.mark.real_redis, pytest.mark.timeout(180)]


def test_jobs_on_postgresql_with_tls_leave_no_broken_or_forgotten_connection() -> None:
    figures = count_connections(200, postgres=True)

    assert figures.holds, str(figures)
