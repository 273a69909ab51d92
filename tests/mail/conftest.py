"""Each test of the mail line begins without warm connections, learned paces and long waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edupulse.mail import bookkeeping, connections, limits, line


@pytest.fixture(autouse=True)
def fresh_line(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(bookkeeping, "PATIENCE", (0.01, 0.01))
    monkeypatch.setattr(line, "RECONNECT_SECONDS", 0.01)
    limits._paces.clear()
    yield
    connections.close_all()
