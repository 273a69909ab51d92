"""What tests of reminders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edupulse import clock
from tests.reminders.scenes import LONG_BEFORE


@pytest.fixture
def long_before() -> Iterator[None]:
    """Two weeks before the usual event; a scene may set another time within."""
    with clock.frozen(LONG_BEFORE):
        yield
