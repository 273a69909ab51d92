"""From FETCH answers to messages and what is known of them before they are read (RFC 3501 7.4.2)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import BinaryIO, NamedTuple

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.responses import Untagged, Value
from edupulse.mailboxes.imap.talk import Answer, Command
from edupulse.mailboxes.imap.uids import uid_set

ABOUT = b"UID FETCH %b (UID RFC822.SIZE INTERNALDATE)"
WHOLE = b"UID FETCH %b (UID INTERNALDATE BODY.PEEK[])"  # BODY[], not RFC822: iCloud answers no other

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_DATE = re.compile(r" ?(\d{1,2})-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_MARGIN = 1024 * 1024  # bytes by which a message may be longer than announced, beside being twice as long


class Header(NamedTuple):
    """What the server tells of a message; `size` in bytes, `internal_date` (UTC) None where it is unreadable."""

    uid: int
    size: int
    internal_date: datetime | None


class Fetched(NamedTuple):
    """One message, byte for byte."""

    uid: int
    data: bytes
    internal_date: datetime | None


class Tap:
    """Where a streamed message flows: into a file, counted, and no more of it than was announced."""

    def __init__(self, file: BinaryIO, announced: int) -> None:
        self.size = 0
        self._file = file
        self._most = 2 * announced + _MARGIN

    def write(self, piece: bytes) -> None:
        """Take a piece. Raises LineFault when it is too much."""
        self.size += len(piece)
        if self.size > self._most:
            raise LineFault("garbled", f"a message much longer than announced, {self.size} bytes")
        self._file.write(piece)


class Pool:
    """Messages of the batches under way. A server may begin a later batch before it ends an earlier one."""

    def __init__(self, batches: Iterable[Sequence[int]]) -> None:
        self._batches = batches
        self._under_way: deque[set[int]] = deque()
        self._here: dict[int, Fetched] = {}

    def commands(self) -> Iterator[Command]:
        """Yield the command for each batch that is not empty."""
        for batch in filter(len, self._batches):
            self._under_way.append(set(batch))
            yield "fetch", WHOLE % uid_set(batch)

    def add(self, answer: Answer) -> None:
        """Take what was told until the end of one batch. Raises LineFault."""
        for each in fetched_of(answer):
            if any(each.uid in batch for batch in self._under_way):
                self._here[each.uid] = each

    def missing(self) -> set[int]:
        """Return what the earliest batch asked for and did not bring."""
        return self._under_way[0] - self._here.keys()

    def take(self) -> list[Fetched]:
        """Return the messages of the earliest batch, ascending by UID, and be done with it."""
        return [self._here.pop(uid) for uid in sorted(self._under_way.popleft()) if uid in self._here]


def headers_of(answer: Answer) -> Iterator[Header]:
    """Yield what an answer to ABOUT tells. Raises LineFault."""
    for items in map(_items, answer.told):
        uid, size = _number(items.get("UID")), items.get("RFC822.SIZE")
        if uid and size is not None:
            yield Header(uid, _number(size), moment_of(items.get("INTERNALDATE")))


def fetched_of(answer: Answer) -> Iterator[Fetched]:
    """Yield the messages in an answer to WHOLE; what else was told meanwhile has no body. Raises LineFault."""
    for items in map(_items, answer.told):
        uid = _number(items.get("UID"))
        if uid and "BODY[]" in items:
            yield Fetched(uid, _body(items["BODY[]"]), moment_of(items.get("INTERNALDATE")))


def moment_of(value: Value) -> datetime | None:
    """Return the instant of an INTERNALDATE; None for what is none."""
    found = _DATE.fullmatch(value.decode("latin-1")) if isinstance(value, bytes) else None
    if not found or (month := _MONTHS.find(found[2])) < 0 or month % 3:
        return None
    day, year, hour, minute, second, hours, minutes = map(int, found.group(1, 3, 4, 5, 6, 8, 9))
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if found[7] == "-" else 1)
    try:
        local = datetime(year, month // 3 + 1, day, hour, minute, second, tzinfo=timezone(offset))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _items(told: Untagged) -> dict[str, Value]:
    match told.values():
        case [list(items)] if len(items) % 2 == 0:
            names = (each.upper() if isinstance(each, str) else "" for each in items[::2])
            return dict(zip(names, items[1::2], strict=True))
    raise LineFault("garbled", "an answer to FETCH that has no pairs")


def _number(value: Value) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    if value is None:
        return 0
    raise LineFault("garbled", "no number where one belongs")


def _body(value: Value) -> bytes:
    if value is None:
        return b""  # NIL: there is a message, and nothing in it
    if isinstance(value, bytes):
        return value
    raise LineFault("garbled", "a message that is no string")
