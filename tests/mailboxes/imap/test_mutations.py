"""Whatever bytes a server sends, the client reads them or raises its own error: 2,000 damaged conversations."""

from __future__ import annotations

import random
import socket
from contextlib import closing
from time import monotonic

from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.failures import Failures
from edupulse.mailboxes.imap.session import Session
from edupulse.mailboxes.imap.talk import Talk
from edupulse.mailboxes.imap.wire import Wire
from edupulse.secret import Secret

ACCOUNT = ImapAccount("mail.school.example", 993, "tls", "office", Secret("wordpass"))
CONVERSATION = (
    b"* OK hello\r\nE1 OK told\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 4] next\r\n"
    b"E2 OK [READ-ONLY] done\r\n* SEARCH 1 2 3\r\nE3 OK done\r\n"
    b'* 1 FETCH (UID 1 RFC822.SIZE 5 INTERNALDATE "12-Mar-2026 10:00:00 +0100")\r\n'
    b"* 2 FETCH (UID 2 RFC822.SIZE 5)\r\n* 3 FETCH (UID 3 RFC822.SIZE 5)\r\nE4 OK done\r\n"
    b"* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n* 3 FETCH (UID 3 BODY[] {5}\r\nhello)\r\n"
    b'* 2 FETCH (BODY[] "hello" UID 2)\r\nE5 OK done\r\nE6 OK done\r\n'
)
SIGNS = b'(){}[]"\\\r\n *0123456789NILAE'


def test_a_damaged_conversation_is_read_or_is_a_failure_of_our_own() -> None:
    chance = random.Random(5)
    outcomes = set()

    for _ in range(2000):
        try:
            converse(damaged(chance))
            outcomes.add("read")
        except ImapFailure as failure:
            outcomes.add(failure.cause)

    assert outcomes >= {"read", "garbled", "closed"}
    assert outcomes <= {"read", "garbled", "closed", "refused", "bye", "withheld"}


def test_the_undamaged_conversation_brings_all_three_messages_though_they_came_out_of_turn() -> None:
    assert converse(CONVERSATION) == [(1, b"hello"), (2, b"hello"), (3, b"hello")]


def converse(script: bytes) -> list[tuple[int, bytes]]:
    """Hold a whole session with a server that has said all of `script` beforehand."""
    ours, theirs = socket.socketpair()
    theirs.sendall(script)
    theirs.shutdown(socket.SHUT_WR)
    talk = Talk(Wire(ours, monotonic() + 30), Failures(ACCOUNT), patience=30)
    with closing(theirs), closing(Session(talk, ACCOUNT, frozenset({"ID"}))) as session:
        talk.greeting()
        uids = session.look("INBOX").uids
        session.sizes(uids)
        return [(each.uid, each.data) for batch in session.fetch([[1, 2], [3]]) for each in batch]


def damaged(chance: random.Random) -> bytes:
    """Change, cut out, put in or repeat something in one to three places, or end it early."""
    text = bytearray(CONVERSATION)
    for _ in range(chance.randrange(1, 4)):
        place, other = chance.randrange(8, len(text)), chance.randrange(8, len(text))
        acts = {
            "change": lambda at=place: text.__setitem__(at, chance.randrange(256)),
            "cut": lambda at=place: text.__delitem__(slice(at, at + chance.randrange(1, 12))),
            "add": lambda at=place: text.__setitem__(slice(at, at), bytes(chance.choices(SIGNS, k=4))),
            "repeat": lambda at=place, of=other: text.__setitem__(slice(at, at), text[of : of + 40]),
            "end": lambda at=place: text.__delitem__(slice(max(at, 100), None)),
        }
        acts[chance.choice(list(acts))]()
    return bytes(text)
