"""How the pumps of this process get on: where one needs the whole core, a second one would only disturb it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

FAST = 0.003  # seconds a mail: below it a pump works rather than waits for the server


class Share:
    """One pump's work, as of its last batch; fast until it is known."""

    def __init__(self) -> None:
        self.is_fast = True
        self._was_slow = False

    def note(self, mails: int, seconds: float) -> None:
        """Take in what a batch took."""
        if mails:
            self.is_fast = seconds / mails < FAST

    def has_just_proved_slow(self) -> bool:
        """Say, once, that this pump mostly waits for the server."""
        is_new = not self.is_fast and not self._was_slow
        self._was_slow = self._was_slow or is_new
        return is_new


_shares: list[Share] = []
_lock = threading.Lock()


@contextmanager
def taking_part() -> Iterator[Share | None]:
    """Count the block as a pump; None where another one of this process needs, or may need, the whole core."""
    with _lock:
        share = None if any(other.is_fast for other in _shares) else Share()
        if share:
            _shares.append(share)
    try:
        yield share
    finally:
        if share:
            with _lock:
                _shares.remove(share)
