"""One stack per data folder."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from edupulse.embedded.lock import LOCK, holder, is_held, only_stack
from edupulse.errors import Conflict


def test_a_second_stack_on_the_same_folder_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with only_stack(tmp_path), pytest.raises(Conflict, match=rf"process {os.getpid()}"), only_stack(tmp_path):
        pass


def test_after_the_end_there_is_no_lock_left(tmp_path: Path) -> None:
    with only_stack(tmp_path):
        pass

    assert not (tmp_path / LOCK).exists()


def test_stacks_on_two_folders_do_not_disturb_each_other(tmp_path: Path) -> None:
    with only_stack(tmp_path / "one"), only_stack(tmp_path / "other"):
        assert (tmp_path / "one" / LOCK).exists()


def test_the_lock_of_a_killed_stack_is_free(tmp_path: Path) -> None:
    held = multiprocessing.get_context("spawn").Event()
    holder = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path, held))
    holder.start()
    assert held.wait(20)

    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join()

    with only_stack(tmp_path):
        assert (tmp_path / LOCK).read_text().strip() == str(os.getpid())


def test_who_only_looks_at_the_lock_keeps_no_stack_from_starting(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    with (tmp_path / LOCK).open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.05, fcntl.flock, (looking, fcntl.LOCK_UN)).start()

        with only_stack(tmp_path):
            assert holder(tmp_path) == os.getpid()


def test_the_holder_is_known_while_it_holds_and_nobody_else_ever(tmp_path: Path) -> None:
    with only_stack(tmp_path):
        assert (is_held(tmp_path), holder(tmp_path)) == (True, os.getpid())
    (tmp_path / LOCK).write_text("1\n")  # what a killed one leaves behind

    assert (is_held(tmp_path), holder(tmp_path)) == (False, None)


def hold(folder: Path, held: multiprocessing.synchronize.Event) -> None:
    with only_stack(folder):
        held.set()
        signal.pause()
