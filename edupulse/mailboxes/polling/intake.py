"""What is behind the cursor of a folder comes in: fetched, kept and passed, batch by batch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, BinaryIO, cast

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.logs import get_logger
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.session import Header, Look, Session
from edupulse.mailboxes.models import Cursor, Mailbox
from edupulse.mailboxes.polling import locks, telling
from edupulse.mailboxes.polling.batches import runs
from edupulse.mailboxes.polling.cursors import cursor_of
from edupulse.mailboxes.polling.keeping import Fresh, keep
from edupulse.mailboxes.polling.retry import FOR_A_PERSON
from edupulse.storage import refusing, storage
from edupulse.transaction import transaction

LONGEST = 90.0  # seconds after which a poll leaves the rest to the next one
AT_ONCE = 2_000  # UIDs whose sizes are asked for together
SLOWEST = 64_000  # bytes a second: a large message may take as long as that
PATIENCE = 120.0  # seconds that each further batch may take
NOT_GIVEN = ("withheld", "refused")  # causes for which the server is asked for each message by itself

log = get_logger(__name__)


class Intake:
    """What one poll does over an open connection. `new`, `known` and `left` count messages."""

    def __init__(self, mailbox: Mailbox, hold: locks.Hold, session: Session) -> None:
        self._mailbox = mailbox
        self._hold = hold
        self._session = session
        self._begun = monotonic()
        self._open: set[int] = set()  # UIDs that are still to be fetched
        self.new = self.known = 0
        self.untold: ImapFailure | None = None  # why the server cannot be told what became of the messages
        self.withheld: list[int] = []  # UIDs of messages that the server has and does not give
        self.capabilities = sorted(session.capabilities)

    @property
    def left(self) -> int:
        """How many messages are left for the next poll."""
        return len(self._open)

    def take_in(self, look: Look) -> None:
        """Fetch what is new in the folder that is open, then tell the server what it is to be told."""
        with transaction(durable=False) as session:
            cursor = cursor_of(session, self._mailbox, look.folder.uidvalidity, now())
        uids = [uid for uid in look.uids if uid > cursor.last_uid]
        self._open.update(uids)
        for start in range(0, len(uids), AT_ONCE):
            if monotonic() - self._begun > LONGEST:
                break
            self._portion(cursor, uids[start : start + AT_ONCE])
        self._tell(cursor)

    def fetch(self, cursor: Cursor, uids: Sequence[int]) -> None:
        """Fetch these messages, wherever the cursor stands."""
        self._open.update(uids)
        for start in range(0, len(uids), AT_ONCE):
            self._portion(cursor, uids[start : start + AT_ONCE])

    def _tell(self, cursor: Cursor) -> None:
        try:
            telling.tell(self._mailbox, cursor, self._session, self._hold)
        except ImapFailure as failure:
            if failure.kind not in FOR_A_PERSON:
                raise
            self.untold = failure  # all is fetched: that must go on until somebody has mended this

    def _portion(self, cursor: Cursor, uids: Sequence[int]) -> None:
        self._session.extend(PATIENCE)
        headers = self._session.sizes(uids)
        for run in runs(headers):
            if isinstance(run, Header):
                with self._passing_over(run.uid):
                    self._large(cursor, run)
            else:
                self._small(cursor, run)
        self._open.difference_update(uids)  # what has no header is gone meanwhile
        keep(self._hold, cursor.id, [], upto=uids[-1], tell_server=False)

    def _small(self, cursor: Cursor, run: Sequence[Sequence[int]]) -> None:
        try:
            self._batches(cursor, run)
        except ImapFailure as failure:
            if failure.cause not in NOT_GIVEN:
                raise
            for uid in [uid for batch in run for uid in batch if uid in self._open]:
                with self._passing_over(uid):
                    self._batches(cursor, [[uid]])

    @contextmanager
    def _passing_over(self, uid: int) -> Iterator[None]:
        """Go on behind a message that the server has and does not give: it must not block the others."""
        try:
            yield
        except ImapFailure as failure:
            if failure.cause not in NOT_GIVEN:
                raise
            log.error("the server does not give a message", mailbox_id=self._mailbox.id, uid=uid)
            self.withheld.append(uid)

    def _batches(self, cursor: Cursor, run: Sequence[Sequence[int]]) -> None:
        for asked, fetched in zip(run, self._session.fetch(run), strict=True):
            self._session.extend(PATIENCE)
            stored = storage().put_many([each.data for each in fetched])
            fresh = [
                Fresh(each.uid, where, each.internal_date)
                for each, where in zip(fetched, stored, strict=True)
            ]
            self._kept(cursor, fresh)
            self._open.difference_update(asked)

    def _large(self, cursor: Cursor, header: Header) -> None:
        self._session.extend(PATIENCE + header.size / SLOWEST)
        folder = current_settings().data_dir  # a temporary folder may be a piece of the memory
        with refusing(folder), tempfile.TemporaryFile(dir=folder) as file:
            arriving = cast(BinaryIO, _Arriving(file, self._hold))
            found = self._session.fetch_to(header.uid, header.size, arriving)
            if found is None:
                return  # gone meanwhile
            stored = storage().put_file(cast(BinaryIO, file))
        log.info("large message kept", mailbox_id=self._mailbox.id, uid=found.uid, bytes=stored.size)
        self._kept(cursor, [Fresh(found.uid, stored, found.internal_date)])

    def _kept(self, cursor: Cursor, fresh: Sequence[Fresh]) -> None:
        if not fresh:
            return
        upto, tell_server = max(each.uid for each in fresh), self._mailbox.after_action != "none"
        kept = keep(self._hold, cursor.id, fresh, upto=upto, tell_server=tell_server)
        self.new += kept.new
        self.known += kept.known


class _Arriving:
    """A file that keeps the mailbox ours while a large message arrives."""

    def __init__(self, file: Any, hold: locks.Hold) -> None:
        self._file = file
        self._hold = hold
        self._renewed = now()

    def write(self, data: bytes) -> int:
        moment = now()
        if moment - self._renewed > locks.RENEW_AFTER:
            self._renew()
            self._renewed = moment
        return int(self._file.write(data))

    def _renew(self) -> None:
        with transaction(durable=False) as session:
            locks.confirm(session, self._hold, now())
