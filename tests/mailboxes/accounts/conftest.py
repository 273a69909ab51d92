"""What these tests share: a token end point of our own in the place of Google's and Microsoft's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edupulse.mailboxes.signin import grants
from tests.mailboxes.accounts.token_server import TokenServer


@pytest.fixture
def token_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    """The end point; /google and /microsoft/<tenant> tell apart who was asked."""
    server = TokenServer()
    ours = {"google": f"{server.url}/google", "microsoft": f"{server.url}/microsoft/{{tenant}}"}
    monkeypatch.setattr(grants, "ENDPOINTS", ours)
    yield server
    server.stop()
