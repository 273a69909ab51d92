"""The journal of a sending thread: exact after a death of the process, cautious after a power cut."""

from __future__ import annotations

import fcntl
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edupulse.errors import Unavailable
from edupulse.mail import evidence, journal
from edupulse.mail.evidence import Evidence
from edupulse.mail.journal import Journal
from edupulse.mail.outcome import Outcome, Phase, Verdict
from tests.mail.forked import forked

SENT = Outcome(Phase.ACCEPTED, Verdict.SENT, "accepted", 250, "2.0.0", "ok 你好", "sink:25", 1)
LATER = Outcome(Phase.RCPT, Verdict.RECIPIENT_TEMPORARY, "greylist", 450, "4.2.0", "later", "sink:25", 1)


@pytest.fixture
def lines(app: object) -> Journal:
    """A journal where the others of this machine would be."""
    written = journal.own()
    written.begin(f"claim-{secrets.token_hex(4)}")
    return written


def known(lines: Journal) -> Evidence:
    evidence = journal.read(lines.path, lines._token.decode())
    assert evidence is not None
    return evidence


def test_what_was_answered_is_known_and_the_one_without_an_answer_is_in_doubt(lines: Journal) -> None:
    lines.expect([1, 2, 3])

    lines.dot(1)
    lines.answer(1, SENT)
    lines.dot(2)

    assert known(lines).answers == {1: SENT}
    assert known(lines).doubtful == {2}


def test_a_second_claim_writes_over_the_first(lines: Journal) -> None:
    for id in range(50):
        lines.dot(id)

    first = lines._token.decode()
    lines.begin("a-second-claim")
    lines.dot(99)

    assert journal.files([first]) == {}
    assert journal.read(lines.path, first) is None
    assert known(lines).dots == {99}


def test_a_mail_that_is_tried_again_is_in_doubt_only_after_its_new_dot(lines: Journal) -> None:
    lines.dot(1)
    lines.answer(1, LATER)
    lines.again(1)
    assert (known(lines).answers, known(lines).doubtful) == ({}, set())

    lines.dot(1)
    assert known(lines).doubtful == {1}


def test_an_answer_to_an_earlier_dot_does_not_clear_a_later_one(lines: Journal) -> None:
    lines.dot(1)
    lines.answer(1, LATER)
    lines.dot(1)

    assert known(lines).doubtful == {1}
    assert lines.evidence.doubtful == {1}


