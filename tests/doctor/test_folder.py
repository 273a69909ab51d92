"""Is the data folder one that can be relied on: what no test can mount."""

from __future__ import annotations

import os
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from edupulse.doctor import folder

Mounted = namedtuple("Mounted", "mountpoint fstype")


@pytest.mark.parametrize(
    ("kind", "state"), [("ext4", "ok"), ("nfs4", "problem"), ("cifs", "problem"), ("tmpfs", "warning")]
)
def test_the_disk_that_counts_is_the_nearest_one_above_the_folder(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, kind: str, state: str
) -> None:
    place = str(folder.current_settings().data_dir.resolve())
    mounted = [Mounted("/", "btrfs"), Mounted(place, kind), Mounted(f"{place}-beside", "ramfs")]
    monkeypatch.setattr(folder.psutil, "disk_partitions", lambda all: mounted)

    (finding,) = folder.disk_kind()

    assert finding.state == state


def test_a_disk_of_its_own_and_files_that_come_and_go_are_no_alarm(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = folder.current_settings().data_dir
    closed, kept_out, fleeting = data / "lost+found", data / "redis", data / "edupulse.db-wal"
    closed.mkdir()
    kept_out.mkdir()
    fleeting.touch()
    below, seen = Path.iterdir, Path.lstat

    def iterdir(path: Path) -> Iterator[Path]:
        if path in (closed, kept_out):
            raise PermissionError(13, "Permission denied", str(path))
        return below(path)

    def lstat(path: Path) -> os.stat_result:
        if path == closed:
            return os.stat_result((0o40700, 0, 0, 0, data.stat().st_uid + 1, 0, 0, 0, 0, 0))
        if path == fleeting:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return seen(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    monkeypatch.setattr(Path, "lstat", lstat)

    (finding,) = folder.owner()

    assert finding.state == "ok"
