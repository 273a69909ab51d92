"""Why a mailbox could not be read, in the classes by which it is tried again or a person is asked."""

from __future__ import annotations

from collections.abc import Sequence

from edupulse.errors import EduPulseError


class ImapFailure(EduPulseError):
    """A step towards or within a session failed.

    `kind` is one of models.ERROR_CLASSES. `step` is where: dns, connect, tls, greeting, login, id, select, status,
    search, fetch, store, move, list. `cause` is a stable word: timeout, closed, bye, refused, garbled, certificate,
    and so on; "withheld" names in `uids` what the server has and does not give. The message holds the server's
    own words, our secrets masked; `cure` says what to do.
    """

    def __init__(
        self, kind: str, step: str, message: str, *, cause: str = "", cure: str = "", uids: Sequence[int] = ()
    ) -> None:
        super().__init__(message, cure=cure, kind=kind, step=step, cause=cause)
        self.uids = tuple(uids)
        self.kind = kind
        self.step = step
        self.cause = cause