def test_after_a_power_cut_all_that_was_announced_is_in_doubt(
    lines: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines.expect([1, 2, 3, 4, 5, 6, 7, 8])
    for id in (1, 2, 3):
        lines.dot(id)
        lines.answer(id, SENT)

    announced = known(lines).dots | _after_another_boot(lines, monkeypatch).dots

    assert {1, 2, 3} <= announced
    assert _after_another_boot(lines, monkeypatch).doubtful == announced - {1, 2, 3}


def test_each_dot_of_a_slow_line_is_on_the_disk_before_it_goes(
    lines: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    monkeypatch.setattr(journal, "SYNC_EVERY", 0.0)
    lines.expect([1, 2, 3])

    for id in (1, 2, 3):
        lines.dot(id)

    assert len(synced) == 3


def test_a_fast_line_waits_for_the_disk_a_few_times_only(
    lines: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    monkeypatch.setattr(journal, "SYNC_EVERY", 60.0)
    lines.expect(range(100))

    for id in range(100):
        lines.dot(id)

    assert len(synced) <= 8


def test_a_line_cut_short_is_no_line(lines: Journal) -> None:
    lines.dot(1)
    lines.answer(1, SENT)
    lines.path.write_bytes(lines.path.read_bytes()[: lines._position - 10])

    assert known(lines).doubtful == {1}


def test_a_process_that_is_killed_leaves_its_lines(app: object) -> None:
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(journal._folder())], check=False, capture_output=True, text=True
    )

    assert child.returncode == -9, child.stderr
    path = journal.files(["killed"])["killed"]
    with journal.taken(path) as is_ours:
        evidence = journal.read(path, "killed")
    assert is_ours
    assert evidence is not None
    assert evidence.doubtful == {2}


def test_while_a_thread_writes_nobody_else_has_its_file(lines: Journal) -> None:
    with journal.taken(lines.path) as is_ours:
        assert not is_ours

    lines.leave()

    with journal.taken(lines.path) as is_ours:
        assert is_ours


def test_a_fork_takes_no_part_in_what_its_parent_holds(lines: Journal) -> None:
    with forked(lambda: None) as wait:
        wait()
        lines.leave()

        with journal.taken(lines.path) as is_ours:
            assert is_ours


def test_a_fork_writes_in_a_file_of_its_own(lines: Journal) -> None:
    def write() -> None:
        own = journal.own()
        own.begin("of-the-fork")
        own.dot(7)

    lines.dot(1)
    with forked(write) as wait:
        wait()

        assert journal.files(["of-the-fork"])["of-the-fork"] != lines.path
        assert known(lines).dots == {1}


def test_a_thread_with_an_open_claim_is_given_another_file(lines: Journal) -> None:
    lines.dot(1)

    another = journal.own()
    another.begin("another")
    another.end()

    assert another.path != lines.path
    assert known(lines).doubtful == {1}
    assert journal.own() is another


def test_a_file_that_was_taken_for_left_behind_is_made_anew(
    lines: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, blocked = fcntl.flock, iter([True])

    def late(handle: int, how: int) -> None:
        if next(blocked, False):
            raise BlockingIOError
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)

    another = journal.own()

    with journal.taken(another.path) as is_ours:
        assert not is_ours


def test_a_torn_line_hides_none_of_the_others(lines: Journal) -> None:
    lines.dot(1)
    lines.answer(1, SENT)
    torn = lines.path.read_bytes().replace(b'"verdict"', b'\n"ver')
    lines.path.write_bytes(torn + b"%b dot 2\n%b dot x\n" % (lines._token, lines._token))

    with pytest.raises(StopIteration):
        next(iter(known(lines).answers))
    assert 1 in known(lines).doubtful


def test_a_dot_that_could_not_be_noted_must_not_go_and_is_not_in_doubt(
    lines: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite
    lines.dot(1)
    monkeypatch.setattr(os, "pwrite", lambda file, line, place: pwrite(file, line[:5], place))  # a full disk

    with pytest.raises(Unavailable, match="No space left"):
        lines.dot(2)
    monkeypatch.setattr(os, "pwrite", pwrite)
    lines.dot(3)

    assert lines.evidence.dots == {1, 3}
    assert known(lines).dots == {1, 3}


def test_a_folder_that_cannot_be_written_says_what_to_do(
    app: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sending").write_text("a file where the folder should be")
    monkeypatch.setattr(journal, "_local", threading.local())
    monkeypatch.setattr(journal, "_folder", lambda: tmp_path / "sending")

    with pytest.raises(Unavailable, match="Nothing can be sent") as refused:
        journal.own()

    assert "writable" in refused.value.cure


_CHILD = """
import os, signal, sys
from pathlib import Path
from edupulse.mail.journal import Journal
from edupulse.mail.outcome import Outcome, Phase, Verdict
lines = Journal(Path(sys.argv[1]) / f"host-abc-{os.getpid()}-1")
lines.begin("killed")
lines.expect([1, 2, 3])
lines.dot(1)
lines.answer(1, Outcome(Phase.ACCEPTED, Verdict.SENT, "accepted"))
lines.dot(2)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _after_another_boot(lines: Journal, monkeypatch: pytest.MonkeyPatch) -> Evidence:
    monkeypatch.setattr(evidence, "boot_id", lambda: "another start of the machine")
    return known(lines)
