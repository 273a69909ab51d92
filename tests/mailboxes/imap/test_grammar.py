"""What travels on the wire: values, dates, folder names, sets of UIDs."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from edupulse.errors import Invalid
from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.fetching import moment_of
from edupulse.mailboxes.imap.names import encoded
from edupulse.mailboxes.imap.responses import Done, done_of, untagged_of, values_of
from edupulse.mailboxes.imap.uids import LONGEST, uid_set, uid_sets


def test_values_keep_strings_atoms_nil_and_lists_apart() -> None:
    header = "BODY[HEADER (A B)]<0>"
    text = b' FLAGS (\\Seen $X) E "NIL" "a\\"b" NIL BODY[HEADER (A B)]<0> "")'

    [values] = values_of([b"(UID 5 BODY[] ", b"nil) (", text])

    expected = [
        "UID",
        "5",
        "BODY[]",
        b"nil) (",
        "FLAGS",
        ["\\Seen", "$X"],
        "E",
        b"NIL",
        b'a"b',
        None,
        header,
        b"",
    ]
    assert values == expected


@pytest.mark.parametrize(
    "text", [b"(", b")", b"())", b'"open', b"(" * 50, b"a {b", b"BODY[ (x)", b"\xff\x00(("]
)
def test_what_is_out_of_balance_is_refused(text: bytes) -> None:
    with pytest.raises(LineFault):
        values_of([text])


def test_random_bytes_are_values_or_a_fault_and_nothing_else() -> None:
    chance = random.Random(7)
    alphabet = b'(){}[]<>"\\ NIL*%\r\0\xff09aBODY'
    outcomes = set()

    for _ in range(20_000):
        text = bytes(chance.choices(alphabet, k=chance.randrange(24)))
        for read in (lambda raw: values_of([raw]), lambda raw: untagged_of([raw]), done_of):
            try:
                read(text)
                outcomes.add("read")
            except LineFault:
                outcomes.add("fault")

    assert outcomes == {"read", "fault"}


@pytest.mark.parametrize(
    ("text", "done"),
    [
        (b"OK done", Done("OK", "", b"", b"done")),
        (b"no [LIMIT] too many", Done("NO", "LIMIT", b"", b"too many")),
        (b"OK [UIDVALIDITY 7]", Done("OK", "UIDVALIDITY", b"7", b"")),
        (b"OK [CAPABILITY IMAP4rev1 ID] hi [you]", Done("OK", "CAPABILITY", b"IMAP4rev1 ID", b"hi [you]")),
        (b"OK", Done("OK", "", b"", b"")),
        (b"NO [broken", Done("NO", "", b"", b"[broken")),
    ],
)
def test_an_ending_is_read_with_its_code(text: bytes, done: Done) -> None:
    assert done_of(text) == done


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b'"INBOX"'),
        ("A&B", b'"A&-B"'),
        ('say "hi" \\', b'"say \\"hi\\" \\\\"'),
        ("Entwürfe", b'"Entw&APw-rfe"'),
        ("台北", b'"&U,BTFw-"'),
        ("~peter/mail/台北/日本語", b'"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),
        ("👋", b'"&2D3cSw-"'),
    ],
)
def test_folder_names_travel_as_modified_utf_7(name: str, wire: bytes) -> None:
    assert encoded(name) == wire


@pytest.mark.parametrize("name", ["", "a\r\nE9 DELETE INBOX", "a\0b", "\ud800"])
def test_a_name_that_could_be_a_command_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        encoded(name)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b"12-Mar-2026 10:00:00 +0100", datetime(2026, 3, 12, 9, tzinfo=UTC)),
        (b" 1-Jan-2026 00:00:00 -0500", datetime(2026, 1, 1, 5, tzinfo=UTC)),
        (b"31-Feb-2026 00:00:00 +0000", None),
        (b"12-Xyz-2026 10:00:00 +0100", None),
        (b"12-anF-2026 10:00:00 +0100", None),
        (b"01-Jan-0001 00:00:00 +1400", None),
        (b"01-Jan-2026 00:00:00 +9999", None),
        (b"", None),
        ("12-Mar-2026", None),
        (None, None),
    ],
)
def test_a_date_is_an_instant_or_unknown(text: bytes | str | None, moment: datetime | None) -> None:
    assert moment_of(text) == moment


def test_neighbours_are_written_as_a_range() -> None:
    assert uid_set([7, 1, 3, 2, 2, 9, 10]) == b"1:3,7,9:10"


def test_long_sets_are_cut_and_together_name_each_uid_once() -> None:
    uids = [4_000_000_000 + 2 * number for number in range(2500)]

    sets = list(uid_sets(uids))

    assert all(len(each) <= LONGEST for each in sets)
    assert [int(uid) for each in sets for uid in each.split(b",")] == uids
