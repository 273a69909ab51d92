"""Each test of the mail line begins without warm connections, learned paces and long waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edupulse.mail import another_try, bookkeeping, connections, limits


@pytest.fixture(autouse=True)
def fresh_line(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(bookkeeping, "PATIENCE", (0.01, 0.01))
    monkeypatch.setattr(another_try, "RECONNECT_SECONDS", 0.01)
    limits._paces.clear()
    yield
    connections.close_all()
