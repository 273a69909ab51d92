"""What tests of mailboxes share: one Dovecot for the whole run, and users that nobody else has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mailboxes.dovecot import PROGRAM, Dovecot
from tests.servers import missing


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A running Dovecot; each test takes a user of its own by `add_user`."""
    if not PROGRAM:
        missing("Dovecot")
    server = Dovecot()
    try:
        yield server.start()
    finally:
        server.remove()
