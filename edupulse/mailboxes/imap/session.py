"""A session with an IMAP server: folders, UIDs, messages; read without leaving a trace, unless asked to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import BinaryIO, NamedTuple

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap import folders as foldering
from edupulse.mailboxes.imap import searching
from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.fetching import ABOUT, WHOLE, Fetched, Header, Pool, Tap, fetched_of, headers_of
from edupulse.mailboxes.imap.folders import Folder
from edupulse.mailboxes.imap.moving import Mover
from edupulse.mailboxes.imap.names import encoded
from edupulse.mailboxes.imap.opening import Opening
from edupulse.mailboxes.imap.talk import Answer, Command, Talk
from edupulse.mailboxes.imap.uids import uid_set, uid_sets
from edupulse.version import VERSION

__all__ = ["Fetched", "Folder", "Header", "ImapAccount", "ImapFailure", "Look", "Session", "connect"]

_ID = b'ID ("name" "EduPulse" "version" "%b" "vendor" "EduPulse")' % VERSION.encode()
_FETCH = ("FETCH",)
_GONE = ("EXPUNGEISSUED", "NONEXISTENT")  # NO, only because some messages are there no more (RFC 5530)


def connect(account: ImapAccount) -> Session:
    """Open a session, encrypted and signed in as `account` asks. Raises ImapFailure, which names no secret."""
    opening = Opening(account)
    try:
        for step in (opening.dns, opening.tcp, opening.tls, opening.login):
            step()
        return Session(opening.talk, account, opening.capabilities)
    except BaseException:
        opening.abandon()
        raise


class Look(NamedTuple):
    """A folder opened for reading, and the UIDs in it that were asked for."""

    folder: Folder
    uids: list[int]


class Session:
    """A context manager, which hangs up at its end. Everything here raises ImapFailure.

    After a NO it can still be used; after a broken line each further command fails at once.
    """

    def __init__(self, talk: Talk, account: ImapAccount, capabilities: frozenset[str]) -> None:
        self.capabilities = capabilities
        self._talk = talk
        self._account = account
        self._needs_id = account.provider.needs_id
        self._introduced = not (self._needs_id or "ID" in capabilities)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up without waiting for anybody."""
        self._talk.end()

    def extend(self, seconds: float) -> None:
        """Let the session go on for this long from now, if it has not longer anyway."""
        self._talk.wire.prolong(seconds)

    def identify(self) -> str:
        """Say who we are (RFC 2971), and return the server's words about it; else it is said on the way."""
        self._introduced = True
        answer = self._talk.ask("id", _ID, ("ID",))
        return self._talk.failures.legible(answer.told[0].pieces[0] if answer.told else answer.done.text)

    def look(self, folder: str, *, uidvalidity: int | None = None, after: int = 0) -> Look:
        """Open a folder for reading and return the UIDs behind `after`, all in one round trip.

        Where the folder's UIDVALIDITY is another one than `uidvalidity`, all its UIDs are returned.
        """
        search = ("search", searching.behind(after))
        answers = self._sequence(
            [("select", foldering.examining(folder)), search], (*foldering.OPENING, "SEARCH")
        )
        found = self._opened(folder, answers[0])
        if uidvalidity not in (None, found.uidvalidity):
            return Look(found, self.all_uids())
        if not found.exists and answers[1].done.status != "OK":
            return Look(found, [])  # some servers refuse to search where nothing is
        return Look(found, self._uids(answers[1], after))

    def examine(self, folder: str) -> Folder:
        """Open a folder for reading."""
        return self._opened(
            folder, self._sequence([("select", foldering.examining(folder))], foldering.OPENING)[0]
        )

    def select(self, folder: str) -> Folder:
        """Open a folder for reading and writing."""
        command = b"SELECT " + encoded(folder)
        return self._opened(folder, self._sequence([("select", command)], foldering.OPENING)[0])

    def all_uids(self) -> list[int]:
        """Return all UIDs of the open folder, ascending."""
        return self._uids(self._talk.ask("search", searching.behind(0), searching.SEARCH))

    def present(self, uids: Iterable[int]) -> set[int]:
        """Return which of `uids` are still in the open folder."""
        # A server may keep the vanished in sight until it has had an occasion to tell of them (RFC 3501 7.4.1).
        asked = set(uids)
        noop: Command = ("search", b"NOOP")
        commands = [noop, *(("search", b"UID SEARCH UID " + each) for each in uid_sets(asked))]
        answers = self._talk.stream(commands, searching.SEARCH)
        return {uid for answer in answers for uid in self._uids(answer)} & asked

    def sizes(self, uids: Iterable[int]) -> list[Header]:
        """Return size and date of messages, ascending by UID; those that have vanished are left out."""
        asked = set(uids)
        found: dict[int, Header] = {}
        for answer in self._talk.stream((("fetch", ABOUT % each) for each in uid_sets(asked)), _FETCH):
            self._require_but_gone(answer)
            with self._talk.guarded():
                found |= {each.uid: each for each in headers_of(answer) if each.uid in asked}
        self._require_vanished(asked - found.keys())
        return [found[uid] for uid in sorted(found)]

    def fetch(self, batches: Iterable[Sequence[int]]) -> Iterator[list[Fetched]]:
        """Yield the messages of each batch in turn, ascending by UID; those that have vanished are left out.

        One that is there and that the server does not give is an ImapFailure of cause "withheld", which names it.

        The next batches are ordered before one is read, so `batches` is read ahead of what is yielded. A batch
        is in memory as a whole: bound its bytes and keep it to some hundred UIDs.
        """
        pool = Pool(batches)
        for answer in self._talk.stream(pool.commands(), _FETCH):
            answers = [answer]
            self._add(answer, pool)
            if pool.missing():  # rare: whether they have vanished is asked behind all that is under way
                answers += self._talk.rest(_FETCH)
                for late in answers[1:]:
                    self._add(late, pool)
            for _ in answers:
                self._require_vanished(pool.missing())
                yield pool.take()

    def fetch_to(self, uid: int, size: int, file: BinaryIO) -> Header | None:
        """Write one message into `file` as it comes, however large; None if it has vanished.

        `size` is what `sizes` said. The header returned counts the bytes written. A large message needs time: see
        `extend`.
        """
        tap = Tap(file, size)
        answer = self._talk.ask("fetch", WHOLE % uid_set([uid]), _FETCH, tap.write)
        self._require_but_gone(answer)
        with self._talk.guarded():
            found = list(fetched_of(answer))
            is_missing = not found and not tap.size
        if is_missing:
            self._require_vanished({uid})
            return None
        with self._talk.guarded():
            if [each.uid for each in found] != [uid]:
                raise LineFault("garbled", "another message than the one asked for")
            tap.write(found[0].data)  # b"" if it was streamed; else it was short enough to be quoted
        return Header(uid, tap.size, found[0].internal_date)

    def mark_seen(self, uids: Iterable[int]) -> None:
        """Mark messages of the selected folder as read."""
        commands = (("store", rb"UID STORE %b +FLAGS.SILENT (\Seen)" % each) for each in uid_sets(uids))
        for answer in self._talk.stream(commands, ()):
            self._require_but_gone(answer)

    def move(self, uids: Iterable[int], folder: str) -> None:
        """Move messages of the selected folder to another, which is made if need be; done twice, it stays done."""
        mover = Mover(self._talk, self.capabilities, folder)
        for each in uid_sets(uids):
            mover.move(each)

    def _sequence(self, commands: list[Command], wanted: tuple[str, ...]) -> list[Answer]:
        # Before the first folder the server hears who we are; 163 refuses to open one otherwise. It travels in
        # front of what is asked, except where much depends on it.
        if self._introduced:
            return self._talk.sequence(commands, wanted)
        self._introduced = True
        if self._needs_id:
            self._talk.ask("id", _ID)
            return self._talk.sequence(commands, wanted)
        return self._talk.sequence([("id", _ID), *commands], wanted)[1:]

    def _opened(self, folder: str, answer: Answer) -> Folder:
        self._talk.require(answer)
        with self._talk.guarded():
            return foldering.opened(folder, answer)

    def _uids(self, answer: Answer, after: int = 0) -> list[int]:
        self._talk.require(answer)
        with self._talk.guarded():
            return searching.uids_of(answer, after=after)

    def _add(self, answer: Answer, pool: Pool) -> None:
        with self._talk.guarded():
            pool.add(answer)
        self._require_but_gone(answer)

    def _require_vanished(self, missing: set[int]) -> None:
        if missing and (kept := self.present(missing)):
            raise self._talk.failures.withheld(sorted(kept))

    def _require_but_gone(self, answer: Answer) -> None:
        if answer.done.status != "NO" or answer.done.code not in _GONE:
            self._talk.require(answer)
